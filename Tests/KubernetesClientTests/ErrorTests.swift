// What failures look like to people.

import JSON
import Testing

@testable import KubernetesClient

@Suite("API errors")
struct ErrorTests {
  private func purpose(_ verb: String = "apply") throws -> Purpose {
    Purpose(
      cluster: "c1", verb: verb,
      object: Types.deployment.describe(name: "x", namespace: "y"),
      server: try #require(ServerAddress("https://h:6443")),
      advice: verb == "get" ? nil : "look first")
  }

  private func head(_ status: Int, _ type: String?) -> HTTPHead {
    HTTPHead(status: status, headers: type.map { [("content-type", $0)] } ?? [])
  }

  @Test("a refusal names cluster, verb, object, status, reason and causes")
  func status() throws {
    let body = """
      {"kind":"Status","status":"Failure","message":"Apply failed","reason":"Conflict","code":409,
       "details":{"causes":[{"reason":"FieldManagerConflict",
       "message":"conflict with \\"kubectl\\" using apps/v1","field":".spec.replicas"}]}}
      """
    let error = try purpose().error(head(409, "application/json"), body: Array(body.utf8))
    #expect(
      error.description == "c1: apply deployments.apps \"x\" in namespace \"y\": 409 Conflict: "
        + "Apply failed (.spec.replicas: conflict with \"kubectl\" using apps/v1)")
    #expect(error.isConflict)
    #expect(!error.isUnreachable)
    #expect(error.causes.first?.reason == "FieldManagerConflict")
  }

  @Test("HTML is told as what it is, in one line")
  func html() throws {
    let body = "<html>\n<title>Sign in</title>\u{1B}[31m" + String(repeating: "x", count: 5000)
    let error = try purpose().error(head(200, "text/html; charset=utf-8"), body: Array(body.utf8))
    #expect(error.reason == "NotKubernetes")
    #expect(
      error.message.hasPrefix(
        "answered with text/html, not Kubernetes JSON: is https://h:6443 the API server's address"))
    #expect(error.message.contains("<html> <title>Sign in</title>"))
    #expect(!error.description.contains("\n"))
    #expect(!error.description.contains("\u{1B}"))
    #expect(error.message.count < 300)
  }

  @Test("plain text and empty answers keep the status's name")
  func plainText() throws {
    let error = try purpose().error(
      head(429, "text/plain; charset=utf-8"), body: Array("Too many requests.\n".utf8))
    #expect(error.description.hasSuffix("429 TooManyRequests: Too many requests."))
    #expect(try purpose().error(head(503, nil), body: []).reason == "ServiceUnavailable")
  }

  @Test("no answer is told with the reason and a hint")
  func unreachable() throws {
    let cases: [(TransportError.Kind, Bool, String, String)] = [
      (.refused, false, "Unreachable", "running there"), (.name, false, "Unreachable", "host name"),
      (.timeout, false, "Timeout", "firewall"),
      (.timeout, true, "Timeout", "did not answer; it may have been carried out: look first"),
      (.certificate, false, "Certificate", "server's authority"),
      (.broken, true, "Interrupted", "may have been carried out: look first"),
      (
        .notReplayed, true, "Interrupted",
        "not sent again; it may have been carried out: look first"
      ),
    ]
    for (kind, seen, reason, hint) in cases {
      let error = try purpose().error(
        TransportError(kind: kind, message: "libcurl's words", mayHaveBeenSeen: seen))
      #expect(error.status == 0)
      #expect(error.reason == reason)
      #expect(error.isUnreachable)
      #expect(error.message.contains(hint), "\(error)")
    }
    let read = try purpose("get").error(
      TransportError(kind: .broken, message: "reset", mayHaveBeenSeen: true))
    #expect(!read.message.contains("carried out"))
    let local = try purpose().error(TransportError(kind: .unavailable, message: "no libcurl"))
    #expect(!local.isUnreachable)
  }

  @Test("libcurl's codes are sorted by what they mean")
  func codes() {
    #expect(TransportError.kind(of: 6) == .name)
    #expect(TransportError.kind(of: 7) == .refused)
    #expect(TransportError.kind(of: 28) == .timeout)
    #expect(TransportError.kind(of: 60) == .certificate)
    #expect(TransportError.kind(of: 65) == .notReplayed)
    #expect(TransportError.kind(of: 92) == .broken)
    #expect(TransportError.kind(of: 3) == .other)
  }
}
