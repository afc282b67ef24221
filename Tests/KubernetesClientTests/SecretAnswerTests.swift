// Answers that hold a secret and are wrong in some way: the error shows nothing of them.

import JSON
import Testing

@testable import KubernetesClient

/// An answer of a server that is not as it should be.
struct WrongAnswer: Sendable, CustomTestStringConvertible {
  let testDescription: String
  let status: Int
  let type: String
  let body: String
  /// A part of what the error says all the same.
  let says: String

  static let secret = "eyJhbGciOiJub25lIn0.s3cr3t.s1gn4tur3"

  static let all = [
    WrongAnswer(
      testDescription: "cut", status: 201, type: "application/json",
      body: #"{"status":{"token":"\#(secret)","expirationTim"#, says: "asking again gives another"),
    WrongAnswer(
      testDescription: "without a time of expiry", status: 201, type: "application/json",
      body: #"{"status":{"token":"\#(secret)"}}"#, says: "no token with a time of expiry"),
    WrongAnswer(
      testDescription: "with a time that is none", status: 201, type: "application/json",
      body: #"{"status":{"expirationTimestamp":"\#(secret)","token":"\#(secret)"}}"#,
      says: "no token with a time of expiry"),
    WrongAnswer(
      testDescription: "as HTML", status: 200, type: "text/html",
      body: #"{"status":{"token":"\#(secret)"#, says: "answered with text/html"),
    WrongAnswer(
      testDescription: "as text", status: 200, type: "text/plain", body: secret,
      says: "answered with text/plain"),
    WrongAnswer(
      testDescription: "without a type", status: 200, type: "", body: "\(secret)\n",
      says: "answered with no content type"),
    WrongAnswer(
      testDescription: "as an error that is no Status", status: 500, type: "application/json",
      body: #"{"token":"\#(secret)"}"#, says: "500 InternalError"),
    WrongAnswer(
      testDescription: "as an error of another program", status: 502, type: "text/html",
      body: #"<html>{"token":"\#(secret)"}"#, says: "502 NotKubernetes"),
  ]
}

@Suite("Answers with secrets", .timeLimit(.minutes(1)))
struct SecretAnswerTests {
  private func failure(
    of answer: WrongAnswer, _ call: (KubernetesClient) async throws -> Void
  ) async throws -> APIError {
    let server = try ScriptedServer { _, _ in
      .answer(
        answer.status, answer.body, answer.type.isEmpty ? [] : [("Content-Type", answer.type)])
    }
    defer { server.stop() }
    let transport = Transport()
    defer { transport.shutdown() }
    let client = try server.client(transport)
    return try #require(await #expect(throws: APIError.self) { try await call(client) })
  }

  private func check(_ error: APIError) {
    var dumped = ""
    dump(error, to: &dumped)
    for text in [error.description, "\(error)", String(reflecting: error), dumped] {
      for part in WrongAnswer.secret.split(separator: ".") {
        #expect(!text.contains(part), "\(text)")
      }
    }
  }

  @Test("a token is in no error", arguments: WrongAnswer.all)
  func token(answer: WrongAnswer) async throws {
    let error = try await failure(of: answer) { client in
      _ = try await client.requestToken(serviceAccount: "reader", namespace: "n")
    }
    check(error)
    #expect(error.description.contains("c1: create serviceaccounts \"reader\" in namespace \"n\""))
    #expect(error.description.contains(answer.says), "\(error)")
  }

  @Test(
    "nor is what a Secret holds", arguments: WrongAnswer.all.filter { !$0.says.contains("expiry") })
  func secret(answer: WrongAnswer) async throws {
    let type = ResourceType(
      group: "", version: "v1", kind: "Secret", plural: "secrets", isNamespaced: true)
    check(
      try await failure(of: answer) { client in
        _ = try await client.get(type, name: "s", namespace: "n")
      })
    check(
      try await failure(of: answer) { client in
        _ = try await client.list(type, namespace: "n")
      })
    // A watch goes on after an error of the server.
    guard answer.status != 500 else { return }
    check(
      try await failure(of: answer) { client in
        for try await _ in client.watch(type, namespace: "n", resourceVersion: "1") {}
      })
  }

  @Test("what others say in the server's place is shown, for secrets as well")
  func others() async throws {
    let answer = WrongAnswer(
      testDescription: "", status: 502, type: "text/html", body: "<title>Bad Gateway</title>",
      says: "")
    let error = try await failure(of: answer) { client in
      _ = try await client.requestToken(serviceAccount: "reader", namespace: "n")
    }
    #expect(error.message.contains("Bad Gateway"))
  }
}
