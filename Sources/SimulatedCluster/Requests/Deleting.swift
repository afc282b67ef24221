// Delete one object or a collection: preconditions, finalizers, propagation.

import JSON

extension ControlPlane {
  /// Options of a deletion, from the body or the query.
  private struct DeleteOptions {
    var uid = ""
    var resourceVersion = ""
    var propagation = "Background"
    var isDryRun = false
  }

  mutating func delete(_ request: APIRequest, _ target: Target) throws(APIError) -> APIResponse {
    guard target.subresource == nil else { throw .methodNotAllowed }
    let options = try deleteOptions(request)
    let object = try existing(target)
    try checkPreconditions(object, options, target.type)
    try checkProtected(target)
    guard let kept = try delete(object, target.type, options) else {
      if target.type.returnsDeleted { return response(object, target, .plain) }
      return .json(success(object, target.type))
    }
    return response(kept, target, .plain)
  }

  mutating func deleteCollection(
    _ request: APIRequest, _ target: Target
  ) throws(APIError) -> APIResponse {
    guard target.type.verbs.contains("deletecollection"), target.type.id != "namespaces" else {
      throw .methodNotAllowed
    }
    let options = try deleteOptions(request)
    let selection = try selection(request, target)
    let selected = storage.all(target.type.id).filter(selection.matches)
    for object in selected { _ = try delete(object, target.type, options) }
    let metadata: JSONValue = ["resourceVersion": .string(String(storage.revision))]
    return .json(
      Rendering(target: target, form: .plain, now: settings.now()).list(
        selected, metadata: metadata))
  }

  private func deleteOptions(_ request: APIRequest) throws(APIError) -> DeleteOptions {
    var options = DeleteOptions()
    let body: JSONValue = request.body.isEmpty ? [:] : try parseBody(request)
    options.uid = body.at(["preconditions", "uid"])?.string ?? ""
    options.resourceVersion = body.at(["preconditions", "resourceVersion"])?.string ?? ""
    options.propagation =
      body["propagationPolicy"]?.string ?? request.parameter("propagationPolicy") ?? "Background"
    guard ["Background", "Foreground", "Orphan"].contains(options.propagation) else {
      throw .invalid(
        kind: "DeleteOptions", group: "meta.k8s.io", name: "",
        [
          .unsupported(
            "propagationPolicy", options.propagation, ["Foreground", "Background", "Orphan"])
        ])
    }
    let dryRun = (body["dryRun"]?.array ?? []).compactMap(\.string) + [request.parameter("dryRun")]
    options.isDryRun = dryRun.contains("All")
    return options
  }

  private func checkPreconditions(
    _ object: JSONValue, _ options: DeleteOptions, _ type: ResourceType
  ) throws(APIError) {
    if !options.uid.isEmpty, options.uid != object.uid {
      throw .precondition(
        type, object.name,
        "the UID in the precondition (\(options.uid)) does not match the UID in record "
          + "(\(object.uid)). The object might have been deleted and then recreated")
    }
    if !options.resourceVersion.isEmpty, options.resourceVersion != object.resourceVersion {
      throw .precondition(
        type, object.name,
        "the ResourceVersion in the precondition (\(options.resourceVersion)) does not match the "
          + "ResourceVersion in record (\(object.resourceVersion)). The object might have been "
          + "modified")
    }
  }

  /// The namespaces that the cluster itself lives in cannot be deleted.
  private func checkProtected(_ target: Target) throws(APIError) {
    guard target.type.id == "namespaces",
      ["default", "kube-system", "kube-public"].contains(target.name ?? "")
    else { return }
    throw .forbidden(target.type, target.name ?? "", "this namespace may not be deleted")
  }

  /// Deletes an object, or only marks it where something holds it; returns a marked one.
  private mutating func delete(
    _ object: JSONValue, _ type: ResourceType, _ options: DeleteOptions
  ) throws(APIError) -> JSONValue? {
    // At once, as the collector must not see dependents of an owner that has gone.
    if !options.isDryRun, options.propagation == "Orphan" { orphanDependents(of: object.uid) }
    return markOrRemove(object, type, isDryRun: options.isDryRun)
  }

  /// Removes an object that nothing holds; otherwise marks it as being deleted and returns it.
  mutating func markOrRemove(
    _ object: JSONValue, _ type: ResourceType, isDryRun: Bool = false
  ) -> JSONValue? {
    if canBeRemoved(object, type) {
      if !isDryRun { remove(object, type) }
      return nil
    }
    if object.isBeingDeleted { return object }
    var marked = object
    marked.setMeta("deletionTimestamp", .string(now))
    if type.id == "namespaces" {
      marked.set("Terminating", at: ["status", "phase"])
    } else {
      marked.setMeta("deletionGracePeriodSeconds", 0)
    }
    if type.hasGeneration, let generation = object["metadata"]?["generation"]?.int {
      marked.setMeta("generation", .int(generation + 1))
    }
    return isDryRun ? marked : commit(marked, type)
  }

  private func success(_ object: JSONValue, _ type: ResourceType) -> JSONValue {
    var details = type.details(object.name)
    details["uid"] = .string(object.uid)
    return [
      "kind": "Status", "apiVersion": "v1", "metadata": [:], "status": "Success",
      "details": details,
    ]
  }
}
