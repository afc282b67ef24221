// Reads the steps of a JSONPath.

import JSON

/// What is left of an expression. Each method takes what it reads, and gives nil when it is none.
struct JSONPathReader {
  typealias Step = JSONPath.Step
  typealias Filter = JSONPath.Filter

  var rest: Substring

  /// Steps up to something that begins none.
  mutating func steps() -> [Step]? {
    var steps: [Step] = []
    while let first = rest.first, first == "." || first == "[" {
      guard let next = first == "[" ? bracket().map({ [$0] }) : member() else { return nil }
      steps += next
    }
    return steps
  }

  private mutating func member() -> [Step]? {
    rest = rest.dropFirst()
    guard rest.first == "." else { return name().map { [$0] } }
    rest = rest.dropFirst()
    if rest.first == "[" { return [.anyDepth] }
    return name().map { [.anyDepth, $0] }
  }

  private mutating func name() -> Step? {
    var key = ""
    var isEscaped = false
    while let character = rest.first, isEscaped || !".[](){} =!<>,".contains(character) {
      rest = rest.dropFirst()
      if character == "\\", !isEscaped {
        isEscaped = true
      } else {
        isEscaped = false
        key.append(character)
      }
    }
    guard !key.isEmpty, !isEscaped else { return nil }
    return key == "*" ? .everything : .key(key)
  }

  private mutating func bracket() -> Step? {
    rest = rest.dropFirst()
    if take("?(") {
      guard let filter = filter(), take(")]") else { return nil }
      return .filter(filter)
    }
    var parts: [Step] = []
    repeat {
      skipSpaces()
      guard let part = part() else { return nil }
      parts.append(part)
      skipSpaces()
    } while take(",")
    guard take("]") else { return nil }
    return parts.count == 1 ? parts[0] : .several(parts)
  }

  private mutating func part() -> Step? {
    if take("*") { return .everything }
    if let text = quoted() { return text.isEmpty ? nil : .key(text) }
    let first = integer()
    guard take(":") else { return first.map { .index($0) } }
    let second = integer()
    var by = 1
    if take(":"), let third = integer() { by = third }
    // Go's implementation knows steps forward only.
    return by > 0 ? .slice(from: first, to: second, by: by) : nil
  }

  // MARK: Filters

  private mutating func filter() -> Filter? {
    skipSpaces()
    guard take("@"), let left = steps() else { return nil }
    skipSpaces()
    let comparison = Filter.Comparison.allCases.first { rest.hasPrefix($0.rawValue) }
    guard let comparison else { return Filter(left: left, test: nil) }
    rest = rest.dropFirst(comparison.rawValue.count)
    skipSpaces()
    guard let right = operand() else { return nil }
    skipSpaces()
    return Filter(left: left, test: .init(comparison: comparison, right: right))
  }

  private mutating func operand() -> Filter.Operand? {
    if take("@") { return steps().map { .path($0) } }
    if let text = quoted() { return .value(.string(text)) }
    let word = rest.prefix { $0 != ")" && $0 != " " }
    rest = rest.dropFirst(word.count)
    guard let value = try? JSONValue.parse(text: String(word)) else { return nil }
    switch value {
    case .bool, .int, .double: return .value(value)
    default: return nil
    }
  }

  // MARK: Small parts

  private mutating func take(_ text: String) -> Bool {
    guard rest.hasPrefix(text) else { return false }
    rest = rest.dropFirst(text.count)
    return true
  }

  private mutating func skipSpaces() { rest = rest.drop { $0 == " " } }

  private mutating func integer() -> Int? {
    let sign = rest.first == "-" ? 1 : 0
    let digits = rest.dropFirst(sign).prefix { $0.isASCII && $0.isNumber }
    guard let number = Int(rest.prefix(sign + digits.count)) else { return nil }
    rest = rest.dropFirst(sign + digits.count)
    return number
  }

  /// A text in single or double quotes, in which a backslash takes the next character as it is.
  private mutating func quoted() -> String? {
    guard let quote = rest.first, quote == "'" || quote == "\"" else { return nil }
    var text = ""
    var isEscaped = false
    var ahead = rest.dropFirst()
    while let character = ahead.popFirst() {
      if isEscaped {
        text.append(character)
        isEscaped = false
      } else if character == "\\" {
        isEscaped = true
      } else if character == quote {
        rest = ahead
        return text
      } else {
        text.append(character)
      }
    }
    return nil
  }
}
