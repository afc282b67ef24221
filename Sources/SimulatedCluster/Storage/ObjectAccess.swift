// Short names for the parts of an API object that the simulated API server reads and writes often.

import JSON

extension JSONValue {
  /// The value at a path of keys; nil when any step is missing.
  func at(_ path: [String]) -> JSONValue? {
    var value = self
    for key in path {
      guard let next = value[key] else { return nil }
      value = next
    }
    return value
  }

  /// Sets or removes the value at a path; missing objects on the way are made, but not for a removal.
  mutating func set(_ value: JSONValue?, at path: [String]) {
    set(value, at: path[...])
  }

  private mutating func set(_ value: JSONValue?, at path: ArraySlice<String>) {
    guard let key = path.first else { return }
    guard path.count > 1 else {
      if value == nil, object == nil { return }
      self[key] = value
      return
    }
    guard var child = self[key] ?? (value == nil ? nil : .object([:])) else { return }
    child.set(value, at: path.dropFirst())
    self[key] = child
  }

  /// Reads one member of `metadata` as text; empty when missing.
  func meta(_ key: String) -> String { self["metadata"]?[key]?.string ?? "" }

  /// Sets or removes one member of `metadata`.
  mutating func setMeta(_ key: String, _ value: JSONValue?) { set(value, at: ["metadata", key]) }

  /// `metadata.name`.
  var name: String { meta("name") }
  /// `metadata.namespace`, empty for an object of the cluster.
  var namespace: String { meta("namespace") }
  /// `metadata.uid`.
  var uid: String { meta("uid") }
  /// `metadata.resourceVersion`.
  var resourceVersion: String { meta("resourceVersion") }
  /// `metadata.labels` as pairs of texts.
  var labels: [String: String] { texts(["metadata", "labels"]) }
  /// `metadata.annotations` as pairs of texts.
  var annotations: [String: String] { texts(["metadata", "annotations"]) }
  /// True once deletion has been asked for.
  var isBeingDeleted: Bool { at(["metadata", "deletionTimestamp"])?.string != nil }
  /// `metadata.finalizers`.
  var finalizers: [String] {
    (at(["metadata", "finalizers"])?.array ?? []).compactMap(\.string)
  }
  /// Where the object is stored.
  var key: ObjectKey { ObjectKey(namespace: namespace, name: name) }

  /// The members of the object at a path whose values are texts.
  func texts(_ path: [String]) -> [String: String] {
    var result: [String: String] = [:]
    for (key, value) in at(path)?.object ?? JSONObject() {
      if let text = value.string { result[key] = text }
    }
    return result
  }

  /// Null, an empty list or an empty object.
  var isEmptyOrNull: Bool {
    switch self {
    case .null: true
    case .array(let elements): elements.isEmpty
    case .object(let object): object.isEmpty
    default: false
    }
  }
}

/// Namespace and name of an object inside its resource; ordered as lists are.
struct ObjectKey: Hashable, Comparable, Sendable {
  var namespace: String
  var name: String

  static func < (left: ObjectKey, right: ObjectKey) -> Bool {
    left.namespace == right.namespace
      ? left.name.utf8.lexicographicallyPrecedes(right.name.utf8)
      : left.namespace.utf8.lexicographicallyPrecedes(right.namespace.utf8)
  }
}
