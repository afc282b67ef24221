// Logs: what a real server without nodes says, and everything else against simulated clusters.

import JSON
import SimulatedCluster
import Synchronization
import TestClusters
import Testing

@testable import KubernetesClient

@Suite("API: logs", .serialized, .timeLimit(.minutes(5)))
struct LogTests {
  private func withPod(
    containers: [String] = ["main"],
    _ body: @Sendable (SimulatedCluster, Place) async throws -> Void
  ) async throws {
    let clock = Mutex<Int64>(1_795_426_231)
    var options = SimulatedCluster.Options(name: "logs")
    // Every look at the clock is a second later, so that lines have times of their own.
    options.now = {
      clock.withLock {
        $0 += 1
        return $0
      }
    }
    let cluster = try await SimulatedCluster.start(options)
    let place = try await Place(client: try cluster.client())
    _ = try await place.createPod("p", containers: containers)
    try await place.client.wait(
      Types.pod, name: "p", namespace: place.namespace,
      for: [try #require(WaitCondition("condition=Ready"))])
    let result: Result<Void, any Error>
    do {
      try await Pause.$scale.withValue(0.02) { try await body(cluster, place) }
      result = .success(())
    } catch { result = .failure(error) }
    await cluster.stop()
    try result.get()
  }

  private func lines(
    _ place: Place, _ change: (inout LogOptions) -> Void = { _ in }
  ) async throws -> [LogLine] {
    var options = LogOptions()
    change(&options)
    var lines: [LogLine] = []
    for try await line in place.client.logs(
      pod: "p", namespace: place.namespace, options: options)
    { lines.append(line) }
    return lines
  }

  private func write(
    _ texts: String..., to cluster: SimulatedCluster, _ place: Place, container: String = "main"
  ) {
    for text in texts {
      cluster.writeLog(text, pod: "p", namespace: place.namespace, container: container)
    }
  }

  @Test(
    "a pod on no node has an empty log, one that does not exist has none",
    arguments: Backend.available)
  func refused(backend: Backend) async throws {
    let place = try await Place.on(backend)
    if backend == .real {
      // A pod on no node has no log yet, which is no error.
      _ = try await place.createPod("p")
      let none = try await lines(place)
      #expect(none.isEmpty)
    }
    for follow in [true, false] {
      let missing = await #expect(throws: APIError.self) {
        var options = LogOptions()
        options.follow = follow
        for try await _ in place.client.logs(
          pod: "none", namespace: place.namespace, options: options)
        {}
      }
      #expect(missing?.status == 404)
    }
    let empty = await #expect(throws: APIError.self) {
      for try await _ in place.client.logs(pod: "p", namespace: "") {}
    }
    #expect(empty?.reason == "InvalidRequest")
  }

  @Test("lines are chosen by time, number and size")
  func choices() async throws {
    try await withPod { cluster, place in
      write("one", "", "drei é", to: cluster, place)
      #expect(try await lines(place).map(\.text) == ["one", "", "drei é"])
      #expect(try await lines(place) { $0.tailLines = 1 }.map(\.text) == ["drei é"])
      #expect(try await lines(place) { $0.tailLines = 0 }.isEmpty)
      #expect(try await lines(place) { $0.limitBytes = 5 }.map(\.text) == ["one", ""])
      let timed = try await lines(place) { $0.timestamps = true }
      #expect(timed.map(\.text) == ["one", "", "drei é"])
      let times = try timed.map { try #require(LogTime($0.time ?? "")) }
      #expect(times == times.sorted())
      #expect(
        try await lines(place) { $0.sinceTime = timed[1].time }.map(\.text) == ["", "drei é"])
      #expect(try await lines(place) { $0.sinceSeconds = 3600 }.count == 3)
      let error = await #expect(throws: APIError.self) {
        try await lines(place) { $0.container = "none" }
      }
      #expect(error?.status == 400)
    }
  }

  @Test("the run before can be read, and is missing before there was one")
  func previous() async throws {
    try await withPod { cluster, place in
      let error = await #expect(throws: APIError.self) {
        try await lines(place) { $0.previous = true }
      }
      #expect(error?.message.contains("not found") == true)
      write("before", to: cluster, place)
      cluster.restartContainer("main", pod: "p", namespace: place.namespace)
      write("after", to: cluster, place)
      let before = try await lines(place) { $0.previous = true }
      let after = try await lines(place)
      #expect(before.map(\.text) == ["before"])
      #expect(after.map(\.text) == ["after"])
    }
  }

  @Test("a log that is followed goes on over broken connections, each line once")
  func follow() async throws {
    try await withPod { cluster, place in
      write("0", to: cluster, place)
      var options = LogOptions()
      options.follow = true
      options.tailLines = 10
      var seen: [String] = []
      for try await line in place.client.logs(
        pod: "p", namespace: place.namespace, options: options)
      {
        seen.append(line.text)
        let count = seen.count
        #expect(line.time == nil)
        if count == 20 {
          cluster.restartContainer("main", pod: "p", namespace: place.namespace)
          continue
        }
        guard count < 20 else { continue }
        // Cleanly, as a load balancer does; with errors; and with the server gone.
        if count % 5 == 0 { cluster.cutLogs(pod: "p", namespace: place.namespace) }
        if count == 7 {
          cluster.inject(
            Fault(.status(503, body: "busy"), pathPrefix: "/api/v1/namespaces/", count: 2))
          cluster.cutLogs(pod: "p", namespace: place.namespace)
        }
        if count == 12 { try await cluster.restart() }
        write("\(count)", to: cluster, place)
      }
      #expect(seen == (0..<20).map(String.init))
      let queries = cluster.requests.filter { $0.path.hasSuffix("/log") }.map { request in
        Dictionary(request.query.map { ($0.name, $0.value) }, uniquingKeysWith: { $1 })
      }
      #expect(queries[0]["tailLines"] == "10")
      #expect(queries[0]["sinceTime"] == nil)
      #expect(queries.dropFirst().allSatisfy { $0["tailLines"] == nil && $0["sinceTime"] != nil })
    }
  }

  @Test("a log that is followed ends with its pod")
  func followToTheEnd() async throws {
    try await withPod { cluster, place in
      write("last", to: cluster, place)
      var options = LogOptions()
      options.follow = true
      options.timestamps = true
      var seen: [LogLine] = []
      for try await line in place.client.logs(
        pod: "p", namespace: place.namespace, options: options)
      {
        seen.append(line)
        try await place.client.delete(Types.pod, name: "p", namespace: place.namespace)
      }
      #expect(seen.map(\.text) == ["last"])
      #expect(seen[0].time != nil)
    }
  }

  @Test("of several containers the first is read, with a word; or the one named; or all")
  func containers() async throws {
    try await withPod(containers: ["main", "side"]) { cluster, place in
      write("m", to: cluster, place)
      write("s", to: cluster, place, container: "side")
      #expect(try await lines(place) { $0.container = "side" }.map(\.text) == ["s"])
      let both = try await lines(place) { $0.allContainers = true }
      #expect(Set(both.map { "\($0.container) \($0.text)" }) == ["main m", "side s"])
      let warnings = Place.Log()
      let client = try cluster.client(hooks: ClientHooks(onWarning: { warnings.add($0) }))
      let first = try await collect(client.logs(pod: "p", namespace: place.namespace)) { _ in false
      }
      #expect(first.map(\.container) == ["main"])
      #expect(warnings.texts.first?.contains("main, side") == true)
      _ = try await place.client.patch(
        Types.pod, name: "p", namespace: place.namespace,
        ["metadata": ["annotations": ["kubectl.kubernetes.io/default-container": "side"]]])
      #expect(try await lines(place).map(\.text) == ["s"])
    }
  }
}
