// Create and replace, and the way that every changed object takes into the storage.

import JSON

extension ControlPlane {
  mutating func create(
    _ request: APIRequest, _ target: Target, _ user: User
  ) throws(APIError) -> APIResponse {
    let form = try ObjectForm.negotiate(request)
    var write = try Write(request, target)
    let object = stored(try decode(request, &write), target)
    let created = try create(object, write)
    return write.answer(response(created, target, form, code: 201))
  }

  mutating func replace(
    _ request: APIRequest, _ target: Target, _ user: User
  ) throws(APIError) -> APIResponse {
    let form = try ObjectForm.negotiate(request)
    var write = try Write(request, target)
    let object = stored(try decode(request, &write), target)
    let old = try existing(target)
    if target.type.isCustom, object.resourceVersion.isEmpty {
      throw .invalid(
        kind: target.type.resource, group: target.type.group, name: object.name,
        [.invalid("metadata.resourceVersion", "0x0", "must be specified for an update")])
    }
    let updated = try update(object, old: old, write)
    return write.answer(response(updated, target, form))
  }

  // MARK: - Create

  /// Stores a new object. `managed` is given by an apply; any other writer owns all that it writes.
  mutating func create(
    _ input: JSONValue, _ write: Write, managed: JSONValue? = nil
  ) throws(APIError) -> JSONValue {
    var object = input
    let type = write.type
    if object.name.isEmpty, !object.meta("generateName").isEmpty {
      object.setMeta("name", .string(object.meta("generateName") + Identifiers.suffix()))
    }
    try checkNamespace(object, type)
    if type.hasStatus, !write.isController { object["status"] = nil }
    for key in ["uid", "resourceVersion", "deletionTimestamp", "selfLink", "managedFields"] {
      object.setMeta(key, nil)
    }
    object.setMeta("generation", type.hasGeneration ? 1 : nil)
    object = Defaults(version: settings.version).apply(to: object, type)
    try Validation(type: type).check(object)
    guard storage.object(type.id, object.key) == nil else {
      throw .alreadyExists(type, object.name)
    }
    object.setMeta("managedFields", managed ?? ownership(of: object, write))
    object = prepared(object, type, write)
    object.setMeta("uid", .string(Identifiers.uid()))
    object.setMeta("creationTimestamp", .string(now))
    return write.isDryRun ? Self.withoutEmptyManagers(object) : commit(object, type)
  }

  /// What the server adds to a new object by itself, and what therefore nobody owns.
  private mutating func prepared(
    _ object: JSONValue, _ type: ResourceType, _ write: Write
  ) -> JSONValue {
    var result = allocateAddresses(object, old: nil)
    if type.id == "namespaces" { result.set(["kubernetes"], at: ["spec", "finalizers"]) }
    guard type.hasStatus, !type.isCustom, result["status"] == nil else { return result }
    switch type.id {
    case "services": result["status"] = ["loadBalancer": [:]]
    case "poddisruptionbudgets.policy":
      result["status"] = [
        "disruptionsAllowed": 0, "currentHealthy": 0, "desiredHealthy": 0, "expectedPods": 0,
      ]
    case "horizontalpodautoscalers.autoscaling":
      result["status"] = ["currentReplicas": 0, "desiredReplicas": 0]
    default: result["status"] = [:]
    }
    return result
  }

  private static func withoutEmptyManagers(_ object: JSONValue) -> JSONValue {
    var result = object
    if result.at(["metadata", "managedFields"])?.isEmptyOrNull ?? false {
      result.setMeta("managedFields", nil)
    }
    return result
  }

  private func ownership(of object: JSONValue, _ write: Write) -> JSONValue {
    var managed = ManagedFields()
    managed.update(
      from: [:], to: object, shape: write.type.shape, manager: write.fieldManager, time: now)
    return managed.json
  }

  /// A new object needs a namespace that exists and is not on its way out.
  private func checkNamespace(_ object: JSONValue, _ type: ResourceType) throws(APIError) {
    guard type.isNamespaced, let namespaces = self.type("namespaces") else { return }
    let key = ObjectKey(namespace: "", name: object.namespace)
    guard let namespace = storage.object("namespaces", key) else {
      throw .notFound(namespaces, object.namespace)
    }
    guard namespace.isBeingDeleted else { return }
    var error = APIError.forbidden(
      type, object.name,
      "unable to create new content in namespace \(object.namespace) because it is being terminated"
    )
    error.details?["causes"] = [
      [
        "reason": "NamespaceTerminating",
        "message": .string("namespace \(object.namespace) is being terminated"),
        "field": "metadata.namespace",
      ]
    ]
    throw error
  }

  // MARK: - Update

  /// Stores a changed object; an object that is the same afterwards keeps its resource version.
  mutating func update(
    _ input: JSONValue, old: JSONValue, _ write: Write, managed: JSONValue? = nil
  ) throws(APIError) -> JSONValue {
    let type = write.type
    try checkPreconditions(input, old, type)
    var object = write.isStatus ? statusUpdate(input, old, type) : mainUpdate(input, old, write)
    for key in [
      "uid", "resourceVersion", "creationTimestamp", "deletionTimestamp", "selfLink", "generation",
      "deletionGracePeriodSeconds", "generateName",
    ] {
      object.setMeta(key, old["metadata"]?[key])
    }
    object = Defaults(version: settings.version).apply(to: object, type)
    if type.hasGeneration, !write.isStatus, specDiffers(object, old, type) {
      object.setMeta("generation", .int((old["metadata"]?["generation"]?.int ?? 0) + 1))
    }
    object.setMeta("managedFields", managed ?? ownership(of: object, input, old, write))
    object = allocateAddresses(object, old: old)
    try Validation(type: type).check(object, old: old)
    if isSame(object, old) { return old }
    if write.isDryRun { return object }
    if object.isBeingDeleted, canBeRemoved(object, type) {
      remove(object, type)
      return Self.withoutEmptyManagers(object)
    }
    return commit(object, type)
  }

  private func checkPreconditions(
    _ input: JSONValue, _ old: JSONValue, _ type: ResourceType
  ) throws(APIError) {
    if !input.uid.isEmpty, input.uid != old.uid {
      throw .conflict(
        type, old.name,
        "Precondition failed: UID in precondition: \(input.uid), UID in object meta: \(old.uid)")
    }
    if !input.resourceVersion.isEmpty, input.resourceVersion != old.resourceVersion {
      throw .modified(type, old.name)
    }
  }

  /// A write to `/status` changes nothing but the status.
  private func statusUpdate(
    _ input: JSONValue, _ old: JSONValue, _ type: ResourceType
  ) -> JSONValue {
    var object = old
    object["status"] = input["status"]
    return object
  }

  private func mainUpdate(_ input: JSONValue, _ old: JSONValue, _ write: Write) -> JSONValue {
    var object = input
    if write.type.hasStatus, !write.isController { object["status"] = old["status"] }
    // Only the subresource `finalize` may change what holds a namespace.
    if write.type.id == "namespaces", !write.isController { object["spec"] = old["spec"] }
    return object
  }

  private func ownership(
    of object: JSONValue, _ input: JSONValue, _ old: JSONValue, _ write: Write
  ) -> JSONValue {
    // A client may rewrite the entries themselves; an empty list starts them anew.
    var managed = ManagedFields(old)
    if input["metadata"]?["managedFields"] != nil { managed = ManagedFields(input) }
    managed.update(
      from: old, to: object, shape: write.type.shape, manager: write.fieldManager, time: now)
    return managed.json
  }

  private func specDiffers(_ object: JSONValue, _ old: JSONValue, _ type: ResourceType) -> Bool {
    func spec(_ value: JSONValue) -> JSONValue {
      var result = value
      result["metadata"] = nil
      if type.hasStatus { result["status"] = nil }
      return result
    }
    return spec(object) != spec(old)
  }

  private func isSame(_ object: JSONValue, _ old: JSONValue) -> Bool {
    ManagedFields.tracked(object) == ManagedFields.tracked(old)
      && ManagedFields(object) == ManagedFields(old)
  }

  // MARK: - Into the storage

  /// Stores an object, tells watches and controllers, and returns it with its new revision.
  @discardableResult
  mutating func commit(_ object: JSONValue, _ type: ResourceType) -> JSONValue {
    let change = storage.store(Self.withoutEmptyManagers(object), type.id)
    publish(change, type.id)
    notify(change, type)
    return change.object
  }

  /// Removes an object for good.
  mutating func remove(_ object: JSONValue, _ type: ResourceType) {
    guard let change = storage.remove(type.id, object.key) else { return }
    publish(change, type.id)
    notify(change, type)
  }

  /// A namespace goes when its content is gone, everything else when nobody holds it.
  func canBeRemoved(_ object: JSONValue, _ type: ResourceType) -> Bool {
    object.finalizers.isEmpty
      && (type.id != "namespaces" || object.at(["spec", "finalizers"])?.isEmptyOrNull ?? true)
  }
}
