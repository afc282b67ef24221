// Writes: create, server-side apply, patch and replace.

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

extension KubernetesClient {
  /// The name that is written into objects' managed fields unless a call says otherwise.
  public static let fieldManager = "msh"

  /// Creates an object and returns what the server made of it; one that exists is an error with
  /// status 409 and the reason `AlreadyExists`. Never sent twice: when the connection breaks, the
  /// error says that it may have been carried out. `name` and `subresource` are for requests such
  /// as a ServiceAccount's `token`; a broken answer to one is an error that ends with `advice`.
  public func create(
    _ type: ResourceType, _ object: JSONValue, namespace: String? = nil,
    fieldManager: String = KubernetesClient.fieldManager, dryRun: Bool = false,
    validation: FieldValidation = .strict, name: String? = nil, subresource: String? = nil,
    advice: String? = nil
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
    call.advice = advice ?? Self.createAdvice(object)
    call.contentType = "application/json"
    call.body = complete(object, type, unlessSubresource: subresource).bytes()
    call.query = Self.writeQuery(fieldManager, dryRun: dryRun, validation)
    return try await json(call)
  }

  /// Applies an object (server-side apply): the server merges it with what others own and creates
  /// it when it is missing. An object that is as wanted keeps its resource version. A conflict is
  /// an error with status 409 whose `conflicts` name managers and fields; `force` takes the fields
  /// over. An object that is being deleted is applied all the same, and a warning tells so. Fields
  /// that client-side apply left behind stay until `migrateFromClientSideApply`.
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
    // The status is not the applier's to say; copies of live objects have one.
    if subresource == nil, type.subresources.contains("status") { intent["status"] = nil }
    call.body = intent.bytes()
    call.query =
      Self.writeQuery(fieldManager, dryRun: dryRun, validation)
      + [("force", force ? "true" : "false")]
    let response = try await send(call)
    let object = try parse(response, call)
    if object[path: "metadata", "deletionTimestamp"]?.string != nil {
      hooks.onWarning?("\(call.object) is being deleted: what was applied goes with it")
    }
    return (object, response.status == 201)
  }

  /// Patches one object and returns it. A JSON patch is never sent twice, as it may add to a list.
  /// Custom resources take no strategic merge patch: that is an error with status 415 which says so.
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
    if kind == .json { call.advice = "get the object before patching it again" }
    call.body = patch.bytes()
    call.query = Self.writeQuery(fieldManager, dryRun: dryRun, validation)
    do {
      return try await json(call)
    } catch let error as APIError where error.status == 415 && kind == .strategic {
      throw APIError(
        cluster: error.cluster, verb: error.verb, object: error.object, status: 415,
        reason: error.reason,
        message: "custom resources such as \(type.qualifiedName) take no strategic merge patch; "
          + "a merge patch or an apply does it", details: error.details)
    }
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

  // MARK: Parts

  private static func createAdvice(_ object: JSONValue) -> String {
    object["metadata"]?["name"] != nil
      ? "get the object before creating it again"
      : "list what is there before creating another, as the name was not told"
  }

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
