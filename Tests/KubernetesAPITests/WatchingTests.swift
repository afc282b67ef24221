// Watches and observations against API servers, and through everything that can happen to them.

import JSON
import SimulatedCluster
import TestClusters
import Testing

@testable import KubernetesClient

@Suite("API: watches", .serialized, .timeLimit(.minutes(5)))
struct WatchingTests {
  /// The names of what an observation tells, each `=` all, `+` there, `-` gone.
  private func text(_ observation: Observation) -> String {
    switch observation {
    case .synced(let objects): "= " + objects.compactMap(\.name).sorted().joined(separator: " ")
    case .changed(let object): "+ \(object.name ?? "") \(object[path: "data", "k"]?.string ?? "")"
    case .deleted(let object): "- \(object.name ?? "")"
    }
  }

  @Test("a watch tells what happens after a list", arguments: Backend.available)
  func watch(backend: Backend) async throws {
    let place = try await Place.on(backend)
    try await place.create("a", labels: ["mine": "1"])
    let list = try await place.client.list(
      Types.map, namespace: place.namespace, labels: "mine")
    try await place.merge("a", ["data": ["k": "2"]])
    try await place.create("b", labels: ["mine": "1"])
    try await place.client.delete(Types.map, name: "a", namespace: place.namespace)
    let events = try await collect(
      place.client.watch(
        Types.map, namespace: place.namespace, labels: "mine",
        resourceVersion: list.resourceVersion)
    ) { $0.count == 3 }
    #expect(events.map(\.kind) == [.modified, .added, .deleted])
    #expect(events.compactMap(\.object.name) == ["a", "b", "a"])
  }

  @Test("a watch of metadata tells no more than that", arguments: Backend.available)
  func metadata(backend: Backend) async throws {
    let place = try await Place.on(backend)
    try await place.create("a", labels: ["mine": "1"])
    let events = try await collect(
      place.client.watch(
        Types.map, namespace: place.namespace, labels: "mine", form: .metadata)
    ) { $0.count == 1 }
    #expect(events[0].object["kind"] == "PartialObjectMetadata")
    #expect(events[0].object["data"] == nil)
    #expect(events[0].object.name == "a")
  }

  @Test(
    "an observation begins with all objects, whether the server streams lists or not",
    arguments: Backend.available)
  func observe(backend: Backend) async throws {
    let place = try await Place.on(backend)
    for name in ["a", "b"] { try await place.create(name, labels: ["mine": "1"]) }
    var seen: [String] = []
    for try await observation in place.client.observe(
      Types.map, namespace: place.namespace, labels: "mine")
    {
      seen.append(text(observation))
      if seen.count == 1 {
        try await place.merge("a", ["data": ["k": "2"]])
        try await place.client.delete(Types.map, name: "b", namespace: place.namespace)
      }
      if seen.count == 3 { break }
    }
    #expect(seen == ["= a b", "+ a 2", "- b"])
    // Version 1.20 refuses the parameters of a streaming list; what it said is remembered.
    #expect(place.client.discovery.streamsLists == (backend == .simulated))
  }

  @Test("a refusal ends an observation at once", arguments: Backend.available)
  func refused(backend: Backend) async throws {
    let client = try await backend.client()
    let type = ResourceType(
      group: "nobody.example", version: "v1", kind: "None", plural: "nones", isNamespaced: true)
    let error = await #expect(throws: APIError.self) {
      for try await _ in client.observe(type) {}
    }
    #expect(error?.status == 404)
    let dead = try await backend.client("dead")
    let unreachable = await #expect(throws: APIError.self) {
      for try await _ in dead.observe(Types.map) {}
    }
    #expect(unreachable?.isUnreachable == true)
  }
}

/// The same through faults that only a simulated cluster makes on demand.
@Suite("API: watches through faults", .serialized, .timeLimit(.minutes(5)))
struct WatchFaultTests {
  private func withCluster(
    _ options: SimulatedCluster.Options = .init(name: "watched"),
    _ body: @Sendable (SimulatedCluster, Place) async throws -> Void
  ) async throws {
    let cluster = try await SimulatedCluster.start(options)
    let failures = Place.Log()
    let client = try cluster.client(
      hooks: ClientHooks(onRequest: { trace in
        if let failure = trace.failure { failures.add(failure) }
      }))
    let place = try await Place(client: client, failures: failures)
    let result: Result<Void, any Error>
    do {
      // Pauses between tries are what is waited for least.
      try await Pause.$scale.withValue(0.02) { try await body(cluster, place) }
      result = .success(())
    } catch { result = .failure(error) }
    await cluster.stop()
    try result.get()
  }

  /// Follows an observation; at each element `step` gets what was seen so far and says whether it is
  /// enough.
  private func follow(
    _ place: Place, _ step: ([Observation]) async throws -> Bool
  ) async throws -> [Observation] {
    var seen: [Observation] = []
    for try await observation in place.client.observe(
      Types.map, namespace: place.namespace, labels: "mine")
    {
      seen.append(observation)
      if try await step(seen) { break }
    }
    return seen
  }

  private func watches(_ cluster: SimulatedCluster) -> [[String: String]] {
    cluster.requests.filter { $0.query.contains { $0.name == "watch" } }.map { request in
      Dictionary(request.query.map { ($0.name, $0.value) }, uniquingKeysWith: { $1 })
    }
  }

  @Test("kube-rs#1882: a resumed watch does not ask for the initial events again")
  func resumed() async throws {
    try await withCluster { cluster, place in
      try await place.create("a", labels: ["mine": "1"])
      let seen = try await follow(place) { seen in
        if seen.count == 1 {
          cluster.endWatches()
          try await place.create("b", labels: ["mine": "1"])
        }
        return seen.count == 2
      }
      guard case .changed(let object) = seen[1] else { throw Unexpected() }
      #expect(object.name == "b")
      let watches = watches(cluster)
      #expect(watches.first?["sendInitialEvents"] == "true")
      #expect(watches.first?["resourceVersionMatch"] == "NotOlderThan")
      #expect(watches.first?["resourceVersion"] == nil)
      #expect(watches.count >= 2)
      for resumed in watches.dropFirst() {
        #expect(resumed["sendInitialEvents"] == nil)
        #expect(resumed["resourceVersionMatch"] == nil)
        #expect(Int(resumed["resourceVersion"] ?? "") != nil)
        #expect((WatchRun.seconds).contains(Int(resumed["timeoutSeconds"] ?? "") ?? 0))
      }
    }
  }

  @Test("a bookmark moves the place on, so that a compaction does no harm")
  func bookmarks() async throws {
    try await withCluster { cluster, place in
      try await place.create("a", labels: ["mine": "1"])
      let seen = try await follow(place) { seen in
        if seen.count == 1 {
          // Not of this selection: only bookmarks tell of it.
          let other = try await place.create("x")
          cluster.sendBookmarks()
          cluster.compact()
          cluster.endWatches()
          while watches(cluster).count < 2 { await Task.yield() }
          let resumed = Int(watches(cluster).last?["resourceVersion"] ?? "") ?? 0
          #expect(resumed >= Int(other.version ?? "") ?? .max)
          try await place.create("b", labels: ["mine": "1"])
        }
        return seen.count == 2
      }
      guard case .changed = seen[1] else { throw Unexpected() }
    }
  }

  @Test(
    "kr8s#478/lightkube#108/kubernetes_asyncio#136: 410 as a status and as an event means a new list"
  )
  func gone() async throws {
    for isEvent in [true, false] {
      try await withCluster { cluster, place in
        try await place.create("a", labels: ["mine": "1"])
        let seen = try await follow(place) { seen in
          if seen.count == 1 {
            if isEvent {
              try await place.client.delete(Types.map, name: "a", namespace: place.namespace)
              cluster.failWatches(code: 410, reason: "Expired", message: "too old")
            } else {
              let body =
                #"{"kind":"Status","status":"Failure","reason":"Expired","code":410}"#
              cluster.inject(
                Fault(
                  .status(410, contentType: "application/json", body: body), parameter: "watch"))
              cluster.endWatches()
              try await place.client.delete(Types.map, name: "a", namespace: place.namespace)
            }
          }
          if case .synced(let objects) = seen.last, objects.isEmpty { return true }
          return false
        }
        #expect(seen.count >= 2)
      }
    }
  }

  @Test("kubernetes#137089/fabric8#7896: closes without a word mean a new list")
  func silentCloses() async throws {
    try await withCluster { cluster, place in
      try await place.create("a", labels: ["mine": "1"])
      let seen = try await follow(place) { seen in
        if seen.count == 1 {
          cluster.inject(
            Fault(
              .status(200, contentType: "application/json", body: ""), parameter: "watch",
              count: 12))
          cluster.endWatches()
        }
        return seen.count == 2
      }
      guard case .synced(let objects) = seen[1] else { throw Unexpected() }
      #expect(objects.count == 1)
      let watches = watches(cluster)
      #expect(watches.count == 14)
      // After three of them the version that they began with is given up.
      #expect(watches.prefix(4).compactMap { $0["resourceVersion"] }.count == 3)
      #expect(watches.last?["sendInitialEvents"] == "true")
    }
  }

  @Test("fabric8#4974/#3177/#4388: an observation outlives a server that restarts without history")
  func restart() async throws {
    try await withCluster { cluster, place in
      try await place.create("a", labels: ["mine": "1"])
      let seen = try await follow(place) { seen in
        if seen.count == 1 {
          try await cluster.restart {
            while place.failures.texts.count < 3 { await Task.yield() }
          }
          // The watch's failures have opened the circuit: calls fail at once for a while.
          while await (try? place.create("b", labels: ["mine": "1"])) == nil { await Task.yield() }
        }
        if case .synced(let objects) = seen.last { return objects.count == 2 }
        return seen.count > 1
      }
      #expect(seen.count >= 2)
    }
  }

  @Test("fabric8#2992: answers 503 and 500 in between are waited out, without a new list")
  func unavailable() async throws {
    try await withCluster { cluster, place in
      try await place.create("a", labels: ["mine": "1"])
      let seen = try await follow(place) { seen in
        if seen.count == 1 {
          cluster.inject(Fault(.status(503, body: "later"), parameter: "watch", count: 2))
          cluster.inject(Fault(.status(429, body: "slowly"), parameter: "watch"))
          cluster.failWatches(code: 500, reason: "InternalError", message: "no leader")
          try await place.create("b", labels: ["mine": "1"])
        }
        return seen.count == 2
      }
      guard case .changed(let object) = seen[1] else { throw Unexpected() }
      #expect(object.name == "b")
    }
  }

  @Test("a refusal that comes later is told", arguments: [401, 403])
  func refusedLater(status: Int) async throws {
    try await withCluster { cluster, place in
      let error = await #expect(throws: APIError.self) {
        _ = try await follow(place) { seen in
          cluster.inject(Fault(.status(status, body: "no"), parameter: "watch"))
          cluster.endWatches()
          return seen.count > 1
        }
      }
      #expect(error?.status == status)
    }
  }

  @Test(
    "swiftkube#31: events are whole however small their pieces are", arguments: [1, 7, 16_384])
  func pieces(size: Int) async throws {
    var options = SimulatedCluster.Options(name: "watched")
    options.pieceSize = size
    try await withCluster(options) { cluster, place in
      try await place.create("a", data: ["k": "é\u{2028}\u{85}✓"], labels: ["mine": "1"])
      let seen = try await follow(place) { seen in
        if seen.count == 1 { try await place.merge("a", ["data": ["k": "zwei\u{2028}"]]) }
        return seen.count == 2
      }
      guard case .changed(let object) = seen[1] else { throw Unexpected() }
      #expect(object[path: "data", "k"] == "zwei\u{2028}")
    }
  }

  @Test("kubernetes#91686/rancher#15719: an event of two megabytes in pieces of 16 kB is one event")
  func largeEvent() async throws {
    var options = SimulatedCluster.Options(name: "watched")
    options.pieceSize = 16_384
    try await withCluster(options) { cluster, place in
      let large = String(repeating: "0123456789abcdef", count: 125_000)
      let seen = try await follow(place) { seen in
        if seen.count == 1 {
          try await place.create("a", data: ["k": .string(large)], labels: ["mine": "1"])
        }
        return seen.count == 2
      }
      guard case .changed(let object) = seen[1] else { throw Unexpected() }
      #expect(object[path: "data", "k"]?.string?.utf8.count == 2_000_000)
    }
  }

  @Test(
    "servers before 1.32 are listed and watched, after one question",
    arguments: ["1.20.2", "1.28.0"])
  func olderServers(version: String) async throws {
    var options = SimulatedCluster.Options(name: "watched")
    options.version = version
    try await withCluster(options) { cluster, place in
      try await place.create("a", labels: ["mine": "1"])
      for _ in 0..<2 {
        let seen = try await follow(place) { _ in true }
        #expect(seen.count == 1)
      }
      #expect(watches(cluster).count { $0["sendInitialEvents"] != nil } == 1)
    }
  }

  @Test("pages that expire between two requests are read once more, whole")
  func expiredPages() async throws {
    try await withCluster { cluster, place in
      for name in ["a", "b", "c"] { try await place.create(name, labels: ["mine": "1"]) }
      let body = #"{"kind":"Status","status":"Failure","reason":"Expired","code":410}"#
      cluster.inject(
        Fault(.status(410, contentType: "application/json", body: body), parameter: "continue"))
      let list = try await place.client.list(
        Types.map, namespace: place.namespace, labels: "mine", pageSize: 2)
      #expect(list.items.compactMap(\.name) == ["a", "b", "c"])
      let limits = cluster.requests.suffix(3).map { request in
        request.query.first { $0.name == "limit" }?.value
      }
      #expect(limits == ["2", "2", nil])
    }
  }
}

/// Something else came.
struct Unexpected: Error {}

extension SimulatedCluster {
  /// An administrator's client.
  func client(
    hooks: ClientHooks = ClientHooks(), discoveryFolder: DiscoveryFolder? = nil
  ) throws -> KubernetesClient {
    guard let address = ServerAddress(server) else { throw Unexpected() }
    let settings = ConnectionSettings(
      contextName: options.name, server: address, certificateAuthority: Array(caPEM.utf8),
      credential: .token(Secret(adminToken)))
    return KubernetesClient(
      cluster: options.name, settings: settings, hooks: hooks, discoveryFolder: discoveryFolder)
  }
}
