// Handles keep their options from request to request, and answers keep their headers as bytes: neither may
// show.

import JSON
import Testing

@testable import KubernetesClient

@Suite("Handles and heads", .timeLimit(.minutes(2)))
struct HandleReuseTests {
  private struct Seen: Equatable {
    let method: String
    let target: String
    let accept: String?
    let encoding: String?
    let contentType: String?
    let body: String

    init(_ request: ScriptedServer.Request) {
      method = request.method
      target = request.target
      accept = request.headers["accept"]
      encoding = request.headers["accept-encoding"]
      contentType = request.headers["content-type"]
      body = String(decoding: request.body, as: UTF8.self)
    }
  }

  @Test("a request on a used handle is the request on a new one")
  func sequence() async throws {
    let server = try ScriptedServer { _, _ in .json(#"{"a":1}"#) }
    defer { server.stop() }
    let calls: [@Sendable (KubernetesClient) async throws -> Void] = [
      { _ = try await $0.raw(path: "/one") },
      { _ = try await $0.raw(path: "/two?x=1", query: [("y", "2 3")]) },
      { _ = try await $0.raw(method: "POST", path: "/three", body: ["b": 1]) },
      { _ = try await $0.raw(path: "/four", accept: "text/plain") },
      { _ = try await $0.raw(method: "DELETE", path: "/five") },
      { _ = try await $0.raw(path: "/six") },
      { _ = try await $0.raw(method: "PUT", path: "/seven", body: ["c": 2]) },
      { _ = try await $0.get(Types.configMap, name: "x", namespace: "y") },
      { _ = try await $0.raw(path: "/one") },
    ]
    let shared = Transport()
    defer { shared.shutdown() }
    let client = try server.client(shared)
    for call in calls { try await call(client) }
    let reused = server.requests.map { Seen($0) }
    for call in calls {
      let transport = Transport()
      defer { transport.shutdown() }
      try await call(try server.client(transport))
    }
    let fresh = server.requests.dropFirst(reused.count).map { Seen($0) }
    #expect(reused == Array(fresh))
    #expect(reused.count == calls.count)
    #expect(reused.allSatisfy { $0.encoding == "gzip" })
    #expect(server.requests.prefix(calls.count).filter { $0.connection == 1 }.count > 4)
  }

  @Test("a handle serves other clusters with their own address and compression")
  func clusters() async throws {
    let servers = try (0..<3).map { number in
      try ScriptedServer { _, _ in .json("{\"cluster\":\(number)}") }
    }
    defer { for server in servers { server.stop() } }
    let transport = Transport()
    defer { transport.shutdown() }
    let clients = try servers.enumerated().map { number, server in
      var settings = try server.settings()
      settings.disablesCompression = number == 1
      return KubernetesClient(cluster: "c\(number)", settings: settings, transport: transport)
    }
    for round in 0..<4 {
      for (number, client) in clients.enumerated() {
        #expect(try await client.raw(path: "/\(round)")["cluster"] == .int(Int64(number)))
      }
    }
    for (number, server) in servers.enumerated() {
      #expect(server.requests.map(\.path) == ["/0", "/1", "/2", "/3"])
      let encodings = Set(server.requests.map { $0.headers["accept-encoding"] })
      #expect(encodings == [number == 1 ? nil : "gzip"])
    }
  }

  @Test("a time-out holds for its own request only")
  func timeouts() async throws {
    let server = try ScriptedServer { request, _ in
      request.path == "/version" ? .json("{}") : .silence
    }
    let transport = Transport()
    defer {
      transport.shutdown()
      server.stop()
    }
    let patient = try server.client(transport)
    _ = try await patient.serverVersion()
    let impatient = KubernetesClient(
      cluster: "c1", settings: try server.settings(), transport: transport,
      requestTimeout: .milliseconds(200))
    let error = await #expect(throws: APIError.self) { _ = try await impatient.raw(path: "/x") }
    #expect(error?.reason == "Timeout")
    _ = try await patient.serverVersion()
  }

  @Test("headers are found by their names in any case, trimmed, and in their order")
  func heads() {
    var head = HTTPHead(status: 200)
    for line in [
      "Content-Type:application/json\r\n", "WARNING:  299 - \"a: b\" \t\r\n", "X-Empty:\r\n",
      "no header at all\r\n", "warning: two\n", "x-long-name: v",
    ] {
      head.append(line: Array(line.utf8))
    }
    #expect(head.header("content-type") == "application/json")
    #expect(head.headers(named: "warning") == ["299 - \"a: b\"", "two"])
    #expect(head.header("x-empty") == "")
    #expect(head.header("x-long") == nil)
    #expect(
      head.headers.map(\.name) == [
        "content-type", "warning", "x-empty", "warning", "x-long-name",
      ])
    #expect(HTTPHead(status: 404).headers.isEmpty)
  }
}
