// Deletes: one object or a whole selection (meta/v1 DeleteOptions).

import JSON

/// What happens to what an object owns when it is deleted.
public enum DeletePropagation: String, Sendable {
  /// It is deleted later.
  case background = "Background"
  /// It is deleted first.
  case foreground = "Foreground"
  /// It stays.
  case orphan = "Orphan"
}

/// What a server answers to a deletion: the object as it was last or while something holds it, or a
/// Status. Which of them depends on the kind and on finalizers (swiftkube#27).
public struct DeletionAnswer: Sendable, Hashable {
  /// The object, when the server sent it.
  public let object: JSONValue?
  /// The UID of what is deleted, when the server told.
  public let uid: String?
  /// True when the server said that something still holds the object: finalizers, dependents or a
  /// grace period. Wait for its deletion by its UID.
  public let isHeld: Bool

  init(_ answer: JSONValue) {
    let isStatus = answer["kind"] == "Status" && answer["apiVersion"] == "v1"
    object = isStatus ? nil : answer
    uid = (isStatus ? answer[path: "details", "uid"] : answer[path: "metadata", "uid"])?.string
    let finalizers = object?[path: "metadata", "finalizers"]?.array ?? []
    let grace = object?[path: "metadata", "deletionGracePeriodSeconds"]?.int ?? 0
    isHeld =
      object?[path: "metadata", "deletionTimestamp"]?.string != nil
      && (!finalizers.isEmpty || grace > 0 || object?["kind"] == "Namespace")
  }
}

extension KubernetesClient {
  /// Deletes one object; a missing one is an error with status 404.
  ///
  /// - Parameters:
  ///   - uid: Only the object with that UID is deleted, another is an error with status 409.
  ///   - resourceVersion: Only that version of it is deleted, another is an error with status 409.
  ///   - gracePeriod: Seconds; nil is the kind's own.
  @discardableResult
  public func delete(
    _ type: ResourceType, name: String, namespace: String? = nil, uid: String? = nil,
    resourceVersion: String? = nil, propagation: DeletePropagation = .background,
    gracePeriod: Int? = nil, dryRun: Bool = false
  ) async throws -> DeletionAnswer {
    var call = try call(
      dryRun ? "delete (dry run)" : "delete", type, name: name, namespace: namespace)
    let options = Self.deleteOptions(
      uid: uid, resourceVersion: resourceVersion, propagation, gracePeriod, dryRun: dryRun)
    call.method = "DELETE"
    call.contentType = "application/json"
    call.body = options.bytes()
    call.query = [("dryRun", dryRun ? "All" : nil)]
    // Without a UID a second try could delete a successor of the same name.
    call.isReplayable = uid != nil
    if uid == nil { call.advice = "get the object before deleting it again" }
    return DeletionAnswer(try await json(call))
  }

  /// Deletes all objects of one namespace, or of a resource that has none, that fit the selectors
  /// (deletecollection), in one request.
  ///
  /// - Returns: The objects that the server says it has deleted or marked; empty when it says only
  ///   that it did.
  /// - Throws: `APIError`; for a namespaced resource without a namespace before anything is sent.
  @discardableResult
  public func deleteAll(
    _ type: ResourceType, namespace: String? = nil, labels: String? = nil, fields: String? = nil,
    propagation: DeletePropagation = .background, gracePeriod: Int? = nil, dryRun: Bool = false
  ) async throws -> [JSONValue] {
    let verb = dryRun ? "delete all (dry run)" : "delete all"
    var call = Call(
      verb: verb, object: type.describe(namespace: namespace),
      path: try collectionPath(type, namespace: namespace, verb: verb, needsNamespace: true))
    call.method = "DELETE"
    call.contentType = "application/json"
    call.body = Self.deleteOptions(
      uid: nil, resourceVersion: nil, propagation, gracePeriod, dryRun: dryRun
    ).bytes()
    call.query = [
      ("labelSelector", labels), ("fieldSelector", fields), ("dryRun", dryRun ? "All" : nil),
    ]
    // A second try could delete objects that are newer than the first.
    call.isReplayable = false
    call.advice = "list what is left before deleting again"
    return try await json(call)["items"]?.array ?? []
  }

  static func deleteOptions(
    uid: String?, resourceVersion: String?, _ propagation: DeletePropagation?, _ gracePeriod: Int?,
    dryRun: Bool
  ) -> JSONValue {
    var preconditions = JSONObject()
    if let uid { preconditions.append("uid", .string(uid)) }
    if let resourceVersion {
      preconditions.append("resourceVersion", .string(resourceVersion))
    }
    var options: JSONValue = ["apiVersion": "v1", "kind": "DeleteOptions"]
    if let propagation { options["propagationPolicy"] = .string(propagation.rawValue) }
    if !preconditions.isEmpty { options["preconditions"] = .object(preconditions) }
    if let gracePeriod { options["gracePeriodSeconds"] = .int(Int64(gracePeriod)) }
    if dryRun { options["dryRun"] = ["All"] }
    return options
  }
}
