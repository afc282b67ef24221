// A cluster in trouble: what it costs, who learns of it, and that no other cluster notices.

import JSON
import TestClusters
import Testing

@testable import KubernetesClient

@Suite("A cluster in trouble", .timeLimit(.minutes(15)))
struct TroubleTests {
  private func deaf() -> FaultProxy.Options {
    var options = FaultProxy.Options()
    options.isDeaf = true
    return options
  }

  @Test("however many calls wait, one connect time-out is all it costs, in one connection")
  func oneBudget() async throws {
    var limits = TransportOptions()
    limits.connectTimeout = .milliseconds(300)
    limits.circuitPause = .seconds(3600)
    limits.longestCircuitPause = .seconds(3600)
    try await withProxy(
      .simulated, deaf(),
      transport: limits
    ) { setting in
      let client = setting.client()
      let calls = (0..<100).map { _ in Task { try await client.serverVersion() } }
      for call in calls {
        let error = try await apiError { try await call.value }
        #expect(error.reason == "Timeout")
      }
      // What comes later is told at once why, and when there is another try.
      let error = try await apiError { try await client.serverVersion() }
      #expect(error.isUnreachable)
      #expect(error.message.contains("tried again in"), "\(error)")
      let watch = await #expect(throws: APIError.self) {
        _ = try await client.open(Call(verb: "watch", object: "x", path: "/x"))
      }
      #expect(watch?.message.contains("tried again in") == true)
      // A busy machine accepts the connection only after the client has given up.
      try await eventually { setting.proxy.connectionCount > 0 }
      #expect(setting.proxy.connectionCount == 1)
    }
  }

  @Test("after the pause one call tries, and its success lets all through")
  func recovery() async throws {
    var limits = TransportOptions()
    limits.connectTimeout = .milliseconds(300)
    limits.circuitPause = .milliseconds(50)
    limits.longestCircuitPause = .milliseconds(50)
    try await withProxy(
      .simulated, deaf(),
      transport: limits
    ) { setting in
      let client = setting.client()
      _ = try await apiError { try await client.serverVersion() }
      setting.proxy.setDeaf(false)
      try await eventually { (try? await client.serverVersion()) != nil }
      let before = setting.proxy.connectionCount
      try await withThrowingTaskGroup(of: Void.self) { group in
        for _ in 0..<50 { group.addTask { _ = try await client.serverVersion() } }
        try await group.waitForAll()
      }
      #expect(setting.proxy.connectionCount == before)
    }
  }

  @Test("a cluster that does not answer delays no other")
  func fairness() async throws {
    // No time-out of its own may end the silence before the others are done.
    var limits = TransportOptions()
    limits.connectTimeout = .seconds(3600)
    try await withProxy(.simulated, deaf(), transport: limits) { setting in
      let stuck = setting.client(requestTimeout: .seconds(3600))
      let ended = Counter()
      let calls = (0..<100).map { _ in
        Task {
          defer { ended.add() }
          return try await stuck.serverVersion()
        }
      }
      try await eventually { setting.proxy.connectionCount == 1 }
      let other = KubernetesClient(
        cluster: "other", settings: try await Backend.simulated.settings(),
        transport: setting.transport)
      for _ in 0..<50 { _ = try await other.serverVersion() }
      #expect(ended.value == 0)
      for call in calls { call.cancel() }
      for call in calls {
        await #expect(throws: CancellationError.self) { try await call.value }
      }
    }
  }

  @Test("a cluster whose calls get no answer delays no other, and holds no more than its bound")
  func boundedInFlight() async throws {
    try await withProxy { setting in
      setting.proxy.play { _ in .silence }
      let stuck = setting.client(requestTimeout: .seconds(3600))
      let calls = (0..<100).map { _ in Task { try await stuck.serverVersion() } }
      try await eventually { setting.proxy.arrived.count == 32 }
      let other = KubernetesClient(
        cluster: "other", settings: try await Backend.simulated.settings(),
        transport: setting.transport)
      for _ in 0..<50 { _ = try await other.serverVersion() }
      #expect(setting.proxy.arrived.count == 32)
      #expect(setting.proxy.connectionCount == 1)
      for call in calls { call.cancel() }
      for call in calls {
        await #expect(throws: CancellationError.self) { try await call.value }
      }
    }
  }

  @Test("time in the queue counts: a call that never gets its turn ends in its time")
  func queueTime() async throws {
    try await withProxy { setting in
      setting.proxy.play { _ in .silence }
      let stuck = setting.client(requestTimeout: .seconds(3600))
      let calls = (0..<32).map { _ in Task { try await stuck.serverVersion() } }
      try await eventually { setting.proxy.arrived.count == 32 }
      var call = Call(verb: "version", object: "", path: "/version")
      call.timeout = .milliseconds(100)
      let late = call
      let error = try await apiError { try await stuck.send(late) }
      #expect(error.reason == "Timeout")
      #expect(error.message.contains("before a connection was free"))
      #expect(setting.proxy.arrived.count == 32)
      for call in calls { call.cancel() }
    }
  }

  @Test("further tries end with the caller's time, not after it")
  func retriesWithinTime() async throws {
    try await withProxy { setting in
      setting.proxy.play { _ in
        .answer(429, "wait", [("Retry-After", "30")] + Fault.text)
      }
      let client = setting.client(requestTimeout: .seconds(2))
      let error = try await apiError { try await client.serverVersion() }
      #expect(error.status == 429)
      #expect(setting.proxy.arrived.count == 1)
    }
  }

  @Test("cancelling calls ends their streams only; the others go on over the same connection")
  func cancel() async throws {
    let gate = Gate()
    try await withProxy { setting in
      let client = setting.client()
      _ = try await client.serverVersion()
      // What the transport sends by itself has no credentials.
      setting.proxy.play { $0.headers["authorization"] == nil ? .none : .held(gate) }
      let calls = (0..<10).map { _ in Task { try await client.serverVersion() } }
      try await eventually { setting.proxy.openExchanges == 10 }
      for call in calls[..<5] { call.cancel() }
      for call in calls[..<5] {
        await #expect(throws: CancellationError.self) { try await call.value }
      }
      try await eventually { setting.proxy.openExchanges == 5 }
      gate.open()
      for call in calls[5...] { #expect(try await call.value.major == 1) }
      #expect(setting.proxy.connectionCount == 1)
    }
  }

  @Test("kube-rs#1978, kube-rs#1887: streams that nobody reads any more leave nothing behind")
  func droppedStreams() async throws {
    let gate = Gate()
    try await withProxy { setting in
      setting.proxy.play { $0.isWatch ? .streamHeld(gate, []) : .none }
      let client = setting.client()
      _ = try await client.serverVersion()
      for _ in 0..<3 {
        let watches = (0..<40).map { _ in
          Task { for try await _ in client.watch(Things.configMap, resourceVersion: "1") {} }
        }
        try await eventually { setting.proxy.openExchanges == 40 }
        for watch in watches { watch.cancel() }
        try await eventually { setting.proxy.openExchanges == 0 }
      }
      #expect(setting.proxy.connectionCount == 1)
    }
  }

  @Test("a reader that is too slow loses its stream, not the program its memory")
  func overflow() async throws {
    let chunk = [UInt8](repeating: 0x20, count: 1 << 16)
    var limits = TransportOptions()
    limits.unreadBytesPerStream = 1 << 20
    try await withProxy(transport: limits) { setting in
      setting.proxy.play {
        $0.path == "/x" ? .stream(Array(repeating: chunk, count: 64), staysOpen: true) : .none
      }
      let target = Target(lane: -2, settings: setting.settings)
      let stream = try await setting.transport.open(
        HTTPRequest(method: "GET", path: "/x"), to: target)
      try await eventually { setting.proxy.openExchanges == 0 }
      var total = 0
      let error = await #expect(throws: TransportError.self) {
        for try await chunk in stream.chunks { total += chunk.count }
      }
      #expect(error?.kind == .overflow)
      #expect(total <= 1 << 20)
    }
  }
}
