// What is told about requests, and that no secret is among it.

import JSON
import Synchronization
import Testing

@testable import KubernetesClient

@Suite("Traces", .timeLimit(.minutes(2)))
struct TraceTests {
  /// The traces of some calls to a server.
  private func traces(
    user: JSONValue, _ reply: @escaping @Sendable (TLSServer.Request, Int) -> TLSServer.Reply,
    _ body: (KubernetesClient) async throws -> Void
  ) async throws -> [RequestTrace] {
    let authority = try TestAuthority()
    let server = try await TLSServer.start(try authority.issue(), reply: reply)
    let settings = try Setting.settings(
      "https://127.0.0.1:\(server.port)",
      cluster: ["certificate-authority-data": Setting.data(authority.pem)], user: user)
    let traces = Mutex<[RequestTrace]>([])
    let hooks = ClientHooks(onRequest: { trace in traces.withLock { $0.append(trace) } })
    try await Setting.withTransport { transport in
      try await body(Setting.client(settings, transport, hooks: hooks))
    }
    await server.stop()
    return traces.withLock { $0 }
  }

  private static let secretReply = TLSServer.Reply(
    headers: [
      ("Content-Type", "application/json"), ("Set-Cookie", "session=s3cr3t-cookie"),
      ("X-Echo", "Bearer s3cr3t-token"), ("X-Auth-Token", "s3cr3t-other"),
      ("Location", "https://h/x?access_token=s3cr3t-query"), ("Audit-Id", "audit-1"),
    ], body: #"{"kind":"Secret","data":{"password":"s3cr3t-data"}}"#)

  @Test("credentials are masked wherever they stand, and no body is told")
  func secrets() async throws {
    let user: JSONValue = [
      "token": "s3cr3t-token", "as": "jane", "as-groups": ["dev"], "as-user-extra": ["k": ["v"]],
    ]
    let traces = try await traces(user: user) { _, _ in
      Self.secretReply
    } _: { client in
      var call = Call(verb: "create", object: "secrets", method: "POST", path: "/api/v1/secrets")
      call.query = [("token", "s3cr3t-query"), ("sig", "s3cr3t-sig"), ("continue", "page2")]
      call.body = Array(#"{"data":{"password":"s3cr3t-data"}}"#.utf8)
      call.contentType = "application/json"
      _ = try await client.send(call)
    }
    let trace = try #require(traces.first)
    let archive =
      HTTPArchive.opening(version: "1") + HTTPArchive.entry(trace).text()
      + HTTPArchive.closing
    let told = ([trace.line] + trace.headerLines).joined(separator: "\n")
    for text in [told, archive, "\(trace)", String(reflecting: trace)] {
      #expect(!text.contains("s3cr3t"), "\(text)")
    }
    #expect(trace.path == "/api/v1/secrets?token=***&sig=***&continue=page2")
    for line in [
      "> Authorization: Bearer ***", "> Impersonate-User: jane", "> Impersonate-Group: dev",
      "> Impersonate-Extra-k: v", "< set-cookie: ***", "< x-echo: Bearer ***",
      "< x-auth-token: ***", "< location: https://h/x?access_token=***", "< audit-id: audit-1",
    ] {
      #expect(trace.headerLines.contains(line), "\(line) in \(trace.headerLines)")
    }
    let document = try JSONValue.parse(Array(archive.utf8))
    let entry = try #require(document[path: "log", "entries"]?.array?.first)
    #expect(entry[path: "request", "bodySize"] == 35)
    #expect(entry[path: "request", "postData", "text"] == "")
    #expect(entry[path: "response", "content", "text"] == nil)
    #expect(entry[path: "response", "content", "size"] == 51)
  }

  @Test("passwords are masked as tokens are")
  func basic() async throws {
    let traces = try await traces(user: ["username": "bob", "password": "s3cr3t"]) { _, _ in
      .version
    } _: { client in
      _ = try await client.serverVersion()
    }
    #expect(traces.first?.headerLines.contains("> Authorization: Basic ***") == true)
    #expect(traces.first?.headerLines.joined().contains("Ym9iOnMzY3IzdA") == false)
  }

  @Test("a trace tells the connection, its times, and why a request was sent again")
  func connections() async throws {
    let traces = try await traces(user: ["token": "t0ken"]) { _, before in
      before == 1
        ? TLSServer.Reply(status: 503, headers: [("Retry-After", "0")], body: "wait") : .version
    } _: { client in
      _ = try await client.serverVersion()
      _ = try await client.serverVersion()
    }
    #expect(traces.map(\.status) == [200, 503, 200])
    #expect(traces.map(\.attempt) == [1, 1, 2])
    #expect(traces.map(\.retryReason) == [nil, nil, "503, Retry-After 0"])
    let connections = traces.compactMap(\.connection)
    #expect(connections.map(\.isReused) == [false, true, true])
    #expect(Set(connections.map(\.number)).count == 1)
    #expect(connections.allSatisfy { $0.httpVersion == "HTTP/2" && $0.address == "127.0.0.1" })
    let (first, second) = (connections[0].timings, connections[1].timings)
    #expect(first.lookUp != nil && first.connect != nil && (first.secure ?? .zero) > .zero)
    #expect(second.lookUp == nil && second.connect == nil && second.secure == nil)
    #expect(first.wait > .zero)
    let line = traces[2].line
    #expect(line.hasPrefix("c1: GET /version 200 "), "\(line)")
    #expect(
      line.hasSuffix(
        "ms; 0 B out, 49 B in; connection \(connections[0].number) reused HTTP/2; "
          + "try 2 after 503, Retry-After 0"), "\(line)")
    let timings = HTTPArchive.entry(traces[1])["timings"]
    #expect(timings?["dns"] == -1 && timings?["connect"] == -1 && timings?["ssl"] == -1)
  }

  @Test("requests without an answer are told: failures with a reason, cancelled ones as such")
  func failures() async throws {
    let settings = try Setting.settings("https://127.0.0.1:1", user: ["token": "t0ken"])
    let traces = Mutex<[RequestTrace]>([])
    let hooks = ClientHooks(onRequest: { trace in traces.withLock { $0.append(trace) } })
    try await Setting.withTransport { transport in
      let client = Setting.client(settings, transport, hooks: hooks)
      await #expect(throws: APIError.self) { try await client.serverVersion() }
      let cancelled = Task {
        withUnsafeCurrentTask { $0?.cancel() }
        return try await client.serverVersion()
      }
      await #expect(throws: CancellationError.self) { try await cancelled.value }
    }
    let all = traces.withLock { $0 }
    #expect(all.map(\.status) == [0, 0])
    #expect(all[0].failure?.contains("127.0.0.1") == true)
    #expect(all[1].failure == "cancelled")
    #expect(all.allSatisfy { HTTPArchive.entry($0)[path: "response", "_error"] != nil })
  }

  @Test("nothing is measured while nobody listens")
  func untraced() async throws {
    let authority = try TestAuthority()
    let server = try await TLSServer.start(try authority.issue())
    let settings = try Setting.settings(
      "https://127.0.0.1:\(server.port)",
      cluster: ["certificate-authority-data": Setting.data(authority.pem)])
    try await Setting.withTransport { transport in
      let target = Target(lane: 1, settings: settings)
      let request = HTTPRequest(method: "GET", path: "/version")
      let response = try await transport.send(request, to: target)
      #expect(response.connection == nil)
    }
    await server.stop()
  }

  @Test("times are written as the archive's format has them")
  func dates() {
    #expect(HTTPArchive.date(0) == "1970-01-01T00:00:00.000Z")
    #expect(HTTPArchive.date(1_795_834_061_007_999) == "2026-11-28T02:47:41.007Z")
  }
}
