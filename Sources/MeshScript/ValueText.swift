// A script's value as text for people: on one line where it fits, else with one element a line.

import Interpreter

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
  public static func line(_ value: ScriptValue) -> String { value.literal }

  private func layOut(_ value: ScriptValue, indentation: Int, room: Int) -> String {
    let short = Self.line(value)
    guard short.unicodeScalars.count > room else { return short }
    switch value {
    case .list(let elements) where !elements.isEmpty:
      return broken("[", "]", indentation, elements.map { ("", $0) })
    case .map(let pairs) where !pairs.isEmpty:
      return broken("{", "}", indentation, pairs.map { ("\(Notation.key($0.key)): ", $0.value) })
    case .json: return layOut(value.unwrapped, indentation: indentation, room: room)
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
