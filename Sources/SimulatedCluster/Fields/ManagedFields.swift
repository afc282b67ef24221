// Who owns which field of an object: the entries of `metadata.managedFields`, for writes of every kind.

import JSON

/// The managers of one object.
struct ManagedFields: Equatable {
  /// What makes a manager: the same name with another operation or subresource is another manager.
  struct Manager: Hashable {
    var name: String
    var isApply: Bool
    /// The version of an apply entry is not part of who it is.
    var apiVersion: String
    var subresource: String

    /// As conflicts name it.
    var text: String {
      var text = quoted(name)
      if !subresource.isEmpty { text += " with subresource \(quoted(subresource))" }
      return isApply ? text : text + " using \(apiVersion)"
    }
  }

  struct Entry: Equatable {
    var manager: Manager
    var apiVersion: String
    var time: String
    var fields: FieldSet
  }

  var entries: [Entry] = []

  init() {}

  init(_ object: JSONValue) {
    for entry in object.at(["metadata", "managedFields"])?.array ?? [] {
      let fields = FieldSet(fieldsV1: entry["fieldsV1"] ?? [:])
      guard !fields.isEmpty else { continue }
      let version = entry["apiVersion"]?.string ?? ""
      let isApply = entry["operation"]?.string == "Apply"
      entries.append(
        Entry(
          manager: Manager(
            name: entry["manager"]?.string ?? "", isApply: isApply,
            apiVersion: isApply ? "" : version, subresource: entry["subresource"]?.string ?? ""),
          apiVersion: version, time: entry["time"]?.string ?? "", fields: fields))
    }
  }

  /// The entries as they are stored: appliers first, then by time and name.
  var json: JSONValue {
    let sorted = entries.sorted { left, right in
      if left.manager.isApply != right.manager.isApply { return left.manager.isApply }
      return (left.time, left.manager.name) < (right.time, right.manager.name)
    }
    return .array(
      sorted.map { entry in
        var json: JSONValue = [
          "manager": .string(entry.manager.name),
          "operation": entry.manager.isApply ? "Apply" : "Update",
          "apiVersion": .string(entry.apiVersion), "time": .string(entry.time),
          "fieldsType": "FieldsV1", "fieldsV1": entry.fields.fieldsV1,
        ]
        if !entry.manager.subresource.isEmpty {
          json["subresource"] = .string(entry.manager.subresource)
        }
        return json
      })
  }

  func fields(of manager: Manager) -> FieldSet? {
    entries.first { $0.manager == manager }?.fields
  }

  /// What everyone owns together.
  var all: FieldSet { entries.reduce(FieldSet()) { $0.union($1.fields) } }

  /// Brings the sets up to date with the shape of the object that they are about.
  mutating func reconcile(with object: JSONValue, _ shape: Shape) {
    let value = TypedValue(value: Self.tracked(object), shape: shape)
    for index in entries.indices {
      entries[index].fields = value.reconciled(entries[index].fields)
    }
  }

  /// Replaces what a manager owns; the time moves only if that differs.
  mutating func set(_ fields: FieldSet, for manager: Manager, apiVersion: String, time: String) {
    guard let index = entries.firstIndex(where: { $0.manager == manager }) else {
      if !fields.isEmpty {
        entries.append(Entry(manager: manager, apiVersion: apiVersion, time: time, fields: fields))
      }
      return
    }
    if fields.isEmpty {
      entries.remove(at: index)
      return
    }
    if entries[index].fields != fields || entries[index].apiVersion != apiVersion {
      entries[index].fields = fields
      entries[index].apiVersion = apiVersion
      entries[index].time = time
    }
  }

  /// Takes fields away from everyone but one manager.
  mutating func take(_ fields: FieldSet, from exempt: Manager) {
    for index in entries.indices where entries[index].manager != exempt {
      entries[index].fields = entries[index].fields.subtracting(fields)
    }
    entries.removeAll { $0.fields.isEmpty }
  }

  /// Records a write that was no apply: the writer owns what it added or changed, nobody what is gone.
  mutating func update(
    from old: JSONValue, to new: JSONValue, shape: Shape, manager: Manager, time: String
  ) {
    let old = Self.tracked(old)
    let new = Self.tracked(new)
    let comparison = TypedValue(value: old, shape: shape).compare(to: new)
    let written = Self.withoutIgnored(comparison.added.union(comparison.modified))
    reconcile(with: old, shape)
    take(written.union(comparison.removed), from: manager)
    let owned = (fields(of: manager) ?? FieldSet()).subtracting(comparison.removed)
    set(owned.union(written), for: manager, apiVersion: manager.apiVersion, time: time)
  }

  // MARK: - What is not tracked

  private static let ignored: [[PathElement]] =
    [["apiVersion"], ["kind"], ["metadata"]].map { $0.map(PathElement.field) }
    + [
      "name", "namespace", "creationTimestamp", "selfLink", "uid", "generation", "resourceVersion",
      "managedFields", "generateName", "deletionTimestamp", "deletionGracePeriodSeconds",
    ].map { [.field("metadata"), .field($0)] }

  /// The set without the fields that identify an object and that only the server writes.
  static func withoutIgnored(_ set: FieldSet) -> FieldSet {
    var result = set
    for path in ignored where path.count > 1 { result.remove(path) }
    for path in ignored where path.count == 1 && path != [.field("metadata")] {
      result.remove(path)
    }
    return result
  }

  /// An object without its `managedFields`, which nobody owns.
  static func tracked(_ object: JSONValue) -> JSONValue {
    var result = object
    if result.at(["metadata", "managedFields"]) != nil { result.setMeta("managedFields", nil) }
    return result
  }
}
