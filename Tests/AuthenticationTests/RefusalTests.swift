// What is told about a refusal beyond the server's "Unauthorized".

import JSON
import Testing

@testable import KubernetesClient

@Suite("Refusals", .timeLimit(.minutes(2)))
struct RefusalTests {
  private func hint(
    _ message: String = "Unauthorized", date: String? = nil, end: Int64? = nil, now: Int64
  ) -> String {
    RefusalHints.text(message: message, date: date, certificateEnd: end, now: now)
  }

  @Test("clocks that differ by more than a minute are told, with the side")
  func clocks() {
    // Sun, 06 Nov 1994 08:49:37 GMT.
    let (date, time) = ("Sun, 06 Nov 1994 08:49:37 GMT", Int64(784_111_777))
    #expect(hint(date: date, now: time).isEmpty)
    #expect(hint(date: date, now: time - 60).isEmpty)
    #expect(
      hint(date: date, now: time - 61)
        == "; check the clock: the server's is 61s ahead of this machine's")
    #expect(
      hint(date: date, now: time + 7200).contains("the server's is 120m behind this machine's"))
    for date in ["", "yesterday", "Sun, 06 Nix 1994 08:49:37 GMT", "06 Nov 1994"] {
      #expect(hint(date: date, now: 0).isEmpty)
    }
  }

  @Test("a client certificate that has ended is told with its end")
  func ended() {
    #expect(hint(end: 100, now: 99).isEmpty)
    #expect(
      hint(end: 100, now: 100)
        == "; the client certificate ended at 1970-01-01T00:01:40Z; get a new one")
    #expect(hint("SSL certificate problem: certificate has expired", now: 0).contains("clock"))
  }

  @Test("a 401 and a refused handshake have their hints, a 403 has none")
  func answers() async throws {
    let (authority, people) = (try TestAuthority(), try TestAuthority("people"))
    let old = try people.issue(secondsLeft: -60)
    let server = try await TLSServer.start(try authority.issue()) { request, _ in
      var reply = TLSServer.Reply.unauthorized
      reply.headers.append(("Date", "Sun, 06 Nov 1994 08:49:37 GMT"))
      if request.target == "/403" {
        reply.status = 403
        reply.body = #"{"kind":"Status","code":403,"reason":"Forbidden","message":"no"}"#
      }
      return reply
    }
    let strict = try await TLSServer.start(try authority.issue(), clientAuthority: people.pem)
    func client(_ port: Int, _ transport: Transport) throws -> KubernetesClient {
      let settings = try Setting.settings(
        "https://127.0.0.1:\(port)",
        cluster: ["certificate-authority-data": Setting.data(authority.pem)],
        user: [
          "client-certificate-data": Setting.data(old.certificate),
          "client-key-data": Setting.data(old.key),
        ])
      return Setting.client(settings, transport)
    }
    try await Setting.withTransport { transport in
      let lenient = try client(server.port, transport)
      let refused = await #expect(throws: APIError.self) { try await lenient.serverVersion() }
      #expect(refused?.status == 401)
      #expect(refused?.message.contains("; the client certificate ended at ") == true)
      #expect(refused?.message.contains("behind this machine's") == true)
      let call = Call(verb: "get", object: "x", path: "/403")
      let forbidden = await #expect(throws: APIError.self) { try await lenient.send(call) }
      #expect(forbidden?.message == "no")
      let alert = await #expect(throws: APIError.self) {
        try await client(strict.port, transport).serverVersion()
      }
      #expect(alert?.reason == "Certificate", "\(alert?.description ?? "no error")")
      #expect(alert?.message.contains("; the client certificate ended at ") == true)
    }
    await server.stop()
    await strict.stop()
  }
}
