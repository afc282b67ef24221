// Faults under a watch, and servers that go away and come back, at both backends.

import JSON
import TestClusters
import Testing

@testable import KubernetesClient

@Suite("Faults under watches and restarts", .timeLimit(.minutes(15)))
struct WatchFaultTests {
  private func event(_ type: String, _ version: String, padding: Int = 0) -> [UInt8] {
    let pad = String(repeating: "x", count: padding)
    return Array(
      (#"{"type":"\#(type)","object":{"metadata":{"name":"x","resourceVersion":"\#(version)","#
        + #""annotations":{"pad":"\#(pad)"}}}}"# + "\n").utf8)
  }

  private func pieces(_ bytes: [UInt8], _ size: Int) -> [[UInt8]] {
    stride(from: 0, to: bytes.count, by: size).map {
      Array(bytes[$0..<min($0 + size, bytes.count)])
    }
  }

  private func note(
    _ fault: String, _ backend: Backend, _ verb: String, _ sees: String, _ setting: Setting
  ) {
    FaultReport.add(
      FaultReport.Row(
        fault: fault, backend: backend.rawValue, verb: verb, sees: sees,
        requests: setting.proxy.reached.count, writes: nil))
  }

  @Test("kubernetes#91686, rancher#15719: an event of 2 MB comes whole in pieces of any size")
  func bigEvent() async throws {
    let chunks = pieces(event("ADDED", "7", padding: 2 << 20), 1021) + [event("MODIFIED", "8")]
    try await withProxy { setting in
      setting.proxy.play {
        $0.isWatch ? .stream(chunks, staysOpen: true) : .none
      }
      var seen: [WatchEvent] = []
      for try await event in setting.client().watch(Things.configMap, resourceVersion: "1") {
        seen.append(event)
        if seen.count == 2 { break }
      }
      #expect(seen.map(\.resourceVersion) == ["7", "8"])
      #expect(seen[0].object["metadata"]?["annotations"]?["pad"]?.string?.utf8.count == 2 << 20)
      note("2 MB event in pieces", .simulated, "watch", "ok", setting)
    }
  }

  @Test("swiftkube#31: events come whole when every byte is a piece of its own")
  func singleBytes() async throws {
    let chunks = pieces(event("ADDED", "7") + event("DELETED", "8"), 1)
    try await withProxy { setting in
      setting.proxy.play {
        $0.isWatch ? .stream(chunks, staysOpen: true) : .none
      }
      var seen: [String] = []
      for try await event in setting.client().watch(Things.configMap, resourceVersion: "1") {
        seen.append(event.resourceVersion)
        if seen.count == 2 { break }
      }
      #expect(seen == ["7", "8"])
    }
  }

  @Test(
    "kubernetes#104171, kubernetes#137089, fabric8#7896: a stale version that ends silently",
    arguments: Backend.available)
  func silentClose(backend: Backend) async throws {
    try await withProxy(backend) { setting in
      setting.proxy.play { $0.isWatch ? .stream([]) : .none }
      let error = try await apiError {
        for try await _ in setting.client().watch(
          Things.configMap, namespace: Setting.namespace, resourceVersion: "1")
        {}
      }
      #expect(error.status == 410)
      note("stale version, silent end", backend, "watch", "410 \(error.reason)", setting)
    }
  }

  @Test("a stale version that the server names, as an answer and as an event", arguments: [0, 1])
  func gone(way: Int) async throws {
    let status = #"{"kind":"Status","code":410,"reason":"Expired","message":"too old"}"#
    let line = Array((#"{"type":"ERROR","object":\#(status)}"# + "\n").utf8)
    try await withProxy { setting in
      setting.proxy.play {
        guard $0.isWatch else { return .none }
        return way == 0 ? .answer(410, status, Fault.json) : .stream([line], staysOpen: true)
      }
      let error = try await apiError {
        for try await _ in setting.client().watch(Things.configMap, resourceVersion: "1") {}
      }
      #expect(error.status == 410)
      #expect(error.description == "c1: watch configmaps: 410 Expired: too old")
      #expect(setting.proxy.arrived.count == 1)
      let fault = way == 0 ? "stale version, 410" : "stale version, ERROR event"
      note(fault, .simulated, "watch", "410 Expired", setting)
    }
  }

  @Test(
    "fabric8#4974, fabric8#2992: a watch goes on after the server was away",
    arguments: Backend.available)
  func restart(backend: Backend) async throws {
    var limits = TransportOptions()
    limits.circuitPause = .milliseconds(50)
    limits.longestCircuitPause = .milliseconds(50)
    try await withProxy(
      backend,
      transport: limits
    ) { setting in
      let client = setting.client()
      let (_, version) = try await client.list(Things.configMap, namespace: Setting.namespace)
      let name = Things.name()
      let watch = Task<[String], any Error> {
        var versions: [String] = []
        for try await event in client.watch(
          Things.configMap, namespace: Setting.namespace, name: name, resourceVersion: version)
        {
          versions.append(event.resourceVersion)
          if versions.count == 2 { break }
        }
        return versions
      }
      let first = try await setting.direct.create(
        Things.configMap, Things.configMap(name), namespace: Setting.namespace)
      try await eventually { setting.proxy.arrived.contains(where: \.isWatch) }
      await setting.proxy.stop()
      let error = try await apiError { try await client.serverVersion() }
      #expect(error.isUnreachable)
      // What happens while it is away is not lost.
      let second = try await setting.direct.patch(
        Things.configMap, name: name, namespace: Setting.namespace, ["data": ["value": "2"]])
      try await setting.proxy.listen()
      let versions = try await watch.value
      #expect(
        versions
          == [first, second].compactMap { $0["metadata"]?["resourceVersion"]?.string })
      try await eventually { (try? await client.serverVersion()) != nil }
      note("server restart", backend, "watch", "ok", setting)
    }
  }

  @Test(
    "kube-rs#1962: a new certificate of the same authority is taken", arguments: Backend.available)
  func newCertificate(backend: Backend) async throws {
    try await withProxy(backend) { setting in
      let client = setting.client()
      _ = try await client.serverVersion()
      await setting.proxy.stop()
      try setting.proxy.changeCertificate(ofStranger: false)
      try await setting.proxy.listen()
      _ = try await client.serverVersion()
      #expect(setting.proxy.connectionCount == 2)
      note("new certificate, same CA", backend, "version", "ok", setting)
    }
  }

  @Test("a certificate of another authority is refused, once for all", arguments: Backend.available)
  func strangeCertificate(backend: Backend) async throws {
    var limits = TransportOptions()
    limits.circuitPause = .seconds(3600)
    limits.longestCircuitPause = .seconds(3600)
    try await withProxy(
      backend,
      transport: limits
    ) { setting in
      let client = setting.client()
      _ = try await client.serverVersion()
      await setting.proxy.stop()
      try setting.proxy.changeCertificate(ofStranger: true)
      try await setting.proxy.listen()
      let name = Things.name()
      for _ in 0..<2 {
        let error = try await apiError {
          try await client.create(
            Things.configMap, Things.configMap(name), namespace: Setting.namespace)
        }
        #expect(error.reason == "Certificate")
        #expect(error.message.contains("does the kubeconfig have this server's authority"))
      }
      #expect(setting.proxy.arrived.count == 1)
      #expect(setting.proxy.connectionCount == 2)
      note("new certificate, other CA", backend, "create", "Certificate", setting)
    }
  }

  @Test("connections that the server closes when idle cost no call", arguments: Backend.available)
  func idleClose(backend: Backend) async throws {
    var options = FaultProxy.Options()
    options.idleLimit = .milliseconds(50)
    try await withProxy(backend, options) { setting in
      let client = setting.client()
      for _ in 0..<3 {
        let name = Things.name()
        let made = try await client.create(
          Things.configMap, Things.configMap(name), namespace: Setting.namespace)
        #expect(made["metadata"]?["name"]?.string == name)
        try await eventually { setting.proxy.openConnections == 0 }
      }
      #expect(setting.proxy.reached.count == 3)
      #expect(setting.proxy.connectionCount == 3)
      note("idle close", backend, "create", "ok", setting)
    }
  }
}
