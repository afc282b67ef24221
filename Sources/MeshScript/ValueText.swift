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
    case .float(let float): Notation.text(float)
    case .string(let string): Notation.quoted(string)
    case .duration(let nanoseconds): Notation.text(nanoseconds: nanoseconds)
    case .list(let elements): "[\(elements.map(line).joined(separator: ", "))]"
    case .map(let pairs):
      "{\(pairs.map { "\(Notation.key($0.key)): \(line($0.value))" }.joined(separator: ", "))}"
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
      return broken("{", "}", indentation, pairs.map { ("\(Notation.key($0.key)): ", $0.value) })
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
