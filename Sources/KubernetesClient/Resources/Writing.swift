// Writes: create, server-side apply, patch, replace and delete.

import JSON

/// What the server does about fields that it does not know.
public enum FieldValidation: String, Sendable {
  /// Refuses the object and names all of them.
  case strict = "Strict"
  /// Drops them with a warning.
  case warn = "Warn"
  /// Drops them.
  case ignore = "Ignore"
}

/// The kinds of patches, by their content types.
public enum PatchKind: String, Sendable {
  /// A partial object (RFC 7386); null removes.
  case merge = "application/merge-patch+json"
  /// A list of operations (RFC 6902).
  case json = "application/json-patch+json"
  /// A partial object whose lists merge by their keys; built-in kinds only.
  case strategic = "application/strategic-merge-patch+json"
}

/// What happens to what an object owns when it is deleted.
public enum DeletePropagation: String, Sendable {
  /// It is deleted later.
  case background = "Background"
  /// It is deleted first.
  case foreground = "Foreground"
  /// It stays.
  case orphan = "Orphan"
}

extension KubernetesClient {
  /// The name that is written into objects' managed fields unless a call says otherwise.
  public static let fieldManager = "msh"

  /// Creates an object and returns what the server made of it; one that exists is an error with
  /// status 409 and the reason `AlreadyExists`. Never sent twice: when the connection breaks, the
  /// error says that it may have been carried out. `name` and `subresource` are for requests such
  /// as a ServiceAccount's `token`.
  public func create(
    _ type: ResourceType, _ object: JSONValue, namespace: String? = nil,
    fieldManager: String = KubernetesClient.fieldManager, dryRun: Bool = false,
    validation: FieldValidation = .strict, name: String? = nil, subresource: String? = nil
  ) async throws -> JSONValue {
    let verb = dryRun ? "create (dry run)" : "create"
    var call: Call
    if let name, let subresource {
      call = try self.call(
        verb, type, name: name, namespace: namespace, subresource: subresource)
      call.object += " \(subresource)"
      call.followsThrottling = subresource != "eviction"
    } else {
      let (_, namespace) = try identity(of: object, type, namespace: namespace, verb: verb)
      call = Call(
        verb: verb,
        object: type.describe(
          name: object["metadata"]?["name"]?.string, namespace: namespace),
        path: try collectionPath(type, namespace: namespace, verb: verb, needsNamespace: true))
    }
    call.method = "POST"
    call.isReplayable = false
    call.contentType = "application/json"
    call.body = complete(object, type, unlessSubresource: subresource).bytes()
    call.query = Self.writeQuery(fieldManager, dryRun: dryRun, validation)
    return try await json(call)
  }

  /// Applies an object (server-side apply): the server merges it with what others own and creates
  /// it when it is missing. An object that is as wanted keeps its resource version. A conflict is
  /// an error with status 409 whose causes name fields and managers; `force` takes the fields over.
  public func apply(
    _ type: ResourceType, _ object: JSONValue, namespace: String? = nil,
    fieldManager: String = KubernetesClient.fieldManager, force: Bool = false,
    dryRun: Bool = false, validation: FieldValidation = .strict, subresource: String? = nil
  ) async throws -> (object: JSONValue, isCreated: Bool) {
    let verb = dryRun ? "apply (dry run)" : "apply"
    let (name, namespace) = try identity(of: object, type, namespace: namespace, verb: verb)
    guard let name else {
      throw purpose(verb, type.describe(namespace: namespace)).invalid(
        "apply needs metadata.name; generateName works with create only")
    }
    var call = try call(
      verb, type, name: name, namespace: namespace, subresource: subresource)
    call.method = "PATCH"
    call.contentType = "application/apply-patch+yaml"
    var intent = complete(object, type, unlessSubresource: nil)
    // The server refuses managed fields in an intent; a null time stamp comes from Go's printers.
    intent["metadata"]?["managedFields"] = nil
    if intent["metadata"]?["creationTimestamp"] == .null {
      intent["metadata"]?["creationTimestamp"] = nil
    }
    call.body = intent.bytes()
    call.query =
      Self.writeQuery(fieldManager, dryRun: dryRun, validation)
      + [("force", force ? "true" : "false")]
    let response = try await send(call)
    return (try parse(response, call), response.status == 201)
  }

  /// Patches one object and returns it. A JSON patch is never sent twice, as it may add to a list.
  public func patch(
    _ type: ResourceType, name: String, namespace: String? = nil, kind: PatchKind = .merge,
    _ patch: JSONValue, fieldManager: String = KubernetesClient.fieldManager,
    dryRun: Bool = false, validation: FieldValidation = .strict, subresource: String? = nil
  ) async throws -> JSONValue {
    var call = try call(
      dryRun ? "patch (dry run)" : "patch", type, name: name, namespace: namespace,
      subresource: subresource)
    call.method = "PATCH"
    call.contentType = kind.rawValue
    call.isReplayable = kind != .json
    call.body = patch.bytes()
    call.query = Self.writeQuery(fieldManager, dryRun: dryRun, validation)
    return try await json(call)
  }

  /// Replaces one object (PUT); with a resource version in it, only when that is still current.
  public func replace(
    _ type: ResourceType, _ object: JSONValue, namespace: String? = nil,
    fieldManager: String = KubernetesClient.fieldManager, dryRun: Bool = false,
    validation: FieldValidation = .strict, subresource: String? = nil
  ) async throws -> JSONValue {
    let (name, namespace) = try identity(of: object, type, namespace: namespace, verb: "replace")
    var call = try call(
      "replace", type, name: name ?? "", namespace: namespace, subresource: subresource)
    call.method = "PUT"
    call.contentType = "application/json"
    call.body = complete(object, type, unlessSubresource: subresource).bytes()
    call.query = Self.writeQuery(fieldManager, dryRun: dryRun, validation)
    return try await json(call)
  }

  /// Deletes one object; a missing one is an error with status 404. With `uid`, only the object
  /// with that UID is deleted, another is an error with status 409. Returns the server's answer:
  /// the object while finalizers hold it, or a Status. `gracePeriod` is in seconds.
  @discardableResult
  public func delete(
    _ type: ResourceType, name: String, namespace: String? = nil, uid: String? = nil,
    resourceVersion: String? = nil, propagation: DeletePropagation = .background,
    gracePeriod: Int? = nil, dryRun: Bool = false
  ) async throws -> JSONValue {
    var call = try call(
      dryRun ? "delete (dry run)" : "delete", type, name: name, namespace: namespace)
    var preconditions = JSONObject()
    if let uid { preconditions.append("uid", .string(uid)) }
    if let resourceVersion {
      preconditions.append("resourceVersion", .string(resourceVersion))
    }
    var options: JSONValue = [
      "apiVersion": "v1", "kind": "DeleteOptions",
      "propagationPolicy": .string(propagation.rawValue),
    ]
    if !preconditions.isEmpty { options["preconditions"] = .object(preconditions) }
    if let gracePeriod { options["gracePeriodSeconds"] = .int(Int64(gracePeriod)) }
    if dryRun { options["dryRun"] = ["All"] }
    call.method = "DELETE"
    call.contentType = "application/json"
    call.body = options.bytes()
    call.query = [("dryRun", dryRun ? "All" : nil)]
    // Without a UID a second try could delete a successor of the same name.
    call.isReplayable = uid != nil
    return try await json(call)
  }

  // MARK: Parts

  private static func writeQuery(
    _ fieldManager: String, dryRun: Bool, _ validation: FieldValidation
  ) -> [(String, String?)] {
    [
      ("fieldManager", fieldManager), ("fieldValidation", validation.rawValue),
      ("dryRun", dryRun ? "All" : nil),
    ]
  }

  /// Name and namespace of an object, after a check that it fits the call.
  private func identity(
    of object: JSONValue, _ type: ResourceType, namespace: String?, verb: String
  ) throws -> (name: String?, namespace: String?) {
    let name = object["metadata"]?["name"]?.string
    let own = object["metadata"]?["namespace"]?.string
    let purpose = purpose(verb, type.describe(name: name, namespace: namespace ?? own))
    if object.object == nil { throw purpose.invalid("the object is no map") }
    if let apiVersion = object["apiVersion"]?.string, apiVersion != type.apiVersion {
      throw purpose.invalid("the object is of \(apiVersion), the call of \(type.apiVersion)")
    }
    if let kind = object["kind"]?.string, kind != type.kind {
      throw purpose.invalid("the object is a \(kind), the call is for a \(type.kind)")
    }
    if type.isNamespaced, let namespace, !namespace.isEmpty, let own, own != namespace {
      throw purpose.invalid(
        "the object is for namespace \"\(own)\", the call for \"\(namespace)\"")
    }
    return (name, namespace.flatMap { $0.isEmpty ? nil : $0 } ?? own)
  }

  /// The object with apiVersion and kind; a subresource's body has types of its own.
  private func complete(
    _ object: JSONValue, _ type: ResourceType, unlessSubresource subresource: String?
  ) -> JSONValue {
    guard subresource == nil else { return object }
    var result = object
    if result["apiVersion"] == nil { result["apiVersion"] = .string(type.apiVersion) }
    if result["kind"] == nil { result["kind"] = .string(type.kind) }
    return result
  }
}
