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
    return covers(manifest) && appliedFields == applied.appliedFields
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
