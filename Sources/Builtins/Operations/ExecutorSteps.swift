// How the executor carries out each kind of step.

import Interpreter
import JSON
import KubernetesClient

extension Executor {
  /// Carries one operation out.
  ///
  /// - Throws: `ScriptError` with the cluster and the object, or `CancellationError`.
  func carryOut(_ operation: Operation) async throws -> Outcome {
    let client = try await contact(operation).client
    do {
      switch operation.step {
      case .read: return try await read(operation, client)
      case .list(let selection): return try await list(operation, selection, client)
      case .apply(let versions, let rule):
        return try await apply(operation, versions, rule, client)
      case .delete(let rule): return try await delete(operation, rule, client)
      case .wait(let goal, let timeout):
        return try await wait(operation, goal, timeout, client)
      }
    } catch let error as APIError {
      throw scriptError(error, operation)
    }
  }

  /// The API server that an operation is for, once it has answered.
  func contact(_ operation: Operation) async throws -> ClusterConnection.Contact {
    var patience = Duration.zero
    if case .wait(let time) = mesh.unreachable { patience = time }
    do {
      return try await operation.cluster.connection.contact(patience: patience)
    } catch let error as APIError {
      throw scriptError(error, operation)
    }
  }

  private func scriptError(_ error: APIError, _ operation: Operation) -> ScriptError {
    let cluster = operation.cluster
    cluster.connection.noteFailure(error)
    let result = ScriptError.api(error, on: cluster, about: operation.object)
    if cluster.connection.failure != nil {
      mesh.tellUnreachable(cluster, reason: result.message)
    }
    return result
  }

  private func type(
    of object: ObjectReference, _ client: KubernetesClient
  ) async throws -> ResourceType {
    try await client.resourceType(apiVersion: object.apiVersion, kind: object.kind)
  }
}

// MARK: - Reads

extension Executor {
  private func read(_ operation: Operation, _ client: KubernetesClient) async throws -> Outcome {
    let object = operation.object
    let found = try await client.getIfPresent(
      type(of: object, client), name: object.name ?? "", namespace: object.namespace)
    return Outcome(operation, .done, object: found)
  }

  private func list(
    _ operation: Operation, _ selection: Operation.Selection, _ client: KubernetesClient
  ) async throws -> Outcome {
    let found = try await client.list(
      type(of: operation.object, client), namespace: operation.object.namespace,
      labels: selection.labels, fields: selection.fields)
    return Outcome(operation, .done, object: .array(found.items))
  }
}

// MARK: - Writes

extension Executor {
  private func apply(
    _ operation: Operation, _ versions: [JSONValue], _ rule: Operation.ApplyRule,
    _ client: KubernetesClient
  ) async throws -> Outcome {
    let (type, manifest) = try await newest(versions, operation.object, client)
    var operation = operation
    operation.object.apiVersion = type.apiVersion
    let object = operation.object
    let live = try await client.getIfPresent(
      type, name: object.name ?? "", namespace: object.namespace)
    if let live, isSatisfied(live, manifest, rule) {
      return Outcome(operation, .unchanged, object: live)
    }
    let isMigrated =
      live != nil && rule == .migrate ? try await migrate(object, manifest, type, client) : false
    let (applied, isCreated) = try await client.apply(
      type, manifest, namespace: object.namespace, fieldManager: Names.fieldManager)
    guard !isCreated, let live else { return Outcome(operation, .created, object: applied) }
    let isSame = !isMigrated && live.isUnchanged(by: manifest, in: applied)
    return Outcome(operation, isSame ? .unchanged : .changed, object: applied)
  }

  /// Takes over what `kubectl apply` has set, unless the server refuses the manifest itself.
  private func migrate(
    _ object: ObjectReference, _ manifest: JSONValue, _ type: ResourceType,
    _ client: KubernetesClient
  ) async throws -> Bool {
    _ = try await client.apply(
      type, manifest, namespace: object.namespace, fieldManager: Names.fieldManager, force: true,
      dryRun: true)
    return try await client.migrateFromClientSideApply(
      type, name: object.name ?? "", namespace: object.namespace,
      fieldManager: Names.fieldManager)
  }

  /// True when there is nothing to write: the object says everything already and owes us nothing that
  /// an apply could take back.
  private func isSatisfied(
    _ live: JSONValue, _ manifest: JSONValue, _ rule: Operation.ApplyRule
  ) -> Bool {
    switch rule {
    case .onlyIfMissing: true
    case .migrate: false
    case .onlyWhatDiffers: live.covers(manifest)
    case .merge: !live.isManaged(by: Names.fieldManager) && live.covers(manifest)
    }
  }

  /// The first version of a manifest that the cluster serves.
  private func newest(
    _ versions: [JSONValue], _ object: ObjectReference, _ client: KubernetesClient
  ) async throws -> (ResourceType, JSONValue) {
    guard versions.count > 1 else {
      return (try await type(of: object, client), versions.first ?? .null)
    }
    let served = try await client.servedVersions(group: object.group, kind: object.kind)
    for manifest in versions {
      if let type = served.first(where: { $0.apiVersion == manifest["apiVersion"]?.string }) {
        return (type, manifest)
      }
    }
    // None: the look-up says so, and what is served instead.
    return (try await type(of: object, client), versions[0])
  }

  private func delete(
    _ operation: Operation, _ rule: Operation.DeleteRule, _ client: KubernetesClient
  ) async throws -> Outcome {
    var operation = operation
    let object = operation.object
    let type: ResourceType
    if rule.versions.isEmpty {
      type = try await self.type(of: object, client)
    } else {
      let served = try await client.servedVersions(group: object.group, kind: object.kind)
      guard let found = served.first(where: { rule.versions.contains($0.apiVersion) }) else {
        return Outcome(operation, .done)
      }
      type = found
    }
    operation.object.apiVersion = type.apiVersion
    let name = object.name ?? ""
    guard let live = try await client.getIfPresent(type, name: name, namespace: object.namespace),
      !rule.isOnlyOurs || live.isMadeByMsh
    else { return Outcome(operation, .done) }
    do {
      try await client.delete(
        type, name: name, namespace: object.namespace,
        uid: live[path: "metadata", "uid"]?.string,
        propagation: DeletePropagation(rawValue: rule.propagation) ?? .background,
        gracePeriod: rule.gracePeriod.map { Int($0) })
    } catch let error as APIError where error.status == 404 {
      return Outcome(operation, .done)
    }
    return Outcome(operation, .deleted, object: live)
  }
}

// MARK: - Waits

extension Executor {
  private func wait(
    _ operation: Operation, _ goal: WaitGoal, _ timeout: Duration, _ client: KubernetesClient
  ) async throws -> Outcome {
    let object = operation.object
    let onEvent = mesh.options.onEvent
    let onPending: @Sendable (String) -> Void = { onEvent?(.waiting(operation, reason: $0)) }
    let type = try await type(of: object, client)
    let name = object.name ?? ""
    do {
      let found: JSONValue?
      switch goal {
      case .condition(let condition):
        found = try await client.wait(
          type, name: name, namespace: object.namespace, for: [condition], timeout: timeout,
          onPending: onPending)
      case .loadBalancerAddress, .token, .accountSecret:
        found = try await client.waitFor(
          type, name: name, namespace: object.namespace, timeout: timeout, onPending: onPending,
          judge: { goal.verdict(on: $0) })
      }
      return Outcome(operation, .done, object: found)
    } catch let failure as WaitFailure {
      throw ScriptError.cluster(
        failure.isMissing ? .notFound : .cannotHappen, operation.cluster,
        "wait for \(object): \(goal): \(failure.reason)",
        status: failure.isMissing ? 404 : 0, reason: failure.isMissing ? "NotFound" : "Failed",
        notes: failure.isMissing ? ["`for: \"create\"` waits until it exists"] : [])
    } catch let timeout as WaitTimeout {
      throw timedOut(timeout, operation, goal)
    }
  }

  private func timedOut(
    _ timeout: WaitTimeout, _ operation: Operation, _ goal: WaitGoal
  ) -> ScriptError {
    var reason = timeout.reason.isEmpty ? "nothing is known of it" : timeout.reason
    if let trouble = timeout.lastError { reason += "; last trouble: \(trouble.message)" }
    return .cluster(
      .timedOut, operation.cluster,
      "waited \(timeout.timeout.scriptText) for \(operation.object): \(goal): \(reason)",
      kind: "timeout", reason: "Timeout", notes: notes(on: goal))
  }

  private func notes(on goal: WaitGoal) -> [String] {
    switch goal {
    case .condition(.rollout):
      ["a gateway's pods start only when its revision's control plane injects them"]
    case .loadBalancerAddress:
      ["a cluster without a load balancer gives none; `wait: 0s` does not wait for it"]
    default: []
    }
  }
}

// MARK: - What clusters say of themselves

extension Executor {
  private func asking(_ cluster: Cluster, _ kind: String = "APIServer") -> Operation {
    Operation(.read, ObjectReference(apiVersion: "v1", kind: kind), on: cluster)
  }

  /// Carries out a question that is no operation on an object; its failure is thrown and recorded.
  private func ask<Answer>(
    _ operation: Operation, _ body: (ClusterConnection.Contact) async throws -> Answer
  ) async throws -> Answer {
    mesh.touch(operation.cluster)
    do {
      let contact = try await contact(operation)
      do { return try await body(contact) } catch let error as APIError {
        throw scriptError(error, operation)
      }
    } catch let error as ScriptError {
      mesh.record(
        Outcome(operation, .failed, reason: error.message), error: error, isThrown: true)
      throw error
    }
  }

  /// The kind that a script's word means on a cluster.
  func resource(_ word: String, on cluster: Cluster) async throws -> ResourceType {
    try await ask(asking(cluster, word)) { try await $0.client.resourceType(named: word) }
  }

  /// The kind of an object on a cluster.
  func resource(of object: ObjectReference, on cluster: Cluster) async throws -> ResourceType {
    try await ask(Operation(.read, object, on: cluster)) {
      try await $0.client.resourceType(apiVersion: object.apiVersion, kind: object.kind)
    }
  }

  /// Makes the next look-up of a kind ask the cluster again.
  func forgetResources(of cluster: Cluster) async throws {
    try await ask(asking(cluster)) { $0.client.invalidateDiscovery() }
  }

  /// The API server's whole version, such as `v1.29.3-gke.100`.
  func version(of cluster: Cluster) async throws -> String {
    try await ask(asking(cluster)) { $0.version.gitVersion }
  }

  /// Whether the API server's version comes before one. It must have answered already.
  func isOlder(_ cluster: Cluster, than version: (major: Int, minor: Int)) async throws -> Bool {
    let own = try await ask(asking(cluster)) { $0.version }
    return (own.major, own.minor) < (version.major, version.minor)
  }

  /// Whether the API server answers.
  func isReachable(_ cluster: Cluster) async throws -> Bool {
    mesh.touch(cluster)
    do {
      _ = try await contact(asking(cluster))
      return true
    } catch let error as ScriptError where error.code == MeshErrorCode.unreachable.rawValue {
      return false
    }
  }

  /// The network that a cluster's system namespace is labelled with; null when it has none.
  func network(of cluster: Cluster) async throws -> ScriptValue {
    let namespace = try await namespace(Names.systemNamespace, of: cluster)
    let label = namespace?[path: "metadata", "labels", Names.networkLabel]?.string
    return label.map { .string($0) } ?? .null
  }

  /// The UID of a cluster's `kube-system` namespace, by which clusters are told apart.
  func uid(of cluster: Cluster) async throws -> ScriptValue {
    let namespace = try await namespace("kube-system", of: cluster)
    return namespace?[path: "metadata", "uid"]?.string.map { .string($0) } ?? .null
  }

  private func namespace(_ name: String, of cluster: Cluster) async throws -> JSONValue? {
    let object = ObjectReference(apiVersion: "v1", kind: "Namespace", name: name)
    return try await perform(Operation(.read, object, on: cluster)).object
  }
}
