// Namespaces: what a new one gets, and how a deleted one empties itself; and garbage collection.

import JSON

extension ControlPlane {
  mutating func reconcileNamespace(_ namespace: JSONValue) {
    guard namespace.isBeingDeleted else {
      ensure(
        [
          "apiVersion": "v1", "kind": "ServiceAccount",
          "metadata": ["name": "default", "namespace": .string(namespace.name)],
        ], "serviceaccounts")
      ensureRootCA(namespace.name)
      return
    }
    for resource in storage.resources {
      guard let type = type(resource), type.isNamespaced else { continue }
      for object in storage.all(resource) where object.namespace == namespace.name {
        _ = markOrRemove(object, type)
      }
    }
    finishNamespace(namespace.name)
  }

  /// The certificate authority that pods of the namespace trust.
  mutating func ensureRootCA(_ namespace: String) {
    let key = ObjectKey(namespace: "", name: namespace)
    guard let owner = storage.object("namespaces", key), !owner.isBeingDeleted else { return }
    ensure(
      [
        "apiVersion": "v1", "kind": "ConfigMap",
        "metadata": ["name": "kube-root-ca.crt", "namespace": .string(namespace)],
        "data": ["ca.crt": .string(settings.caPEM)],
      ], "configmaps")
  }

  /// Removes a namespace that is being deleted once nothing is left in it.
  mutating func finishNamespace(_ name: String) {
    guard !name.isEmpty, let type = type("namespaces"),
      let namespace = storage.object("namespaces", ObjectKey(namespace: "", name: name)),
      namespace.isBeingDeleted
    else { return }
    let isEmpty = storage.resources.allSatisfy { resource in
      !storage.values(resource).contains { $0.namespace == name }
    }
    guard isEmpty else { return }
    var emptied = namespace
    emptied.set(nil, at: ["spec", "finalizers"])
    if emptied.finalizers.isEmpty { remove(emptied, type) }
  }

  // MARK: - Garbage collection

  /// Deletes the objects whose last owner has gone.
  mutating func collectDependents(of uid: String) {
    for (object, type) in dependents(of: uid) where !hasOwner(object) {
      _ = markOrRemove(object, type)
    }
  }

  /// Deletes an object that was made after its owner had gone.
  mutating func collectOrphan(_ object: JSONValue, _ resource: String) -> Bool {
    guard !owners(of: object).isEmpty, !object.isBeingDeleted, !hasOwner(object),
      let type = type(resource)
    else { return false }
    _ = markOrRemove(object, type)
    return true
  }

  mutating func orphanDependents(of uid: String) {
    for (object, type) in dependents(of: uid) {
      var orphan = object
      let rest = owners(of: object).filter { $0["uid"]?.string != uid }
      orphan.setMeta("ownerReferences", rest.isEmpty ? nil : .array(rest))
      write(orphan, type.id)
    }
  }

  private func owners(of object: JSONValue) -> [JSONValue] {
    object.at(["metadata", "ownerReferences"])?.array ?? []
  }

  private func dependents(of uid: String) -> [(JSONValue, ResourceType)] {
    guard !uid.isEmpty else { return [] }
    return storage.resources.flatMap { resource -> [(JSONValue, ResourceType)] in
      guard let type = type(resource) else { return [] }
      return storage.values(resource)
        .filter { object in owners(of: object).contains { $0["uid"]?.string == uid } }
        .map { ($0, type) }
    }
  }

  /// True when at least one owner exists under the UID of its reference.
  private func hasOwner(_ object: JSONValue) -> Bool {
    owners(of: object).contains { reference in
      let parts = (reference["apiVersion"]?.string ?? "").split(separator: "/")
      let group = parts.count > 1 ? String(parts[0]) : ""
      let kind = reference["kind"]?.string
      // An owner of a kind that is not served cannot be looked up, so it counts as present.
      guard let type = types.first(where: { $0.group == group && $0.kind == kind }) else {
        return true
      }
      let key = ObjectKey(
        namespace: type.isNamespaced ? object.namespace : "",
        name: reference["name"]?.string ?? "")
      return storage.object(type.id, key)?.uid == reference["uid"]?.string
    }
  }
}
