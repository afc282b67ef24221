// The part of Kubernetes' JSONPath that names one field: `{.status.phase}`, `.items[0].name`,
// `{.metadata.annotations['a.b/c']}`, `{.metadata.labels.a\.b}`. Filters, slices and `..` are not in it.

import JSON

/// A path to one field of an object.
public struct JSONPath: Sendable, Hashable, CustomStringConvertible {
  /// A step on the way.
  enum Step: Sendable, Hashable {
    case key(String)
    /// From the end when negative.
    case index(Int)
  }

  let steps: [Step]
  /// As it was written.
  public let description: String

  /// Reads a path, with or without the braces and the first dot; nil when it is none.
  public init?(_ text: String) {
    description = text
    var rest = text[...]
    if rest.first == "{" {
      guard rest.last == "}" else { return nil }
      rest = rest.dropFirst().dropLast()
    }
    if rest.first == "$" { rest = rest.dropFirst() }
    if let first = rest.first, first != ".", first != "[" { rest = "." + rest }
    var steps: [Step] = []
    while let first = rest.first {
      guard let step = first == "[" ? JSONPath.bracket(&rest) : JSONPath.name(&rest) else {
        return nil
      }
      steps.append(step)
    }
    guard !steps.isEmpty else { return nil }
    self.steps = steps
  }

  /// The field of an object; nil when it has none.
  public func value(in object: JSONValue) -> JSONValue? {
    var value = object
    for step in steps {
      switch step {
      case .key(let key):
        guard let next = value[key] else { return nil }
        value = next
      case .index(let index):
        guard let elements = value.array else { return nil }
        let position = index < 0 ? elements.count + index : index
        guard elements.indices.contains(position) else { return nil }
        value = elements[position]
      }
    }
    return value
  }

  private static func name(_ rest: inout Substring) -> Step? {
    guard rest.first == "." else { return nil }
    rest = rest.dropFirst()
    var key = ""
    while let character = rest.first, character != ".", character != "[" {
      rest = rest.dropFirst()
      guard character == "\\" else {
        key.append(character)
        continue
      }
      guard let escaped = rest.first else { return nil }
      key.append(escaped)
      rest = rest.dropFirst()
    }
    return key.isEmpty || key == "*" ? nil : .key(key)
  }

  private static func bracket(_ rest: inout Substring) -> Step? {
    rest = rest.dropFirst()
    if let quote = rest.first, quote == "'" || quote == "\"" {
      rest = rest.dropFirst()
      guard let end = rest.firstIndex(of: quote) else { return nil }
      let key = String(rest[..<end])
      rest = rest[rest.index(after: end)...]
      guard rest.first == "]", !key.isEmpty else { return nil }
      rest = rest.dropFirst()
      return .key(key)
    }
    guard let end = rest.firstIndex(of: "]"), let index = Int(rest[..<end]) else { return nil }
    rest = rest[rest.index(after: end)...]
    return .index(index)
  }
}
