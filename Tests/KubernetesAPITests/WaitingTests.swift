// Waits, rollouts and evictions against API servers.

import JSON
import SimulatedCluster
import TestClusters
import Testing

@testable import KubernetesClient

@Suite("API: waits", .serialized, .timeLimit(.minutes(5)))
struct WaitingTests {
  private func condition(_ text: String) throws -> WaitCondition {
    try #require(WaitCondition(text))
  }

  private func setCondition(_ place: Place, _ name: String, _ status: String) async throws {
    _ = try await place.client.patch(
      Types.pod, name: name, namespace: place.namespace,
      [
        "status": [
          "conditions": [
            ["type": "Checked", "status": .string(status), "reason": "Because"]
          ]
        ]
      ], subresource: "status")
  }

  @Test(
    "a wait sees what comes about, and says why it waits until then",
    arguments: Backend.available)
  func comesAbout(backend: Backend) async throws {
    let place = try await Place.on(backend)
    _ = try await place.createPod("p")
    let reasons = Place.Log()
    async let waited = place.client.wait(
      Types.pod, name: "p", namespace: place.namespace,
      for: [try condition("condition=checked"), try condition("jsonpath={.metadata.labels.x}=1")],
      timeout: .seconds(60), onPending: { reasons.add($0) })
    while reasons.texts.isEmpty { await Task.yield() }
    #expect(reasons.texts == ["it has no condition checked"])
    try await setCondition(place, "p", "False")
    while reasons.texts.count < 2 { await Task.yield() }
    #expect(reasons.texts[1] == "its condition checked is False (Because)")
    try await setCondition(place, "p", "TRUE")
    while reasons.texts.count < 3 { await Task.yield() }
    #expect(reasons.texts[2] == "it has no {.metadata.labels.x}")
    _ = try await place.client.patch(
      Types.pod, name: "p", namespace: place.namespace, ["metadata": ["labels": ["x": "1"]]])
    #expect(try await waited?.name == "p")
  }

  @Test("zero looks once; out of time the reason is told", arguments: Backend.available)
  func timeouts(backend: Backend) async throws {
    let place = try await Place.on(backend)
    try await place.create("a")
    for timeout in [Duration.zero, .seconds(5)] {
      let error = await #expect(throws: WaitTimeout.self) {
        try await place.client.wait(
          Types.map, name: "a", namespace: place.namespace,
          for: [.created, try condition("condition=Ready")], timeout: timeout)
      }
      #expect(error?.reason == "it has no condition Ready")
      #expect(error?.timeout == timeout)
      #expect(error?.lastObject?.name == "a")
      #expect(error?.description.contains("it has no condition Ready") == true)
    }
    #expect(WaitTime.limit(.seconds(-1)) == .seconds(168 * 3600))
  }

  @Test(
    "what does not exist is NotFound, unless its creation or deletion is waited for",
    arguments: Backend.available)
  func missing(backend: Backend) async throws {
    let place = try await Place.on(backend)
    let error = await #expect(throws: WaitFailure.self) {
      try await place.client.wait(
        Types.map, name: "a", namespace: place.namespace, for: [try condition("condition=Ready")],
        timeout: .seconds(60))
    }
    #expect(error?.isMissing == true)
    let gone = try await place.client.wait(
      Types.map, name: "a", namespace: place.namespace, for: [try condition("delete")],
      timeout: .zero)
    #expect(gone == nil)
    async let created = place.client.wait(
      Types.map, name: "a", namespace: place.namespace, for: [.created], timeout: .seconds(60))
    try await place.create("a")
    #expect(try await created?.name == "a")
  }

  @Test(
    "an object that is deleted meanwhile fails a wait for its condition",
    arguments: Backend.available)
  func deletedMeanwhile(backend: Backend) async throws {
    let place = try await Place.on(backend)
    try await place.create("a")
    let reasons = Place.Log()
    async let waited = place.client.wait(
      Types.map, name: "a", namespace: place.namespace, for: [try condition("condition=Ready")],
      timeout: .seconds(60), onPending: { reasons.add($0) })
    while reasons.texts.isEmpty { await Task.yield() }
    try await place.client.delete(Types.map, name: "a", namespace: place.namespace)
    do {
      _ = try await waited
      Issue.record("it cannot have come about")
    } catch let error as WaitFailure {
      #expect(error.isMissing)
      #expect(error.reason == "it was deleted")
    }
  }

  @Test("a deletion is over when a successor has the name", arguments: Backend.available)
  func successor(backend: Backend) async throws {
    let place = try await Place.on(backend)
    let first = try await place.create("a", finalizers: ["msh.test/hold"])
    try await place.client.delete(Types.map, name: "a", namespace: place.namespace)
    let reasons = Place.Log()
    async let waited = place.client.wait(
      Types.map, name: "a", namespace: place.namespace, for: [try condition("delete")],
      timeout: .seconds(60), onPending: { reasons.add($0) })
    while reasons.texts.isEmpty { await Task.yield() }
    #expect(reasons.texts == ["it waits for finalizers: msh.test/hold"])
    try await place.merge("a", ["metadata": ["finalizers": .null]])
    let second = try await place.create("a")
    #expect(first.uid != second.uid)
    _ = try await waited
  }

  @Test("a rollout waits for the pods that there cannot be", arguments: [Backend.real])
  func stuckRollout(backend: Backend) async throws {
    guard Backend.available.contains(backend) else { return }
    let place = try await Place.on(backend)
    _ = try await place.client.create(
      Types.deployment, Place.deployment("web", replicas: 1), namespace: place.namespace)
    let error = await #expect(throws: WaitTimeout.self) {
      try await place.client.wait(
        Types.deployment, name: "web", namespace: place.namespace, for: [.rollout],
        timeout: .seconds(3))
    }
    #expect(error?.reason.contains("pods") == true || error?.reason.contains("controller") == true)
  }

  @Test("rollouts of all three kinds end", arguments: ["Deployment", "DaemonSet", "StatefulSet"])
  func rollouts(kind: String) async throws {
    let place = try await Place.on(.simulated)
    let type = try await place.client.resourceType(apiVersion: "apps/v1", kind: kind)
    var object = Place.deployment("web", replicas: 2)
    object["kind"] = .string(kind)
    if kind == "DaemonSet" { object["spec"]?["replicas"] = nil }
    _ = try await place.client.create(type, object, namespace: place.namespace)
    let done = try await place.client.wait(
      type, name: "web", namespace: place.namespace, for: [.rollout], timeout: .seconds(60))
    #expect(done?["kind"]?.string == kind)
  }
}

@Suite("API: evictions", .serialized, .timeLimit(.minutes(5)))
struct EvictionTests {
  private func createBudget(_ place: Place, minAvailable: Int64) async throws {
    let type = try #require(
      try await place.client.servedVersions(group: "policy", kind: "PodDisruptionBudget").first)
    _ = try await place.client.create(
      type,
      [
        "metadata": ["name": "budget"],
        "spec": [
          "minAvailable": .int(minAvailable), "selector": ["matchLabels": ["app": "web"]],
        ],
      ], namespace: place.namespace)
  }

  @Test(
    "a pod is evicted in the version that the server has, and only that pod",
    arguments: Backend.available)
  func evict(backend: Backend) async throws {
    let place = try await Place.on(backend)
    let pod = try await place.createPod("p")
    let other = await #expect(throws: APIError.self) {
      try await place.client.evict(pod: "p", namespace: place.namespace, uid: "another")
    }
    #expect(other?.status == 409)
    try await place.client.evict(
      pod: "p", namespace: place.namespace, uid: pod.uid, dryRun: true)
    #expect(
      try await place.client.get(Types.pod, name: "p", namespace: place.namespace).uid == pod.uid)
    try await place.client.evictAndWait(
      pod: "p", namespace: place.namespace, gracePeriod: 0, timeout: .seconds(60))
    let gone = try await place.client.getIfPresent(
      Types.pod, name: "p", namespace: place.namespace)
    #expect(gone == nil)
    let error = await #expect(throws: APIError.self) {
      try await place.client.evict(pod: "p", namespace: place.namespace)
    }
    #expect(error?.status == 404)
    // A pod that does not exist has gone.
    try await place.client.evictAndWait(
      pod: "p", namespace: place.namespace, timeout: .seconds(60))
  }

  @Test(
    "a budget that allows nothing holds an eviction up until the time is over",
    arguments: Backend.available)
  func blocked(backend: Backend) async throws {
    let place = try await Place.on(backend)
    _ = try await place.createPod("p", labels: ["app": "web"])
    try await place.setPod("p", phase: "Running", ready: true)
    try await createBudget(place, minAvailable: 1)
    let reasons = Place.Log()
    let error = await Pause.$scale.withValue(0.05) {
      await #expect(throws: WaitTimeout.self) {
        try await place.client.evictAndWait(
          pod: "p", namespace: place.namespace, timeout: .seconds(2),
          onPending: { reasons.add($0) })
      }
    }
    #expect(error?.reason.contains("disruption budget") == true)
    #expect(reasons.texts.first?.contains("disruption budget") == true)
    #expect(
      try await place.client.get(Types.pod, name: "p", namespace: place.namespace).name == "p")
  }

  @Test("an eviction goes on as soon as the budget allows it, one pod at a time")
  func freed() async throws {
    let place = try await Place.on(.simulated)
    for name in ["p", "q"] { _ = try await place.createPod(name, labels: ["app": "web"]) }
    try await createBudget(place, minAvailable: 1)
    let budget = try #require(
      try await place.client.servedVersions(group: "policy", kind: "PodDisruptionBudget").first)
    try await place.client.wait(
      budget, name: "budget", namespace: place.namespace,
      for: [try #require(WaitCondition("jsonpath={.status.disruptionsAllowed}=1"))],
      timeout: .seconds(60))
    try await Pause.$scale.withValue(0.02) {
      try await place.client.evictAndWait(
        pod: "p", namespace: place.namespace, timeout: .seconds(60))
      let reasons = Place.Log()
      async let second: Void = place.client.evictAndWait(
        pod: "q", namespace: place.namespace, timeout: .seconds(60),
        onPending: { reasons.add($0) })
      while reasons.texts.isEmpty { await Task.yield() }
      _ = try await place.createPod("r", labels: ["app": "web"])
      try await second
    }
    let left = try await place.client.list(Types.pod, namespace: place.namespace)
    #expect(left.items.compactMap(\.name) == ["r"])
  }

  @Test("a blocked eviction is never tried again by the layer below")
  func noSilentRetry() async throws {
    let cluster = try await SimulatedCluster.start(.init(name: "evict"))
    let place = try await Place(client: try cluster.client())
    _ = try await place.createPod("p")
    cluster.clearRequests()
    cluster.inject(
      Fault(.status(429, retryAfter: 1, body: "busy"), method: "POST", count: 3))
    let error = await #expect(throws: APIError.self) {
      try await place.client.evict(pod: "p", namespace: place.namespace)
    }
    #expect(error?.status == 429)
    #expect(cluster.requests.count { $0.path.hasSuffix("/eviction") } == 1)
    await cluster.stop()
  }

  @Test("in a namespace that is going, a pod that is going too is only waited for")
  func terminatingNamespace() async throws {
    let place = try await Place.on(.simulated)
    _ = try await place.createPod("p")
    _ = try await place.client.patch(
      Types.pod, name: "p", namespace: place.namespace,
      ["metadata": ["finalizers": ["msh.test/hold"]]])
    try await place.client.delete(Types.namespace, name: place.namespace)
    let reasons = Place.Log()
    async let evicted: Void = Pause.$scale.withValue(0.02) {
      try await place.client.evictAndWait(
        pod: "p", namespace: place.namespace, timeout: .seconds(60),
        onPending: { reasons.add($0) })
    }
    while !reasons.texts.contains(where: { $0.contains("finalizers") }) { await Task.yield() }
    _ = try await place.client.patch(
      Types.pod, name: "p", namespace: place.namespace, ["metadata": ["finalizers": .null]])
    try await evicted
  }
}
