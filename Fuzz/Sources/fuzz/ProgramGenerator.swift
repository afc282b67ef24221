// A grammar that makes a program of any bytes: one that compiles, and whose types mostly fit, so that
// runs get far. Statements are here, expressions in GeneratorExpressions.swift.
//
// Every name is new, so that nothing is declared twice; a name is known with the sort of its value and
// whether it may be assigned to.

/// What sort of value a name or an expression has.
enum Sort: CaseIterable {
  case int, float, string, bool, list, map, any
}

/// Writes one program.
struct ProgramGenerator {
  struct Name {
    var text: String
    var sort: Sort
    var isVariable = false
  }

  struct Function {
    var name: String
    var parameters: [Sort]
    /// How many of the parameters must be given.
    var required: Int
    var hasRest = false
  }

  /// Where statements stand: decides what they may be.
  struct Place {
    var isInLoop = false
    var isInFunction = false
    /// `parallel`, `defer` and `finally` bodies: no `return`, no outer `break`.
    var isBanned = false
  }

  var choices: Choices
  var names: [Name] = []
  var functions: [Function] = []
  var place = Place()
  private var lines: [String] = []
  private var counter = 0
  /// Statements that may still be written.
  private var budget = 60

  static func program(_ bytes: [UInt8]) -> String {
    var generator = ProgramGenerator(choices: Choices(bytes))
    repeat {
      generator.statement(depth: 3)
    } while !generator.choices.isSpent
      && generator.budget > 0
    for name in generator.names { generator.write("print \(name.text)") }
    return generator.lines.joined(separator: "\n") + "\n"
  }

  init(choices: Choices) { self.choices = choices }

  mutating func write(_ line: String) { lines.append(line) }

  /// A new name; nothing else has it.
  mutating func fresh(_ letter: String = "v") -> String {
    counter += 1
    return "\(letter)\(counter)"
  }

  /// Writes statements between braces that `head` opens; what they declare is forgotten afterwards.
  private mutating func block(
    _ head: String, depth: Int, end: String = "}", _ declared: [Name] = []
  ) {
    let before = (names, functions)
    names += declared
    write(head)
    for _ in 0...choices.pick(3) { statement(depth: depth - 1) }
    (names, functions) = before
    write(end)
  }

  /// Like `block`, for a body that is a function of its own.
  private mutating func body(
    _ head: String, depth: Int, end: String = "}", _ inner: Place, _ declared: [Name] = []
  ) {
    let outer = place
    place = inner
    block(head, depth: depth, end: end, declared)
    place = outer
  }

  // MARK: Statements

  mutating func statement(depth: Int) {
    budget -= 1
    guard budget > 0, depth > 0 else { return write("print \(expression(.any, depth: 1))") }
    switch choices.pick(20) {
    case 0: write("print \(expression(choices.one(of: Sort.allCases), depth: depth))")
    case 1, 2: declaration(depth: depth)
    case 3, 4: assignment(depth: depth)
    case 5: conditional(depth: depth)
    case 6: whileLoop(depth: depth)
    case 7, 8: forLoop(depth: depth)
    case 9: match(depth: depth)
    case 10, 11: attempt(depth: depth)
    case 12: body("defer {", depth: depth, Place(isBanned: true))
    case 13, 14: function(depth: depth)
    case 15: parallel(depth: depth)
    case 16: leave(depth: depth)
    case 17: destructuring(depth: depth)
    case 18: mutation(depth: depth)
    default: write("throw \(expression(choices.one(of: [.string, .map]), depth: depth))")
    }
  }

  private mutating func declaration(depth: Int) {
    let sort = choices.one(of: Sort.allCases)
    let value = expression(sort, depth: depth)
    let isVariable = choices.pick(3) > 0
    let name = fresh()
    write("\(isVariable ? "var" : "let") \(name) = \(value)")
    names.append(Name(text: name, sort: sort, isVariable: isVariable))
  }

  private mutating func assignment(depth: Int) {
    let variables = names.filter(\.isVariable)
    guard !variables.isEmpty else { return declaration(depth: depth) }
    let target = variables[choices.pick(min(variables.count, 256))]
    var op = "="
    if choices.pick(2) == 1 {
      switch target.sort {
      case .int, .float: op = choices.one(of: ["+=", "-=", "*="])
      case .string, .list, .map: op = "+="
      case .bool, .any: break
      }
    }
    write("\(target.text) \(op) \(expression(target.sort, depth: depth))")
  }

  private mutating func conditional(depth: Int) {
    let condition = expression(.bool, depth: depth)
    let hasElse = choices.pick(2) == 1
    block("if \(condition) {", depth: depth, end: hasElse ? "} else {" : "}")
    if hasElse { block("", depth: depth) }
  }

  private mutating func whileLoop(depth: Int) {
    let counter = fresh("n")
    write("var \(counter) = 0")
    let wasInLoop = place.isInLoop
    place.isInLoop = true
    block("while \(counter) < \(choices.pick(6)) {\n\(counter) += 1", depth: depth)
    place.isInLoop = wasInLoop
  }

  private mutating func forLoop(depth: Int) {
    let wasInLoop = place.isInLoop
    place.isInLoop = true
    let first = fresh("i")
    let second = fresh("x")
    switch choices.pick(5) {
    case 0:
      block(
        "for \(first) in 0..<\(choices.pick(5)) {", depth: depth, [Name(text: first, sort: .int)])
    case 1:
      block(
        "for \(first) in \(expression(.list, depth: depth)) {", depth: depth,
        [Name(text: first, sort: .any)])
    case 2:
      block(
        "for \(first), \(second) in \(expression(.list, depth: depth)) {", depth: depth,
        [Name(text: first, sort: .int), Name(text: second, sort: .any)])
    case 3:
      block(
        "for \(first), \(second) in \(expression(.map, depth: depth)) {", depth: depth,
        [Name(text: first, sort: .string), Name(text: second, sort: .any)])
    default:
      block(
        "for \(first) in \(expression(.string, depth: depth)) {", depth: depth,
        [Name(text: first, sort: .string)])
    }
    place.isInLoop = wasInLoop
  }

  private mutating func match(depth: Int) {
    let sort = choices.one(of: Sort.allCases)
    write("match \(expression(sort, depth: depth)) {")
    for _ in 0...choices.pick(3) {
      let (pattern, declared) = pattern(depth: 2)
      let guardText = choices.pick(3) == 1 ? " if \(expression(.bool, depth: 1))" : ""
      block("\(pattern)\(guardText) => {", depth: depth, declared)
    }
    write("_ => { null }\n}")
  }

  private mutating func attempt(depth: Int) {
    let name = fresh("e")
    block("try {", depth: depth, end: "} catch \(name) {")
    let hasFinally = choices.pick(3) == 1
    write("print \(name).kind")
    block(
      "", depth: depth, end: hasFinally ? "} finally {" : "}", [Name(text: name, sort: .any)])
    if hasFinally { body("", depth: depth, Place(isBanned: true)) }
  }

  private mutating func function(depth: Int) {
    let name = fresh("f")
    var signature = Function(name: name, parameters: [], required: 0)
    var declared: [Name] = []
    var texts: [String] = []
    for _ in 0..<choices.pick(4) {
      let parameter = Name(
        text: fresh("p"), sort: choices.one(of: Sort.allCases), isVariable: true)
      if choices.pick(3) == 1 {
        texts.append("\(parameter.text) = \(expression(parameter.sort, depth: 1))")
      } else if signature.required == signature.parameters.count {
        texts.append(parameter.text)
        signature.required += 1
      } else {
        continue
      }
      signature.parameters.append(parameter.sort)
      declared.append(parameter)
    }
    if choices.pick(4) == 1 {
      let rest = fresh("r")
      texts.append("...\(rest)")
      declared.append(Name(text: rest, sort: .list, isVariable: true))
      signature.hasRest = true
    }
    let head = "fn \(name)(\(texts.joined(separator: ", "))) {"
    body(head, depth: depth, Place(isInFunction: true), declared)
    functions.append(signature)
  }

  private mutating func parallel(depth: Int) {
    let name = fresh("i")
    let limit = choices.one(of: ["", "(1)", "(3)"])
    let inner = Place(isBanned: true)
    guard choices.pick(3) > 0 else {
      // Every statement of it is a function of its own, which sees no names of the others.
      write("parallel\(limit) {")
      for _ in 0...choices.pick(3) { body("if true {", depth: depth, inner) }
      return write("}")
    }
    let target = choices.pick(2) == 1 ? fresh() : nil
    let head = target.map { "let \($0) = " } ?? ""
    body(
      "\(head)parallel\(limit) for \(name) in \(expression(.list, depth: depth)) {", depth: depth,
      inner, [Name(text: name, sort: .any)])
    if let target { names.append(Name(text: target, sort: .list)) }
  }

  private mutating func leave(depth: Int) {
    if place.isInLoop, choices.pick(3) > 0 {
      return write(choices.one(of: ["break", "continue"]))
    }
    guard place.isInFunction, !place.isBanned else { return declaration(depth: depth) }
    write("return \(expression(.any, depth: depth))")
  }

  private mutating func destructuring(depth: Int) {
    let (pattern, declared) = pattern(depth: 2, comparing: false)
    let isList = choices.pick(2) == 0
    // What does not fit is an error, and its names are not to be had after it.
    write("try {")
    let shape = isList ? "[\(pattern)]" : "{a: \(pattern)}"
    write("let \(shape) = \(expression(isList ? .list : .map, depth: depth))")
    for name in declared { write("print \(name.text)") }
    write("} catch \(fresh("e")) { print \"no fit\" }")
  }

  private mutating func mutation(depth: Int) {
    let targets = names.filter { $0.sort == .list || $0.sort == .map }
    guard !targets.isEmpty else { return declaration(depth: depth) }
    let target = targets[choices.pick(min(targets.count, 256))]
    let value = expression(.any, depth: depth)
    if target.sort == .list {
      let index = choices.pick(3)
      write(
        choices.one(of: [
          "\(target.text).append(\(value))", "\(target.text)[\(index)] = \(value)",
          "\(target.text).insert(0, \(value))", "\(target.text)[-1] += \(value)",
          "\(target.text).removeAt(\(index))",
        ]))
    } else {
      let key = choices.one(of: ["a", "b", "c"])
      write(
        choices.one(of: [
          "\(target.text).\(key) = \(value)", "\(target.text)[\"\(key)\"] = \(value)",
          "\(target.text).\(key) += \(value)", "\(target.text).remove(\"\(key)\")",
        ]))
    }
  }

  // MARK: Patterns

  /// A pattern and the names it declares. Values to compare with stand in `match` only.
  private mutating func pattern(depth: Int, comparing: Bool = true) -> (String, [Name]) {
    let choice = choices.pick(depth > 0 ? 8 : 4)
    switch choice == 1 || choice == 3 ? (comparing ? choice : 2) : choice {
    case 0: return ("_", [])
    case 1: return (literal(choices.one(of: [.int, .string, .bool])), [])
    case 2:
      let name = fresh("m")
      return (name, [Name(text: name, sort: .any)])
    case 3: return ("\(choices.pick(4))...\(choices.pick(9) + 4)", [])
    case 4, 5:
      var parts: [String] = []
      var declared: [Name] = []
      for _ in 0..<choices.pick(3) {
        let (part, found) = pattern(depth: depth - 1, comparing: comparing)
        parts.append(part)
        declared += found
      }
      if choices.pick(2) == 1 {
        let rest = fresh("m")
        parts.append("...\(rest)")
        declared.append(Name(text: rest, sort: .list))
      }
      return ("[\(parts.joined(separator: ", "))]", declared)
    default:
      let (part, declared) = pattern(depth: depth - 1, comparing: comparing)
      return ("{\(choices.one(of: ["a", "b", "kind"])): \(part)}", declared)
    }
  }
}
