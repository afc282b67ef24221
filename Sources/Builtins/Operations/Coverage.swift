// Whether an object already says everything that a manifest says.

import JSON

extension JSONValue {
  /// True when every value of `manifest` is in this one. Lists of named things (containers, ports,
  /// environment variables) are compared by name, other lists as a whole.
  func covers(_ manifest: JSONValue) -> Bool {
    switch (self, manifest) {
    case (.object(let live), .object(let wanted)):
      return wanted.allSatisfy { key, value in
        live[key].map { $0.covers(value) } ?? false
      }
    case (.array(let live), .array(let wanted)): return JSONValue.covers(live, wanted)
    default: return self == manifest
    }
  }

  private static func covers(_ live: [JSONValue], _ wanted: [JSONValue]) -> Bool {
    guard !wanted.isEmpty, wanted.allSatisfy({ $0["name"]?.string != nil }) else {
      return live.count == wanted.count && zip(live, wanted).allSatisfy { $0.covers($1) }
    }
    return wanted.allSatisfy { element in
      live.contains { $0["name"] == element["name"] && $0.covers(element) }
    }
  }

  /// True when an apply of a manifest wrote nothing: the resource version is the same, or only others
  /// wrote between the read and the apply, such as a controller its status.
  func isUnchanged(by manifest: JSONValue, in applied: JSONValue) -> Bool {
    let versions = [self, applied].map { $0[path: "metadata", "resourceVersion"] }
    if versions[0] == versions[1] { return true }
    return appliedFields == applied.appliedFields && agrees(with: applied, on: manifest)
  }

  /// True when the fields of a manifest have the same values in both objects, as the server writes
  /// them: what was applied as `1024Mi` is `1Gi` in both.
  private func agrees(with other: JSONValue, on manifest: JSONValue) -> Bool {
    switch manifest {
    case .object(let fields):
      return fields.allSatisfy { key, value in
        guard let own = self[key], let theirs = other[key] else { return self[key] == other[key] }
        return own.agrees(with: theirs, on: value)
      }
    case .array(let elements) where elements.allSatisfy { $0["name"]?.string != nil }:
      return elements.allSatisfy { element in
        let found = [self, other].map { $0.array?.first { $0["name"] == element["name"] } }
        guard let own = found[0], let theirs = found[1] else { return found[0] == found[1] }
        return own.agrees(with: theirs, on: element)
      }
    default: return self == other
    }
  }

  /// The fields that we have applied.
  private var appliedFields: [JSONValue?] {
    let entries = self[path: "metadata", "managedFields"]?.array ?? []
    return entries.filter {
      $0["manager"]?.string == Names.fieldManager && $0["operation"]?.string == "Apply"
    }.map { $0["fieldsV1"] }
  }

  /// True when a field manager has applied, or otherwise written, fields of the object.
  func isManaged(by manager: String) -> Bool {
    let entries = self[path: "metadata", "managedFields"]?.array ?? []
    return entries.contains { $0["manager"]?.string == manager }
  }
}
