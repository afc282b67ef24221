// The client's pure decisions: retries, queueing, versions, framing, paths, headers and times.

import JSON
import Testing

@testable import KubernetesClient

@Suite("Retry decisions")
struct RetryPolicyTests {
  private func failure(_ code: Int, seen: Bool = true) -> Outcome {
    .failed(
      TransportError(
        kind: TransportError.kind(of: code), code: code, message: "", mayHaveBeenSeen: seen))
  }

  @Test(
    "a replayable request is tried again after the connection died",
    arguments: [16, 18, 52, 55, 56, 92])
  func brokenConnection(code: Int) {
    var policy = RetryPolicy(isReplayable: true)
    #expect(policy.decide(failure(code), random: 0) == .retry(after: .milliseconds(200)))
    #expect(policy.decide(failure(code), random: 0) == .retry(after: .milliseconds(500)))
    #expect(policy.decide(failure(code), random: 1) == .retry(after: .milliseconds(1500)))
    #expect(policy.decide(failure(code), random: 0) == .finish)
  }

  @Test("other failures are told at once", arguments: [5, 6, 7, 23, 28, 35, 58, 60, 65, 77])
  func otherFailures(code: Int) {
    var policy = RetryPolicy(isReplayable: true)
    #expect(policy.decide(failure(code), random: 0) == .finish)
  }

  @Test("a POST is tried again only when no byte of it was sent")
  func post() {
    var policy = RetryPolicy(isReplayable: false)
    #expect(policy.decide(failure(56), random: 0) == .finish)
    #expect(policy.decide(failure(56, seen: false), random: 0) != .finish)
    #expect(policy.decide(failure(65), random: 0) == .finish)
  }

  @Test("throttling without a time is followed for replayable requests only")
  func throttled() {
    for status in [429, 503, 504] {
      var replayable = RetryPolicy(isReplayable: true)
      var post = RetryPolicy(isReplayable: false)
      let outcome = Outcome.answered(status: status, retryAfter: nil)
      #expect(replayable.decide(outcome, random: 0) == .retry(after: .milliseconds(200)))
      #expect(post.decide(outcome, random: 0) == .finish)
    }
    for status in [200, 201, 400, 403, 404, 409, 410, 422, 500, 501, 502] {
      var policy = RetryPolicy(isReplayable: true)
      let outcome = Outcome.answered(status: status, retryAfter: nil)
      #expect(policy.decide(outcome, random: 0) == .finish)
    }
  }

  @Test("Retry-After is respected for every verb, ten times at most")
  func retryAfter() {
    var policy = RetryPolicy(isReplayable: false)
    let outcome = Outcome.answered(status: 429, retryAfter: "2")
    for _ in 0..<10 {
      #expect(policy.decide(outcome, random: 0) == .retry(after: .seconds(2)))
    }
    #expect(policy.decide(outcome, random: 0) == .finish)
    var other = RetryPolicy(isReplayable: false)
    #expect(other.decide(.answered(status: 503, retryAfter: "3600"), random: 0) == .finish)
    // A failure in the midst of work may have done it: only what may be repeated is.
    for status in [500, 502, 504] {
      let outcome = Outcome.answered(status: status, retryAfter: "1")
      #expect(other.decide(outcome, random: 0) == .finish)
      var replayable = RetryPolicy(isReplayable: true)
      #expect(replayable.decide(outcome, random: 0) == .retry(after: .seconds(1)))
    }
    #expect(other.decide(.answered(status: 200, retryAfter: "2"), random: 0) == .finish)
    var eviction = RetryPolicy(isReplayable: false, followsThrottling: false)
    #expect(eviction.decide(outcome, random: 0) == .finish)
  }

  @Test("kube-rs#1897, kube-rs#1713: pauses are stretched by chance and end after three")
  func jitter() {
    var pauses: Set<Duration> = []
    for random in stride(from: 0.0, through: 1.0, by: 0.1) {
      var policy = RetryPolicy(isReplayable: true)
      guard case .retry(let pause) = policy.decide(failure(56), random: random) else { continue }
      #expect((Duration.milliseconds(200)...(.milliseconds(300))).contains(pause))
      pauses.insert(pause)
      for _ in 0..<2 { _ = policy.decide(failure(56), random: random) }
      #expect(policy.decide(failure(56), random: random) == .finish)
    }
    #expect(pauses.count == 11)
  }

  @Test("a handshake that was cut off is no matter of certificates, and is tried again")
  func handshake() {
    let texts = [
      "OpenSSL SSL_connect: Connection reset by peer in connection to 127.0.0.1:6443",
      "OpenSSL SSL_connect: SSL_ERROR_SYSCALL in connection to 127.0.0.1:6443",
      "error:0A000126:SSL routines::unexpected eof while reading",
    ]
    for text in texts {
      let error = TransportError(
        kind: TransportError.kind(of: 35, detail: text), code: 35, message: text)
      #expect(error.kind == .broken)
      var post = RetryPolicy(isReplayable: false)
      #expect(post.decide(.failed(error), random: 0) == .retry(after: .milliseconds(200)))
    }
    #expect(TransportError.kind(of: 35, detail: "unsupported protocol") == .certificate)
  }

  @Test("new credentials are fetched once after a 401")
  func unauthorized() {
    var policy = RetryPolicy(isReplayable: false, canRenewCredentials: true)
    let outcome = Outcome.answered(status: 401, retryAfter: nil)
    #expect(policy.decide(outcome, random: 0) == .renewCredentials)
    #expect(policy.decide(outcome, random: 0) == .finish)
    var fixed = RetryPolicy(isReplayable: true)
    #expect(fixed.decide(outcome, random: 0) == .finish)
  }
}

@Suite("Version priority")
struct VersionPriorityTests {
  @Test("stable before beta before alpha, higher numbers first, others last")
  func order() {
    let sorted = [
      "v10", "v2", "v1", "v11beta2", "v10beta3", "v3beta1", "v12alpha1", "v11alpha2", "foo1",
      "foo10",
    ]
    #expect(VersionPriority.sorted(sorted.reversed()) == sorted)
    #expect(
      VersionPriority.sorted(["v1alpha3", "v1", "v1beta1"]) == ["v1", "v1beta1", "v1alpha3"])
  }

  @Test("only the pattern counts as a version")
  func pattern() {
    #expect(VersionPriority.isVersion("v1beta2"))
    for text in ["v", "1", "v1gamma1", "v1beta", "va", "apps", "v1beta1x", "v1.2"] {
      #expect(!VersionPriority.isVersion(text), "\(text)")
    }
  }
}

@Suite("Watch framing")
struct WatchFramingTests {
  private let text =
    #"{"type":"ADDED","object":{"metadata":{"name":"é\u2028 x","resourceVersion":"1"}}}"# + "\n"
    + "\n" + #"{"type":"BOOKMARK","object":{"metadata":{"resourceVersion":"2"}}}"# + "\r\n"
    + "{\"type\":\"DELETED\",\"object\":{\"metadata\":{\"name\":\"a\u{2028}b\","
    + "\"resourceVersion\":\"3\"}}}\n"

  @Test("events come whole however the bytes are cut")
  func everySplit() throws {
    let bytes = Array(text.utf8)
    let whole = events(of: [bytes])
    #expect(whole.map(\.kind) == [.added, .bookmark, .deleted])
    #expect(whole.map(\.resourceVersion) == ["1", "2", "3"])
    for cut in 0...bytes.count {
      #expect(events(of: [Array(bytes[..<cut]), Array(bytes[cut...])]) == whole)
    }
    #expect(events(of: bytes.map { [$0] }) == whole)
  }

  private func events(of chunks: [[UInt8]]) -> [WatchEvent] {
    var framer = LineFramer()
    let lines = chunks.flatMap { framer.append($0) }
    #expect(framer.remainder.isEmpty)
    return lines.compactMap {
      guard case .event(let event)? = WatchLine($0) else { return nil }
      return event
    }
  }

  @Test("an ERROR line is a failure, other lines are nothing")
  func otherLines() {
    let status = #"{"type":"ERROR","object":{"kind":"Status","code":410}}"#
    #expect(WatchLine(Array(status.utf8)) == .failure(status: ["kind": "Status", "code": 410]))
    for text in ["{}", "<html>", #"{"type":"NEW","object":{}}"#, #"{"type":"ADDED"}"#] {
      #expect(WatchLine(Array(text.utf8)) == nil, "\(text)")
    }
  }
}

@Suite("Paths, headers and times")
struct SmallPartsTests {
  @Test("paths follow scope and group")
  func paths() {
    #expect(
      ResourcePath.path(Types.configMap, namespace: "a", name: "b")
        == "/api/v1/namespaces/a/configmaps/b")
    #expect(
      ResourcePath.path(Types.deployment, namespace: "a", name: "b", subresource: "scale")
        == "/apis/apps/v1/namespaces/a/deployments/b/scale")
    #expect(
      ResourcePath.path(Types.namespace, namespace: "ignored", name: "b") == "/api/v1/namespaces/b")
    #expect(
      ResourcePath.path(Types.deployment, namespace: nil, name: nil) == "/apis/apps/v1/deployments")
    #expect(
      ResourcePath.path(Types.namespace, namespace: nil, name: "system:a?b#é")
        == "/api/v1/namespaces/system:a%3Fb%23%C3%A9")
  }

  @Test("names that would change the path are refused")
  func names() {
    for name in ["", ".", "..", "a/b", "a%2Fb"] {
      #expect(ResourcePath.problem(inName: name, what: "name") != nil, "\(name)")
    }
    for name in ["a", "a.b", "...", "system:node"] {
      #expect(ResourcePath.problem(inName: name, what: "name") == nil, "\(name)")
    }
  }

  @Test("queries are encoded and empty ones left out")
  func queries() {
    #expect(
      ResourcePath.query([("a", "1"), ("b", nil), ("c", "x=y,z w&")]) == "a=1&c=x%3Dy%2Cz%20w%26")
  }

  @Test("warnings with code 299 are read, several in a header too")
  func warnings() {
    #expect(WarningHeader.texts(in: #"299 - "old \"v1\" API""#) == [#"old "v1" API"#])
    #expect(
      WarningHeader.texts(
        in: #"299 - "a, b", 199 x "no", 299 - "c" "Mon, 23 Nov 2026 09:00:00 GMT""#)
        == ["a, b", "c"])
    for header in ["", "299", "299 -", "299 - x", #"299 - "open"#, "junk \"x\""] {
      #expect(WarningHeader.texts(in: header) == [], "\(header)")
    }
    #expect(WarningHeader.texts(in: "299 - \"a\u{1B}[31mb\"") == ["a[31mb"])
  }

  @Test("times of the API are read without a calendar library")
  func timestamps() {
    #expect(Timestamp.seconds("1970-01-01T00:00:00Z") == 0)
    #expect(Timestamp.seconds("2026-11-23T09:30:31Z") == 1_795_426_231)
    #expect(Timestamp.seconds("2026-11-23T10:30:31.123456+01:00") == 1_795_426_231)
    #expect(Timestamp.seconds("2000-02-29T23:59:60-00:30") == 951_870_600)
    for text in [
      "", "2026-11-23", "2026-11-23T09:30:31", "2026-13-01T00:00:00Z", "2026-11-23T09:30:31Zx",
      "x026-11-23T09:30:31Z", "2026-11-23T09:30:31.5",
    ] {
      #expect(Timestamp.seconds(text) == nil, "\(text)")
    }
  }

  @Test("durations read as people write them")
  func durations() {
    #expect(Duration.seconds(300).words == "5m")
    #expect(Duration.seconds(90).words == "90s")
    #expect(Duration.milliseconds(1500).words == "1.5s")
    #expect(Duration.zero.words == "0s")
  }

  @Test("impersonation becomes headers, odd keys are escaped")
  func impersonation() {
    let who = Impersonation(
      user: "jane", uid: "7", groups: ["a", "b"], extra: ["acme.com/%x": ["1", "2"]])
    #expect(
      who.headers.map { "\($0.name): \($0.value)" } == [
        "Impersonate-User: jane", "Impersonate-Uid: 7", "Impersonate-Group: a",
        "Impersonate-Group: b", "Impersonate-Extra-acme.com%2F%25x: 1",
        "Impersonate-Extra-acme.com%2F%25x: 2",
      ])
  }
}
