// Evictions: deletions of pods that respect disruption budgets (policy Eviction).
//
//   answer                              what follows
//   201                                 the pod is going: wait until it has gone, by its UID
//   404                                 it has gone
//   429 (a budget forbids it now)       again in five seconds, if it is still the same pod
//   403, the namespace is terminating   done when the pod is being deleted already, else as 429
//   anything else                       an error
//
// A budget that allows nothing answers 429 without Retry-After, one whose status lags behind with
// it. Neither means that the server is busy, so requests of this kind are not tried again below.

import JSON

extension KubernetesClient {
  /// Asks once that a pod be evicted.
  ///
  /// - Parameters:
  ///   - uid: Only the pod with that UID is evicted, another is an error with status 409.
  ///   - gracePeriod: Seconds; nil is the pod's own.
  /// - Throws: `APIError`; with status 429 when a disruption budget forbids it now, and with status
  ///   404 when there is no such pod.
  public func evict(
    pod name: String, namespace: String, uid: String? = nil, gracePeriod: Int? = nil,
    dryRun: Bool = false
  ) async throws {
    let type = try await resourceType(apiVersion: "v1", kind: "Pod")
    // Served as policy/v1 since 1.22; every server names the version in its discovery.
    let version = type.subresourceVersions["eviction"] ?? "policy/v1"
    let options = Self.deleteOptions(
      uid: uid, resourceVersion: nil, nil, gracePeriod, dryRun: dryRun)
    _ = try await create(
      type,
      [
        "apiVersion": .string(version), "kind": "Eviction",
        "metadata": ["name": .string(name), "namespace": .string(namespace)],
        "deleteOptions": options,
      ], namespace: namespace, dryRun: dryRun, name: name, subresource: "eviction",
      advice: "get the pod before evicting it again")
  }

  /// Evicts a pod and waits until it has gone. A pod that does not exist is no error.
  ///
  /// - Parameters:
  ///   - timeout: For both together; a negative one means a week.
  ///   - onPending: Gets why it still waits, each time that this changes.
  /// - Throws: `WaitTimeout` with the reason, `APIError`.
  public func evictAndWait(
    pod name: String, namespace: String, gracePeriod: Int? = nil, timeout: Duration,
    onPending: @escaping @Sendable (String) -> Void = { _ in }
  ) async throws {
    let type = try await resourceType(apiVersion: "v1", kind: "Pod")
    let eviction = PodEviction(
      client: self, type: type, name: name, namespace: namespace, gracePeriod: gracePeriod,
      deadline: .now + WaitTime.limit(timeout), timeout: timeout, onPending: onPending)
    try await eviction.run()
  }
}

/// One pod on its way out.
private struct PodEviction: Sendable {
  let client: KubernetesClient
  let type: ResourceType
  let name: String
  let namespace: String
  let gracePeriod: Int?
  let deadline: ContinuousClock.Instant
  let timeout: Duration
  let onPending: @Sendable (String) -> Void

  private static let pause = Duration.seconds(5)

  func run() async throws {
    guard let pod = try await live(), let uid = pod[path: "metadata", "uid"]?.string else { return }
    var told = ""
    while true {
      do {
        try await client.evict(
          pod: name, namespace: namespace, uid: uid, gracePeriod: gracePeriod)
        return try await waitUntilGone(uid)
      } catch let error as APIError where error.status == 404 {
        return
      } catch let error as APIError where isBlocked(error) {
        // Another pod of that name is none of ours.
        guard let now = try await live(), now[path: "metadata", "uid"]?.string == uid else {
          return
        }
        if error.status == 403, now[path: "metadata", "deletionTimestamp"] != nil {
          return try await waitUntilGone(uid)
        }
        let reason = ([error.message] + error.causes.map(\.message)).joined(separator: " ")
        if reason != told { onPending(reason) }
        told = reason
        guard deadline > .now + Self.pause * Pause.scale else { throw timedOut(now, reason) }
        try await Pause.sleep(for: Self.pause)
      }
    }
  }

  private func live() async throws -> JSONValue? {
    try await client.getIfPresent(type, name: name, namespace: namespace)
  }

  private func isBlocked(_ error: APIError) -> Bool {
    error.status == 429
      || (error.status == 403 && error.causes.contains { $0.reason == "NamespaceTerminating" })
  }

  private func waitUntilGone(_ uid: String) async throws {
    let condition = WaitCondition.deleted(uid: uid)
    do {
      try await client.waitFor(
        type, name: name, namespace: namespace,
        timeout: max(.milliseconds(1), deadline - .now), onPending: onPending,
        judge: { condition.verdict(on: $0) })
    } catch var error as WaitTimeout {
      error.timeout = timeout
      throw error
    }
  }

  private func timedOut(_ pod: JSONValue, _ reason: String) -> WaitTimeout {
    WaitTimeout(
      cluster: client.cluster, object: type.describe(name: name, namespace: namespace),
      timeout: timeout, reason: reason, lastObject: pod, lastError: nil)
  }
}
