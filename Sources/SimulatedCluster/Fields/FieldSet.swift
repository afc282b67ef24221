// A set of field paths: what a manager owns, and its form in `managedFields` (`fieldsV1`).

import JSON

/// One step from an object to a field of it.
enum PathElement: Hashable, Comparable, Sendable {
  /// A member of an object or map.
  case field(String)
  /// The element of a list whose key fields have these values; compact JSON with sorted keys.
  case key(String)
  /// The element of a set with this value, as JSON.
  case value(String)

  /// `f:spec`, `k:{"name":"x"}` or `v:"x"`.
  var encoded: String {
    switch self {
    case .field(let name): "f:\(name)"
    case .key(let key): "k:\(key)"
    case .value(let value): "v:\(value)"
    }
  }

  init?(encoded: String) {
    let rest = String(encoded.dropFirst(2))
    switch encoded.prefix(2) {
    case "f:": self = .field(rest)
    // Keys are written again, so that the order of their members does not matter.
    case "k:":
      guard let key = try? JSONValue.parse(text: rest) else { return nil }
      self = .key(key.text(sortedKeys: true))
    case "v:":
      guard let value = try? JSONValue.parse(text: rest) else { return nil }
      self = .value(value.text(sortedKeys: true))
    default: return nil
    }
  }

  /// `.spec`, `[name="x"]` or `[="x"]`, as messages write it.
  var text: String {
    switch self {
    case .field(let name): return ".\(name)"
    case .value(let value): return "[=\(value)]"
    case .key(let key):
      let pairs = (try? JSONValue.parse(text: key))?.object ?? JSONObject()
      return "[" + pairs.map { "\($0)=\($1.text())" }.joined(separator: ",") + "]"
    }
  }

  static func < (left: PathElement, right: PathElement) -> Bool { left.encoded < right.encoded }
}

/// A set of paths as a tree: what is owned here, and what is owned below.
struct FieldSet: Equatable, Sendable {
  private(set) var members: Set<PathElement> = []
  private(set) var children: [PathElement: FieldSet] = [:]

  var isEmpty: Bool { members.isEmpty && children.isEmpty }

  /// All elements that are owned or lead to something owned.
  private var elements: Set<PathElement> { members.union(children.keys) }

  func contains(_ element: PathElement) -> Bool { members.contains(element) }

  /// What is owned below an element.
  func below(_ element: PathElement) -> FieldSet { children[element] ?? FieldSet() }

  mutating func insert(_ element: PathElement) { members.insert(element) }

  /// Gives an element up but not what is owned below it.
  mutating func unmark(_ element: PathElement) { members.remove(element) }

  /// Sets what is owned below an element; an empty set removes the branch.
  mutating func setBelow(_ element: PathElement, _ set: FieldSet) {
    children[element] = set.isEmpty ? nil : set
  }

  mutating func insert(_ path: [PathElement]) {
    guard let first = path.first else { return }
    guard path.count > 1 else { return insert(first) }
    children[first, default: FieldSet()].insert(Array(path.dropFirst()))
  }

  mutating func remove(_ path: [PathElement]) {
    guard let first = path.first else { return }
    guard path.count > 1 else {
      members.remove(first)
      children[first] = nil
      return
    }
    var child = below(first)
    child.remove(Array(path.dropFirst()))
    setBelow(first, child)
  }

  func union(_ other: FieldSet) -> FieldSet {
    var result = self
    result.members.formUnion(other.members)
    result.children.merge(other.children) { $0.union($1) }
    return result
  }

  func subtracting(_ other: FieldSet) -> FieldSet {
    var result = FieldSet()
    result.members = members.subtracting(other.members)
    for (element, child) in children {
      result.setBelow(element, child.subtracting(other.below(element)))
    }
    return result
  }

  func intersection(_ other: FieldSet) -> FieldSet {
    var result = FieldSet()
    result.members = members.intersection(other.members)
    for (element, child) in children {
      result.setBelow(element, child.intersection(other.below(element)))
    }
    return result
  }

  /// The set with every named field that leads to an owned one. An applier that gives up the last
  /// field below `strategy` has thereby given up `strategy` itself.
  func withNamedFields(_ shape: Shape) -> FieldSet {
    var result = self
    for (element, child) in children {
      var below: Shape = .any
      switch (element, shape.resolved) {
      case (.field(let name), let resolved):
        below = resolved.member(name)
        if resolved.names(name) { result.members.insert(element) }
      case (_, .list(let inner, _)): below = inner
      default: break
      }
      result.children[element] = child.withNamedFields(below)
    }
    return result
  }

  /// All paths, in order.
  var paths: [[PathElement]] {
    elements.sorted().flatMap { element in
      (members.contains(element) ? [[element]] : [])
        + below(element).paths.map { [element] + $0 }
    }
  }

  // MARK: - fieldsV1

  /// The form that `managedFields` has.
  var fieldsV1: JSONValue {
    var result = JSONObject()
    for element in elements.sorted() {
      guard let child = children[element] else {
        result.append(element.encoded, [:])
        continue
      }
      var inner = JSONObject()
      if members.contains(element) { inner.append(".", [:]) }
      for (key, value) in child.fieldsV1.object ?? JSONObject() { inner.append(key, value) }
      result.append(element.encoded, .object(inner))
    }
    return .object(result)
  }

  init() {}

  init(fieldsV1: JSONValue) {
    for (key, value) in fieldsV1.object ?? JSONObject() {
      guard let element = PathElement(encoded: key) else { continue }
      let inner = value.object ?? JSONObject()
      if inner.isEmpty || inner["."] != nil { members.insert(element) }
      setBelow(element, FieldSet(fieldsV1: value))
    }
  }
}

/// A path as messages write it: `.spec.containers[name="x"].image`.
func pathText(_ path: [PathElement]) -> String { path.map(\.text).joined() }
