// The expressions of the grammar, by the sort of value that they have.

extension ProgramGenerator {
  /// An expression, in parentheses where these could matter.
  mutating func expression(_ sort: Sort, depth: Int) -> String {
    // Now and then something of the wrong sort: errors are half of the language.
    if choices.once(in: 40) { return expression(.any, depth: depth - 1) }
    guard depth > 0, !choices.isSpent else { return leaf(sort) }
    switch choices.pick(8) {
    case 0, 1: return leaf(sort)
    case 2:
      let condition = expression(.bool, depth: depth - 1)
      let then = expression(sort, depth: depth - 1)
      return "(if \(condition) { \(then) } else { \(expression(sort, depth: depth - 1)) })"
    case 3 where sort == .any: return call(depth: depth)
    case 3: return "(\(expression(sort, depth: depth - 1)) ?? \(leaf(sort)))"
    default: return operation(sort, depth: depth)
    }
  }

  /// A literal, or a name that has such a value.
  private mutating func leaf(_ sort: Sort) -> String {
    let fitting = names.filter { sort == .any || $0.sort == sort }
    guard !fitting.isEmpty, choices.pick(3) > 0 else { return literal(sort) }
    return fitting[choices.pick(min(fitting.count, 256))].text
  }

  mutating func literal(_ sort: Sort) -> String {
    switch sort {
    case .int: choices.one(of: ["0", "1", "2", "7", "-3", "255", "9223372036854775807", "0x10"])
    case .float: choices.one(of: ["0.5", "1.0", "-2.25", "1e300"])
    case .string: choices.one(of: ["\"\"", "\"a\"", "'raw $'", "\"\\u{1F680}é\"", "\"a,b,c\""])
    case .bool: choices.one(of: ["true", "false"])
    case .list: choices.one(of: ["[]", "[1, 2, 3]", "[3, 1, 2]", "[\"x\", null, [1]]"])
    case .map: choices.one(of: ["({})", "({a: 1})", "({a: 1, b: [2], c: {a: 3}})"])
    case .any: choices.one(of: ["null", "1", "\"s\"", "true", "[1]", "({a: 2})", "1h30m", "0..<3"])
    }
  }

  private mutating func operation(_ sort: Sort, depth: Int) -> String {
    let next = depth - 1
    switch sort {
    case .int: return intOperation(next)
    case .float:
      let left = expression(choices.one(of: [.float, .int]), depth: next)
      return "(\(left) \(choices.one(of: ["+", "*", "-", "/"])) \(expression(.float, depth: next)))"
    case .string: return stringOperation(next)
    case .bool: return boolOperation(next)
    case .list: return listOperation(next)
    case .map: return mapOperation(next)
    case .any: return anyOperation(next)
    }
  }

  private mutating func intOperation(_ depth: Int) -> String {
    switch choices.pick(7) {
    case 0, 1:
      let left = expression(.int, depth: depth)
      return "(\(left) \(choices.one(of: ["+", "-", "*"])) \(expression(.int, depth: depth)))"
    case 2:
      let left = expression(.int, depth: depth)
      return "(\(left) \(choices.one(of: ["/", "%"])) \(choices.one(of: ["3", "2", "-1", "0"])))"
    case 3: return "\(expression(.list, depth: depth)).count()"
    case 4: return "\(expression(.string, depth: depth)).count()"
    case 5: return "(-\(expression(.int, depth: depth)))"
    default: return "\(expression(.list, depth: depth)).reduce(0, (acc, x) => acc + 1)"
    }
  }

  private mutating func stringOperation(_ depth: Int) -> String {
    switch choices.pick(6) {
    case 0:
      return "(\(expression(.string, depth: depth)) + \(expression(.string, depth: depth)))"
    case 1, 2: return "\"<${\(expression(.any, depth: depth))}>\""
    case 3:
      let method = choices.one(of: ["upper", "lower", "trim"])
      return "\(expression(.string, depth: depth)).\(method)()"
    case 4: return "str(\(expression(.any, depth: depth)))"
    default: return "\(expression(.list, depth: depth)).join(\"-\")"
    }
  }

  private mutating func boolOperation(_ depth: Int) -> String {
    switch choices.pick(7) {
    case 0:
      let left = expression(.int, depth: depth)
      let op = choices.one(of: ["<", "<=", ">", ">="])
      return "(\(left) \(op) \(expression(.int, depth: depth)))"
    case 1:
      let left = expression(.any, depth: depth)
      return "(\(left) \(choices.one(of: ["==", "!="])) \(expression(.any, depth: depth)))"
    case 2:
      let left = expression(.bool, depth: depth)
      return "(\(left) \(choices.one(of: ["and", "or"])) \(expression(.bool, depth: depth)))"
    case 3: return "(not \(expression(.bool, depth: depth)))"
    case 4:
      let left = expression(.any, depth: depth)
      return "(\(left) \(choices.one(of: ["in", "not in"])) \(expression(.list, depth: depth)))"
    case 5: return "(\"a\" in \(expression(.map, depth: depth)))"
    default:
      let method = choices.one(of: ["any", "all"])
      return "\(expression(.list, depth: depth)).\(method)(x => x == \(literal(.any)))"
    }
  }

  private mutating func listOperation(_ depth: Int) -> String {
    let list = expression(.list, depth: depth)
    switch choices.pick(9) {
    case 0: return "[\(expression(.any, depth: depth)), ...\(list)]"
    case 1: return "(\(list) + \(expression(.list, depth: depth)))"
    case 2: return lambda("\(list).map", .any, depth)
    case 3: return lambda("\(list).filter", .bool, depth)
    case 4:
      let method = choices.one(of: ["reversed", "sorted", "unique", "flatten", "copy", "pairs"])
      return "\(list).\(method)()"
    case 5: return "\(list)[\(choices.pick(3))..<\(choices.pick(4))]"
    case 6: return lambda("\(list).sortedBy", .int, depth)
    case 7: return "\(expression(.map, depth: depth)).\(choices.one(of: ["keys", "values"]))()"
    default: return "\(expression(.string, depth: depth)).split(\",\")"
    }
  }

  /// A call with a function of one parameter, which sees the parameter and what is around.
  private mutating func lambda(_ callee: String, _ sort: Sort, _ depth: Int) -> String {
    let name = fresh("x")
    names.append(Name(text: name, sort: .any))
    let value = expression(sort, depth: depth)
    names.removeLast()
    return choices.pick(2) == 0
      ? "\(callee)(\(name) => \(value))" : "\(callee)(\(name) => { \(value) })"
  }

  private mutating func mapOperation(_ depth: Int) -> String {
    switch choices.pick(5) {
    case 0:
      let map = expression(.map, depth: depth)
      return "({...\(map), d: \(expression(.any, depth: depth))})"
    case 1:
      let key = expression(.string, depth: depth)
      return "({[\(key)]: \(expression(.any, depth: depth)), \"b-c\": 1})"
    case 2: return "\(expression(.map, depth: depth)).merge(\(expression(.map, depth: depth)))"
    case 3:
      let list = expression(.list, depth: depth)
      return lambda("\(list).groupBy", .string, depth)
    default: return "(\(expression(.map, depth: depth)) + \(expression(.map, depth: depth)))"
    }
  }

  private mutating func anyOperation(_ depth: Int) -> String {
    switch choices.pick(10) {
    case 0: return expression(choices.one(of: Sort.allCases), depth: depth)
    case 1: return "\(expression(.list, depth: depth))[\(choices.one(of: ["0", "-1", "1"]))]"
    case 2: return "\(expression(.map, depth: depth))?.\(choices.one(of: ["a", "b"]))"
    case 3: return "\(expression(.map, depth: depth)).get(\"\(choices.one(of: ["a", "z"]))\")"
    case 4: return call(depth: depth)
    case 5:
      let value = expression(.any, depth: depth)
      return "(try { \(value) } catch \(fresh("e")) { \(leaf(.any)) })"
    case 6:
      let value = expression(.int, depth: depth)
      return "(match \(value) { 0 => \(leaf(.any)); 1...9 => \(leaf(.any)); _ => null })"
    case 7: return "\(expression(.list, depth: depth)).\(choices.one(of: ["first", "last"]))()"
    case 8: return "json.parse(json.format(\(expression(.any, depth: depth))))"
    default: return "\(expression(.map, depth: depth))?.b?.first()"
    }
  }

  /// A call of a function of the program: by position, by a spread, by names left to their defaults.
  private mutating func call(depth: Int) -> String {
    guard !functions.isEmpty else { return leaf(.any) }
    let function = functions[choices.pick(min(functions.count, 256))]
    if function.hasRest, choices.pick(3) == 1 {
      return "\(function.name)(...\(expression(.list, depth: depth - 1)))"
    }
    let optional = function.parameters.count - function.required
    let count = function.required + choices.pick(optional + 1)
    var arguments: [String] = []
    for sort in function.parameters.prefix(count) {
      arguments.append(expression(sort, depth: depth - 1))
    }
    if function.hasRest, count == function.parameters.count {
      for _ in 0..<choices.pick(3) { arguments.append(leaf(.any)) }
    }
    return "\(function.name)(\(arguments.joined(separator: ", ")))"
  }
}
