// The way from client-side apply to server-side apply.
//
// `kubectl apply` of the old kind leaves its fields to a manager with the operation Update. A
// server-side apply adds a second owner; a field that is later left out then stays for ever, since its
// first owner never gives it up (kubernetes#99003, #107980, #112826). So the old manager's fields are
// handed to the new one first, as kubectl does (PR kubernetes#112905): its set of fields becomes part
// of our entry and its own entry goes, in one JSON patch of `managedFields` that is bound to the
// resource version.
//
// That is a decision about the whole object. An apply that states only a part of it would then remove
// everything else that the old manager had set (kubectl#1337: several appliers of one object), so it
// never happens by itself: callers ask for it when what they apply next is the whole intent.

import JSON

extension KubernetesClient {
  /// Hands the fields that client-side applies have set over to a manager that applies on the server's
  /// side. Apply the whole intent next: what it leaves out is removed then.
  ///
  /// - Parameter fieldManager: Who gets the fields.
  /// - Returns: True when something was handed over; false when there was nothing to do, or the old
  ///   entry is of another version of the API, whose paths mean nothing in this one.
  /// - Throws: `APIError`, with status 409 when the object changed five times meanwhile.
  @discardableResult
  public func migrateFromClientSideApply(
    _ type: ResourceType, name: String, namespace: String? = nil,
    fieldManager: String = KubernetesClient.fieldManager, dryRun: Bool = false
  ) async throws -> Bool {
    var tries = 1
    while true {
      let object = try await get(type, name: name, namespace: namespace)
      let migration = ClientSideApplyMigration(
        fieldManager: fieldManager, apiVersion: type.apiVersion)
      guard let patch = migration.patch(for: object) else { return false }
      do {
        _ = try await self.patch(
          type, name: name, namespace: namespace, kind: .json, patch, fieldManager: fieldManager,
          dryRun: dryRun)
        return true
      } catch let error as APIError where error.isConflict && tries < 5 {
        tries += 1
      }
    }
  }
}

/// The patch that hands fields over; knows no cluster.
struct ClientSideApplyMigration {
  /// Where kubectl keeps what was applied last; its owner is the one that applies on the client's side.
  private static let annotation = "f:kubectl.kubernetes.io/last-applied-configuration"

  let fieldManager: String
  let apiVersion: String

  /// The JSON patch for an object; nil when nothing is to be handed over.
  func patch(for object: JSONValue) -> JSONValue? {
    let entries = object[path: "metadata", "managedFields"]?.array ?? []
    let version = object[path: "metadata", "resourceVersion"]
    guard let entries = migrated(entries), let version else { return nil }
    return [
      ["op": "replace", "path": "/metadata/managedFields", "value": .array(entries)],
      // `replace` and not `test`: a stale version is then a conflict (409), not an invalid patch.
      ["op": "replace", "path": "/metadata/resourceVersion", "value": version],
    ]
  }

  /// The entries after the migration; nil when they stay as they are.
  private func migrated(_ entries: [JSONValue]) -> [JSONValue]? {
    let old = entries.filter(isClientSideApply)
    guard !old.isEmpty else { return nil }
    var result = entries.filter { !isClientSideApply($0) }
    var own = entries.first(where: isOwn) ?? newEntry(like: old[0])
    for entry in old {
      own["fieldsV1"] = Self.union(own["fieldsV1"] ?? [:], entry["fieldsV1"] ?? [:])
    }
    if let index = result.firstIndex(where: isOwn) {
      result[index] = own
    } else {
      result.insert(own, at: 0)
    }
    return result
  }

  private func isClientSideApply(_ entry: JSONValue) -> Bool {
    entry["operation"] == "Update" && (entry["subresource"]?.string ?? "").isEmpty
      && entry["apiVersion"]?.string == apiVersion
      && entry[path: "fieldsV1", "f:metadata", "f:annotations", Self.annotation] != nil
  }

  private func isOwn(_ entry: JSONValue) -> Bool {
    entry["operation"] == "Apply" && entry["manager"]?.string == fieldManager
      && (entry["subresource"]?.string ?? "").isEmpty && entry["apiVersion"]?.string == apiVersion
  }

  private func newEntry(like old: JSONValue) -> JSONValue {
    var entry = old
    entry["manager"] = .string(fieldManager)
    entry["operation"] = "Apply"
    entry["fieldsV1"] = [:]
    return entry
  }

  /// What either set has: sets of fields are trees of empty objects.
  static func union(_ left: JSONValue, _ right: JSONValue) -> JSONValue {
    guard var result = left.object, let others = right.object else { return left }
    for (key, value) in others {
      result[key] = result[key].map { union($0, value) } ?? value
    }
    return .object(result)
  }
}
