// A script's value as text for people: on one line where it fits, else with one element a line.

import Interpreter
import JSON

/// Lays values out the way `print` writes them inside lists: strings quoted, keys bare where they can be.
public struct ValueText: Sendable {
  /// Columns that a line should keep to.
  public var width: Int

  /// Makes a layout for lines of at most `width` columns where values can be broken.
  public init(width: Int = 80) { self.width = width }

  /// The text of a value, without a line break at its end.
  public func text(of value: ScriptValue) -> String {
    layOut(value, indentation: 0, room: width)
  }

  /// The text on one line, however long.
  public static func line(_ value: ScriptValue) -> String {
    switch value {
    case .null: "null"
    case .bool(let bool): bool ? "true" : "false"
    case .int(let int): String(int)
    case .float(let float): floatText(float)
    case .string(let string): quoted(string)
    case .duration(let nanoseconds): durationText(nanoseconds)
    case .list(let elements): "[\(elements.map(line).joined(separator: ", "))]"
    case .map(let pairs):
      "{\(pairs.map { "\(keyText($0.key)): \(line($0.value))" }.joined(separator: ", "))}"
    case .range(let low, let high, let isClosed): "\(low)\(isClosed ? "..." : "..<")\(high)"
    case .link(let pairs):
      pairs.map { "\(line($0.from)) -> \(line($0.to))" }.joined(separator: ", ")
    case .error(let error): "\(error.kind): \(error.message)"
    case .host(let object): object.description
    case .function(let name): name.isEmpty ? "fn" : "fn \(name)"
    case .json(let json): line(ScriptValue(json))
    }
  }

  private func layOut(_ value: ScriptValue, indentation: Int, room: Int) -> String {
    let short = Self.line(value)
    guard short.unicodeScalars.count > room else { return short }
    switch value {
    case .list(let elements) where !elements.isEmpty:
      return broken("[", "]", indentation, elements.map { ("", $0) })
    case .map(let pairs) where !pairs.isEmpty:
      return broken("{", "}", indentation, pairs.map { ("\(Self.keyText($0.key)): ", $0.value) })
    case .json(let json): return layOut(ScriptValue(json), indentation: indentation, room: room)
    default: return short
    }
  }

  private func broken(
    _ open: String, _ close: String, _ indentation: Int, _ parts: [(head: String, ScriptValue)]
  ) -> String {
    let inner = indentation + 2
    let margin = String(repeating: " ", count: inner)
    let lines = parts.map { head, value in
      // The comma after the value needs a column as well.
      let room = width - inner - head.unicodeScalars.count - 1
      return margin + head + layOut(value, indentation: inner, room: room)
    }
    let last = String(repeating: " ", count: indentation) + close
    return "\(open)\n\(lines.joined(separator: ",\n"))\n\(last)"
  }
}

extension ValueText {
  /// The shortest digits that give the number back, always recognisable as a float.
  static func floatText(_ value: Double) -> String {
    if value.isNaN { return "nan" }
    if value.isInfinite { return value < 0 ? "-inf" : "inf" }
    return value.description
  }

  /// `1h30m`, `250ms`, `0s`.
  static func durationText(_ nanoseconds: Int64) -> String {
    let units: [(name: String, size: UInt64)] = [
      ("d", 86_400_000_000_000), ("h", 3_600_000_000_000), ("m", 60_000_000_000),
      ("s", 1_000_000_000), ("ms", 1_000_000), ("us", 1000), ("ns", 1),
    ]
    var rest = nanoseconds.magnitude
    var text = nanoseconds < 0 ? "-" : ""
    for unit in units where rest >= unit.size {
      text += "\(rest / unit.size)\(unit.name)"
      rest %= unit.size
    }
    return text.isEmpty ? "0s" : text
  }

  /// A key as it may stand in a map literal.
  static func keyText(_ key: String) -> String {
    var scalars = key.unicodeScalars[...]
    guard let first = scalars.popFirst(), first == "_" || first.properties.isAlphabetic else {
      return quoted(key)
    }
    let isName = scalars.allSatisfy {
      $0 == "_" || $0.properties.isAlphabetic || $0.properties.numericType != nil
    }
    return isName ? key : quoted(key)
  }

  /// A string as a literal that gives it back.
  static func quoted(_ text: String) -> String {
    var result = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": result += "\\\""
      case "\\": result += "\\\\"
      case "\n": result += "\\n"
      case "\t": result += "\\t"
      case "\r": result += "\\r"
      case "\0": result += "\\0"
      case "$": result += "\\$"
      case let other where other.value < 0x20 || other.value == 0x7F:
        result += "\\u{\(String(other.value, radix: 16, uppercase: true))}"
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result + "\""
  }
}

extension ScriptValue {
  /// The value that plain data from the API is to a script.
  init(_ json: JSONValue) {
    switch json {
    case .null: self = .null
    case .bool(let bool): self = .bool(bool)
    case .int(let int): self = .int(int)
    case .double(let double): self = .float(double)
    case .string(let string): self = .string(string)
    case .array(let elements): self = .list(elements.map { ScriptValue($0) })
    case .object(let object): self = .map(object.map { ($0, ScriptValue($1)) })
    }
  }
}
