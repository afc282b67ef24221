// Connections that die without a word: found by the watchdog, left, and nothing else is cut.

import JSON
import TestClusters
import Testing

@testable import KubernetesClient

@Suite("Dead connections", .timeLimit(.minutes(15)))
struct DeadConnectionTests {
  /// Watches one object; gives its name when something has happened to it.
  private func firstEvent(
    of name: String, since version: String, _ client: KubernetesClient
  ) -> Task<String?, any Error> {
    Task {
      for try await event in client.watch(
        Things.configMap, namespace: Setting.namespace, name: name, resourceVersion: version)
      { return event.object["metadata"]?["name"]?.string }
      return nil
    }
  }

  @Test("client-go#374: a dead connection is left, not reused", arguments: Backend.available)
  func left(backend: Backend) async throws {
    try await withProxy(backend, transport: .impatient) { setting in
      let client = setting.client()
      let (_, version) = try await client.list(Things.configMap, namespace: Setting.namespace)
      let name = Things.name()
      let watch = firstEvent(of: name, since: version, client)
      try await eventually { setting.proxy.arrived.contains(where: \.isWatch) }
      try await setting.proxy.silence()
      _ = try await setting.direct.create(
        Things.configMap, Things.configMap(name), namespace: Setting.namespace)
      // The watch loses nothing: it goes on over a connection that lives.
      #expect(try await watch.value == name)
      _ = try await client.serverVersion()
      let after = try #require(setting.proxy.arrived.last)
      #expect(after.connection > 1)
      FaultReport.add(
        FaultReport.Row(
          fault: "black hole under a watch", backend: backend.rawValue, verb: "watch", sees: "ok",
          requests: setting.proxy.reached.count, writes: nil))
    }
  }

  @Test("kubernetes#87615, golang/go#39750: calls under way on a dead connection end early")
  func callsUnderWay() async throws {
    let gate = Gate()
    try await withProxy(transport: .impatient) { setting in
      let client = setting.client(requestTimeout: .seconds(3600))
      _ = try await client.serverVersion()
      setting.proxy.play { $0.connection == 1 ? .held(gate) : .none }
      let reads = (0..<20).map { _ in Task { try await client.serverVersion() } }
      let name = Things.name()
      let write = Task {
        try await client.create(
          Things.configMap, Things.configMap(name), namespace: Setting.namespace)
      }
      try await eventually {
        let held = setting.proxy.arrived.filter { $0.headers["authorization"] != nil }
        return held.count >= 22
      }
      try await setting.proxy.silence()
      for read in reads { #expect(try await read.value.major == 1) }
      let error = try await apiError { try await write.value }
      #expect(error.reason == "Interrupted")
      #expect(error.message.contains("may have been carried out"))
      #expect(setting.proxy.arrived.filter { $0.method == "POST" }.count == 1)
    }
  }

  @Test("a time-out on a silent connection makes the next call go elsewhere")
  func timeout() async throws {
    try await withProxy { setting in
      let client = setting.client(requestTimeout: .seconds(3600))
      _ = try await client.serverVersion()
      try await setting.proxy.silence()
      let hasty = setting.client(requestTimeout: .milliseconds(200))
      let error = try await apiError { try await hasty.serverVersion() }
      #expect(error.reason == "Timeout")
      _ = try await client.serverVersion()
      #expect(setting.proxy.arrived.last?.connection == 2)
    }
  }

  @Test("connections that died under lone calls never use up those that a host may have")
  func manyTimeouts() async throws {
    var limits = TransportOptions()
    limits.connectionsPerHost = 2
    try await withProxy(.simulated, transport: limits) { setting in
      let hasty = setting.client(requestTimeout: .milliseconds(400))
      setting.proxy.play { _ in .blackHole }
      for number in 1...4 {
        let error = try await apiError { try await hasty.serverVersion() }
        #expect(error.reason == "Timeout")
        #expect(error.message.contains("the server took the request"), "\(number): \(error)")
      }
      setting.proxy.play { _ in .none }
      _ = try await setting.client().serverVersion()
    }
  }

  @Test("a call that times out does not end others on its connection")
  func impatience() async throws {
    let gate = Gate()
    try await withProxy { setting in
      let client = setting.client(requestTimeout: .seconds(3600))
      _ = try await client.serverVersion()
      setting.proxy.play { $0.path.contains("configmaps") ? .held(gate) : .none }
      let name = Things.name()
      let slow = Task {
        try await client.create(
          Things.configMap, Things.configMap(name), namespace: Setting.namespace)
      }
      try await eventually { setting.proxy.arrived.count >= 2 }
      let hasty = setting.client(requestTimeout: .milliseconds(200))
      let error = try await apiError {
        try await hasty.get(Things.configMap, name: "x", namespace: Setting.namespace)
      }
      #expect(error.reason == "Timeout")
      gate.open()
      #expect(try await slow.value["metadata"]?["name"]?.string == name)
      #expect(setting.proxy.connectionCount == 1)
    }
  }

  @Test("with several connections to a host, a watch on the dead one moves")
  func severalConnections() async throws {
    var options = FaultProxy.Options()
    options.maximumStreams = 1
    try await withProxy(.simulated, options, transport: .impatient) { setting in
      let client = setting.client()
      let (_, version) = try await client.list(Things.configMap, namespace: Setting.namespace)
      let name = Things.name()
      let watch = firstEvent(of: name, since: version, client)
      try await eventually { setting.proxy.arrived.contains(where: \.isWatch) }
      // It fills its connection: calls go over another one, which lives.
      let number = try #require(setting.proxy.arrived.first(where: \.isWatch)?.connection)
      _ = try await client.serverVersion()
      try await setting.proxy.silence(number)
      _ = try await setting.direct.create(
        Things.configMap, Things.configMap(name), namespace: Setting.namespace)
      #expect(try await watch.value == name)
    }
  }

  @Test("kube-rs#1798, kube-rs#1945: what is quiet for good reason is not cut")
  func quietStream() async throws {
    let gate = Gate()
    var options = FaultProxy.Options()
    options.maximumStreams = 1
    let line = Array("late\n".utf8)
    try await withProxy(.simulated, options, transport: .impatient) { setting in
      setting.proxy.play { $0.path == "/log" ? .streamHeld(gate, [line]) : .none }
      let target = Target(lane: -1, settings: setting.settings)
      let stream = try await setting.transport.open(
        HTTPRequest(method: "GET", path: "/log"), to: target)
      try await eventually { setting.proxy.pings >= 3 }
      gate.open()
      var chunks = stream.chunks.makeAsyncIterator()
      #expect(try await chunks.next() == line)
      #expect(setting.proxy.arrived.filter { $0.path == "/log" }.count == 1)
    }
  }

  @Test("kube-rs#1316: a quiet watch outlives the time that calls have, and is not lost")
  func quietWatch() async throws {
    let gate = Gate()
    let event = #"{"type":"ADDED","object":{"metadata":{"name":"x","resourceVersion":"9"}}}"# + "\n"
    let chunk = Array(event.utf8)
    try await withProxy { setting in
      setting.proxy.play {
        $0.isWatch ? .streamHeld(gate, [chunk]) : .silence
      }
      let client = setting.client(requestTimeout: .milliseconds(150))
      let watch = Task<String?, any Error> {
        for try await event in client.watch(Things.configMap, resourceVersion: "1") {
          return event.resourceVersion
        }
        return nil
      }
      try await eventually { setting.proxy.arrived.contains(where: \.isWatch) }
      for _ in 0..<3 {
        let error = try await apiError { try await client.serverVersion() }
        #expect(error.reason == "Timeout")
      }
      gate.open()
      #expect(try await watch.value == "9")
      #expect(setting.proxy.arrived.filter(\.isWatch).count == 1)
    }
  }

  @Test(
    "only a transport's own connections are ended, whatever else is connected to the same server")
  func foreignSockets() async throws {
    try await withProxy { setting in
      let other = Transport()
      defer { other.shutdown() }
      let neighbour = KubernetesClient(
        cluster: "neighbour", settings: setting.settings, transport: other)
      _ = try await neighbour.serverVersion()
      let client = setting.client()
      _ = try await client.serverVersion()
      try await setting.proxy.silence(2)
      let hasty = setting.client(requestTimeout: .milliseconds(200))
      let error = try await apiError { try await hasty.serverVersion() }
      #expect(error.reason == "Timeout")
      _ = try await neighbour.serverVersion()
      #expect(setting.proxy.arrived.last?.connection == 1)
    }
  }
}
