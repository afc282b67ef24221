// The pitfalls of a client over libcurl, a test for each. Number 1, connections that die, has a suite
// of its own (DeadConnectionTests), as has 9, the framing of watches (WatchFaultTests); 12 is about the
// speed of JSON, which the benchmarks hold.

import Foundation
import JSON
import Processes
import TestClusters
import Testing

@testable import KubernetesClient

@Suite("Pitfalls", .timeLimit(.minutes(15)))
struct PitfallTests {
  @Test(
    "pitfall 2: a POST is never sent twice, with a body or without, however the connection ends",
    arguments: [["h2"], ["http/1.1"]], [Fault.endUnanswered(.reset), .endUnanswered(.fin)])
  func postOnce(protocols: [String], fault: Fault) async throws {
    var options = FaultProxy.Options()
    options.protocols = protocols
    try await withProxy(.simulated, options) { setting in
      let client = setting.client()
      let path = "/api/v1/namespaces/\(Setting.namespace)/configmaps"
      let named = Things.configMap(Things.name())
      let generated: JSONValue = ["metadata": ["generateName": "generated-"]]
      let posts: [@Sendable () async throws -> Void] = [
        { _ = try await client.create(Things.configMap, named, namespace: Setting.namespace) },
        { _ = try await client.create(Things.configMap, generated, namespace: Setting.namespace) },
        { _ = try await client.raw(method: "POST", path: path) },
        { _ = try await client.raw(method: "POST", path: path, body: named) },
      ]
      for (number, post) in posts.enumerated() {
        setting.proxy.play { _ in .none }
        // The connection is one that was used before: that is when libcurl sends again.
        _ = try await client.serverVersion()
        setting.proxy.play { $0.method == "POST" ? fault : .none }
        let error = try await apiError { try await post() }
        #expect(error.reason == "Interrupted")
        #expect(setting.proxy.arrived.filter { $0.method == "POST" }.count == number + 1)
      }
    }
  }

  @Test("pitfall 3: a cluster's authority is the only one that is trusted, no folder beside it")
  func onlyAuthority() async throws {
    let target = Target(lane: 1, settings: try await Backend.simulated.settings())
    let told = try await onThread { try whatLibcurlTells(target) }
    #expect(told.contains("successfully imported CA certificate blob"), "\(told)")
    #expect(told.contains("SSL certificate verify ok"), "\(told)")
    #expect(!told.contains("CApath") && !told.contains("CAfile"), "\(told)")
    // A folder would be told.
    let other = try await onThread { try whatLibcurlTells(target, folder: "/etc/ssl/certs") }
    #expect(other.contains("CApath: /etc/ssl/certs"), "\(other)")
  }

  private func onThread<Value: Sendable>(
    _ body: @escaping @Sendable () throws -> Value
  ) async throws -> Value {
    try await withCheckedThrowingContinuation { continuation in
      let hasStarted = NativeThread.start { continuation.resume(with: Result { try body() }) }
      if !hasStarted { continuation.resume(throwing: Missing()) }
    }
  }

  @Test(
    """
    kubernetes#91131, golang/go#39086, kubernetes#135285, teleport#57766, argo-cd#17420: GOAWAY \
    every few requests, under concurrency (pitfall 4)
    """, arguments: Backend.available)
  func goAway(backend: Backend) async throws {
    try await withProxy(backend) { setting in
      setting.proxy.play { asked in
        switch asked.number % 20 {
        case 7: .goAway
        case 13: .goAwayAfterThis
        case 19: asked.number % 40 == 39 ? .goAwayAbruptly : .none
        default: .none
        }
      }
      let client = setting.client()
      try await withThrowingTaskGroup(of: Void.self) { group in
        for _ in 0..<20 {
          group.addTask {
            for _ in 0..<8 { _ = try await client.serverVersion() }
            let name = Things.name("applied")
            for _ in 0..<2 {
              _ = try await client.apply(
                Things.configMap, Things.configMap(name), namespace: Setting.namespace)
            }
            // A create may be interrupted; it is repeated only when the server did not take it.
            _ = try? await client.create(
              Things.configMap, Things.configMap(Things.name("created")),
              namespace: Setting.namespace)
          }
        }
        try await group.waitForAll()
      }
      #expect(setting.proxy.reached.filter { $0.method == "POST" }.count <= 20)
      #expect(setting.proxy.connectionCount > 5)
      FaultReport.add(
        FaultReport.Row(
          fault: "GOAWAY every 7th of 20", backend: backend.rawValue, verb: "get, apply",
          sees: "ok",
          requests: setting.proxy.reached.count, writes: nil))
    }
  }

  @Test(
    "pitfall 5: a hundred watches leave room for a call, over any protocol and any stream limit",
    arguments: [(["h2"], 100), (["h2"], 2), (["http/1.1"], 1)])
  func starvation(protocols: [String], streams: Int) async throws {
    let gate = Gate()
    var options = FaultProxy.Options()
    options.protocols = protocols
    options.maximumStreams = streams
    try await withProxy(.simulated, options) { setting in
      setting.proxy.play { $0.isWatch ? .streamHeld(gate, []) : .none }
      let client = setting.client()
      let watches = (0..<100).map { _ in
        Task { for try await _ in client.watch(Things.configMap, resourceVersion: "1") {} }
      }
      let room = streams == 100 ? 100 : 8 * streams
      try await eventually { setting.proxy.arrived.filter(\.isWatch).count >= room }
      for _ in 0..<3 { _ = try await client.serverVersion() }
      #expect(setting.proxy.openConnections <= 8)
      if streams == 100 { #expect(setting.proxy.openConnections == 2) }
      for watch in watches { watch.cancel() }
      FaultReport.add(
        FaultReport.Row(
          fault: "100 watches, \(streams) streams a connection, \(protocols[0])",
          backend: "simulated", verb: "version", sees: "ok",
          requests: setting.proxy.reached.count, writes: nil))
    }
  }

  @Test("pitfall 6: fifty calls at once share one connection")
  func oneConnection() async throws {
    try await withProxy { setting in
      let client = setting.client()
      try await withThrowingTaskGroup(of: Void.self) { group in
        for _ in 0..<50 { group.addTask { _ = try await client.serverVersion() } }
        try await group.waitForAll()
      }
      #expect(setting.proxy.connectionCount == 1)
      #expect(setting.proxy.reached.count == 50)
    }
  }

  @Test("however few streams a connection may have, there are never more connections than set")
  func boundedConnections() async throws {
    var options = FaultProxy.Options()
    options.maximumStreams = 1
    var limits = TransportOptions()
    limits.connectionsPerHost = 3
    try await withProxy(.simulated, options, transport: limits) { setting in
      let client = setting.client()
      try await withThrowingTaskGroup(of: Void.self) { group in
        for _ in 0..<100 { group.addTask { _ = try await client.serverVersion() } }
        try await group.waitForAll()
      }
      #expect(setting.proxy.connectionCount <= 3)
      #expect(setting.proxy.reached.count == 100)
    }
  }

  @Test("pitfall 7: no proxy of the environment for this machine, and names are the proxy's matter")
  func proxies() throws {
    let variables = ["HTTPS_PROXY": "http://proxy:3128", "ALL_PROXY": "http://other:3128"]
    func proxy(_ server: String) throws -> String? {
      ConnectionEnvironment(variables, server: try required(ServerAddress(server))).proxyURL
    }
    for server in ["https://127.0.0.1:6443", "https://localhost", "https://[::1]:6443"] {
      #expect(try proxy(server) == nil)
    }
    #expect(try proxy("https://10.0.0.1") == "http://proxy:3128")
    #expect(CurlOptions.resolvingAtProxy("http://proxy:3128") == "http://proxy:3128")
    #expect(CurlOptions.resolvingAtProxy("socks5://proxy") == "socks5h://proxy")
    #expect(CurlOptions.resolvingAtProxy("socks5h://proxy") == "socks5h://proxy")
  }

  @Test("pitfall 8: programs that are started do not get the connections")
  func closedOnExec() async throws {
    try await withProxy { setting in
      _ = try await setting.client().serverVersion()
      let sockets = (3..<Int32(4096)).filter {
        Connection(socket: $0)?.remotePort == setting.proxy.port
      }
      #expect(sockets.count == 1)
      for socket in sockets { #expect(fcntl(socket, F_GETFD) & FD_CLOEXEC != 0) }
    }
  }

  @Test("pitfall 10: a blocked eviction is told, not tried again and again")
  func eviction() async throws {
    let pod = ResourceType(
      group: "", version: "v1", kind: "Pod", plural: "pods", isNamespaced: true)
    let status =
      #"{"kind":"Status","code":429,"reason":"TooManyRequests","message":"disruption budget"}"#
    try await withProxy { setting in
      setting.proxy.play { _ in
        .answer(429, status, [("Retry-After", "0")] + Fault.json)
      }
      let error = try await apiError {
        try await setting.client().create(
          pod, ["metadata": ["name": "x"]], namespace: "y", name: "x", subresource: "eviction")
      }
      #expect(error.status == 429)
      #expect(error.message == "disruption budget")
      #expect(setting.proxy.arrived.count == 1)
    }
  }

  @Test("pitfall 10: a generated name is never made twice, whatever the server says about retrying")
  func generatedName() async throws {
    try await withProxy { setting in
      setting.proxy.play { _ in
        .answer(500, "timed out", [("Retry-After", "0")] + Fault.text)
      }
      let error = try await apiError {
        try await setting.client().create(
          Things.configMap, ["metadata": ["generateName": "x-"]], namespace: "y")
      }
      #expect(error.status == 500)
      #expect(setting.proxy.arrived.count == 1)
    }
  }

  @Test("pitfall 11: connections are left before the server would close them")
  func age() {
    #expect(TransportOptions().connectionAge < 90)
    var options = TransportOptions()
    options.connectionAge = 3600
    options.connectionsPerHost = 1
    #expect(options.bounded.connectionAge < 90)
    #expect(options.bounded.connectionsPerHost == 2)
  }
}
