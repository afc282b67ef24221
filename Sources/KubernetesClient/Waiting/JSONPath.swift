// Kubernetes' JSONPath, as `kubectl wait --for=jsonpath=…` and `-o jsonpath` read one expression:
// `{.status.phase}`, `.items[0].name`, `{.metadata.labels.a\.b}`, `{.status.conditions[?(@.type=="Ready")].status}`.
//
//   .name  ['name']  ["name"]     a member; a backslash takes the next character as it is
//   .*  [*]                       every element or member
//   [n]  [-1]                     an element, from the end when negative
//   [from:to:step]                elements, like a slice of Python
//   [0,2]  ['a','b']              several of them
//   ..name                        members of that name at any depth
//   [?(@.a.b == 'x')]             elements for which that holds: == != < <= > >=, or that have the member
//
// Reading is strict and evaluation is lenient: what a step does not find is left out.

import JSON

/// A path to fields of an object.
public struct JSONPath: Sendable, Hashable, CustomStringConvertible {
  /// A step on the way.
  enum Step: Sendable, Hashable {
    case key(String)
    /// From the end when negative.
    case index(Int)
    case slice(from: Int?, to: Int?, by: Int)
    case everything
    case anyDepth
    case several([Step])
    case filter(Filter)
  }

  /// What an element must be like.
  struct Filter: Sendable, Hashable {
    enum Comparison: String, Sendable, Hashable, CaseIterable {
      case equal = "=="
      case unequal = "!="
      case atMost = "<="
      case atLeast = ">="
      case less = "<"
      case more = ">"
    }

    enum Operand: Sendable, Hashable {
      case path([Step])
      case value(JSONValue)
    }

    let left: [Step]
    /// Nil asks only whether the element has what the path names.
    let test: Test?

    struct Test: Sendable, Hashable {
      let comparison: Comparison
      let right: Operand
    }
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
    var reader = JSONPathReader(rest: rest)
    guard let steps = reader.steps(), !steps.isEmpty, reader.rest.isEmpty else { return nil }
    self.steps = steps
  }

  /// Everything that the path finds in an object, in order.
  public func values(in object: JSONValue) -> [JSONValue] { Self.values(steps, in: object) }

  /// The field that the path finds; nil when there is none or more than one.
  public func value(in object: JSONValue) -> JSONValue? {
    let found = values(in: object)
    return found.count == 1 ? found[0] : nil
  }

  // MARK: Evaluation

  private static func values(_ steps: [Step], in object: JSONValue) -> [JSONValue] {
    var values = [object]
    for step in steps { values = values.flatMap { Self.values(step, in: $0) } }
    return values
  }

  private static func values(_ step: Step, in value: JSONValue) -> [JSONValue] {
    switch step {
    case .key(let key): return value[key].map { [$0] } ?? []
    case .index(let index):
      guard let elements = value.array else { return [] }
      let position = index < 0 ? elements.count + index : index
      return elements.indices.contains(position) ? [elements[position]] : []
    case .slice(let from, let to, let by): return slice(value.array ?? [], from, to, by)
    case .everything: return children(of: value)
    case .anyDepth: return descendants(of: value)
    case .several(let steps): return steps.flatMap { values($0, in: value) }
    case .filter(let filter): return children(of: value).filter(filter.holds)
    }
  }

  private static func children(of value: JSONValue) -> [JSONValue] {
    value.array ?? value.object?.map(\.1) ?? []
  }

  private static func descendants(of value: JSONValue) -> [JSONValue] {
    [value] + children(of: value).flatMap(descendants)
  }

  private static func slice(
    _ elements: [JSONValue], _ from: Int?, _ to: Int?, _ by: Int
  ) -> [JSONValue] {
    func position(_ index: Int) -> Int {
      min(max(0, index < 0 ? elements.count + index : index), elements.count)
    }
    let start = position(from ?? 0)
    let end = position(to ?? elements.count)
    return stride(from: start, to: end, by: by).map { elements[$0] }
  }

  fileprivate static func find(_ steps: [Step], in value: JSONValue) -> JSONValue? {
    values(steps, in: value).first
  }
}

extension JSONPath.Filter {
  func holds(_ element: JSONValue) -> Bool {
    guard let left = JSONPath.find(left, in: element) else { return false }
    guard let test else { return true }
    let right: JSONValue?
    switch test.right {
    case .value(let value): right = value
    case .path(let path): right = JSONPath.find(path, in: element)
    }
    guard let right else { return false }
    switch test.comparison {
    case .equal: return left == right || Self.order(left, right) == .some(0)
    case .unequal: return !(left == right || Self.order(left, right) == .some(0))
    case .less: return Self.order(left, right).map { $0 < 0 } ?? false
    case .atMost: return Self.order(left, right).map { $0 <= 0 } ?? false
    case .more: return Self.order(left, right).map { $0 > 0 } ?? false
    case .atLeast: return Self.order(left, right).map { $0 >= 0 } ?? false
    }
  }

  /// Less than, equal to or more than zero; nil when the values have no order.
  private static func order(_ left: JSONValue, _ right: JSONValue) -> Int? {
    if let left = left.string, let right = right.string {
      return left == right ? 0 : left < right ? -1 : 1
    }
    if let left = left.int, let right = right.int {
      return left == right ? 0 : left < right ? -1 : 1
    }
    guard let left = number(left), let right = number(right) else { return nil }
    return left == right ? 0 : left < right ? -1 : 1
  }

  private static func number(_ value: JSONValue) -> Double? {
    if case .double(let double) = value { return double }
    return value.int.map(Double.init)
  }
}
