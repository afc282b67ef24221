// A token that a cluster gives out is seen by nobody: not in traces, errors or dumps.

import JSON
import Synchronization
import TestClusters
import Testing

@testable import KubernetesClient

@Suite("API: secrecy of tokens", .timeLimit(.minutes(5)))
struct TokenSecrecyTests {
  /// The traces of requests, as `-v`, `-vv` and `--trace` write them.
  private final class Traces: Sendable {
    private let content = Mutex<[RequestTrace]>([])
    var hooks: ClientHooks {
      ClientHooks(onRequest: { trace in self.content.withLock { $0.append(trace) } })
    }
    var all: [RequestTrace] { content.withLock { $0 } }

    var texts: [String] {
      all.flatMap { trace -> [String] in
        var dumped = ""
        dump(trace, to: &dumped)
        return [
          trace.line, trace.headerLines.joined(separator: "\n"), HTTPArchive.entry(trace).text(),
          "\(trace)", String(reflecting: trace), dumped,
        ]
      }
    }
  }

  /// What shows of a value by any means but its own.
  private func shown<Value>(_ value: Value) -> [String] {
    var dumped = ""
    dump(value, to: &dumped)
    let children = Mirror(reflecting: value).children.map { "\($0.value)" }
    return ["\(value)", String(reflecting: value), dumped] + children
  }

  @Test(
    "a token shows nowhere on its way, and nowhere when it is used", arguments: Backend.available)
  func everywhere(backend: Backend) async throws {
    let place = try await Place.on(backend)
    _ = try await place.client.create(
      Types.account, ["metadata": ["name": "reader"]], namespace: place.namespace)
    let giving = Traces()
    let giver = try await backend.client(hooks: giving.hooks)
    let token = try await giver.requestToken(
      serviceAccount: "reader", namespace: place.namespace)
    let secret = token.token.reveal()
    #expect(secret.utf8.count > 16)

    var settings = try await backend.settings()
    settings.credential = .token(token.token)
    (settings.clientCertificate, settings.clientKey) = (nil, nil)
    let using = Traces()
    let user = KubernetesClient(cluster: "c", settings: settings, hooks: using.hooks)
    let error = try #require(
      await #expect(throws: APIError.self) {
        try await user.list(Types.map, namespace: place.namespace)
      })
    #expect(error.status == 403)

    #expect(giving.all.contains { $0.path.contains("/serviceaccounts/reader/token") })
    #expect(using.texts.contains { $0.contains("> Authorization: Bearer ***") })
    let texts =
      giving.texts + using.texts + shown(token) + shown(error) + shown(settings) + shown(user)
      + shown(giver)
    for text in texts { #expect(!Self.tells(text, secret)) }
    #expect(shown(token).allSatisfy { $0.contains("***") || !$0.contains("Secret") })
  }

  /// Whether a text has the token or one of its three parts. The first says nothing but how it was
  /// signed, but is no one's business either.
  private static func tells(_ text: String, _ secret: String) -> Bool {
    let parts = secret.split(separator: ".").map(String.init).filter { $0.utf8.count > 8 }
    return ([secret] + parts).contains { text.contains($0) }
  }
}
