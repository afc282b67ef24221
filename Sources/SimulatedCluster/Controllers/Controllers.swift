// The queue of what changed, and which little controller looks at it.
//
// Controllers work as real ones do: they read the present state, compute what should be, and write
// only what differs. So a task may come late, twice or after its object has gone.

import JSON

/// A change that a controller has to look at.
struct ControllerTask: Sendable {
  let resource: String
  let kind: Storage.Change.Kind
  let object: JSONValue
}

extension ControlPlane {
  /// Notes a change for the controllers.
  mutating func notify(_ change: Storage.Change, _ type: ResourceType) {
    pending.append(
      ControllerTask(resource: type.id, kind: change.kind, object: change.object))
    // The new resource is served at once; its definition's status follows.
    if type.id == Self.definitions,
      change.previous?["spec"] != change.object["spec"]
        || change.kind == .deleted
    {
      refreshTypes()
    }
  }

  static let definitions = "customresourcedefinitions.apiextensions.k8s.io"

  /// Lets the controllers work until there is nothing left to do.
  mutating func settle() {
    while !pending.isEmpty {
      let tasks = pending
      pending.removeAll()
      for task in tasks { run(task) }
    }
  }

  private mutating func run(_ task: ControllerTask) {
    let object = task.object
    if task.kind == .deleted {
      deleted(object, task.resource)
      collectDependents(of: object.uid)
      finishNamespace(object.namespace)
      return
    }
    // The present state counts, not the one that the task was made for.
    guard let present = storage.object(task.resource, object.key), present.uid == object.uid else {
      return
    }
    changed(present, task.resource)
  }

  private mutating func changed(_ object: JSONValue, _ resource: String) {
    if collectOrphan(object, resource) { return }
    switch resource {
    case "namespaces": reconcileNamespace(object)
    case "serviceaccounts": reconcileServiceAccount(object)
    case "secrets": reconcileTokenSecret(object)
    case "services": reconcileLoadBalancer(object)
    case "pods": reconcilePod(object)
    case Self.budgets: reconcileBudget(object)
    case "deployments.apps": reconcileDeployment(object)
    case "replicasets.apps", "statefulsets.apps", "daemonsets.apps": reconcileSet(object, resource)
    case Self.definitions: reconcileDefinition(object)
    case "gateways.gateway.networking.k8s.io": reconcileGateway(object)
    default: break
    }
  }

  private mutating func deleted(_ object: JSONValue, _ resource: String) {
    switch resource {
    case "secrets": credentials.revoke(secretUID: object.uid)
    case "pods":
      logs.forget(object.key)
      reconcileBudgets(object.namespace)
    case "serviceaccounts": forgetServiceAccount(object)
    case "configmaps" where object.name == "kube-root-ca.crt": ensureRootCA(object.namespace)
    case Self.definitions: removeInstances(of: object)
    default: break
    }
  }

  // MARK: - Writing

  /// Writes an object as a controller does; one that is the same stays as it is.
  mutating func write(_ object: JSONValue, _ resource: String, status: Bool = false) {
    guard let type = type(resource) else { return }
    let target = Target(
      type: type, version: type.storageVersion, namespace: object.namespace, name: object.name,
      subresource: status ? "status" : nil)
    var write = Write(target: target, manager: "kube-controller-manager")
    write.isController = true
    // A controller that meets an error does nothing until the object changes again.
    do throws(APIError) {
      if let old = storage.object(resource, object.key) {
        var changed = object
        changed.setMeta("resourceVersion", nil)
        _ = try update(changed, old: old, write)
      } else {
        _ = try create(object, write)
      }
    } catch {}
  }

  /// Makes an object unless it is there.
  mutating func ensure(_ object: JSONValue, _ resource: String) {
    if storage.object(resource, object.key) == nil { write(object, resource) }
  }

  /// A condition whose time moves only when its status does.
  func condition(
    _ type: String, _ status: Bool, reason: String, message: String, in object: JSONValue
  ) -> JSONValue {
    let value = status ? "True" : "False"
    let old = (object.at(["status", "conditions"])?.array ?? []).first {
      $0["type"]?.string == type
    }
    let since =
      old?["status"]?.string == value ? old?["lastTransitionTime"] ?? .string(now) : .string(now)
    return [
      "type": .string(type), "status": .string(value), "lastTransitionTime": since,
      "reason": .string(reason), "message": .string(message),
    ]
  }
}
