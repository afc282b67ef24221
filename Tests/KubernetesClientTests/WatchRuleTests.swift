// What a watch does when its connection ends, how pauses grow, and how lists are asked for page by
// page: the tables, without a server.

import JSON
import Testing

@testable import KubernetesClient

@Suite("Rules of watches")
struct WatchRuleTests {
  private func error(
    _ status: Int, _ reason: String = "", details: JSONValue? = nil, causes: [String] = []
  ) -> APIError {
    APIError(
      cluster: "c1", verb: "watch", object: "pods", status: status, reason: reason, message: "no",
      causes: causes.map { .init(field: "", message: "", reason: $0) }, details: details)
  }

  /// The table and its memory, where expectations can change it.
  private final class Rules {
    var rules = WatchRules()

    func closed(after lasted: Duration, messages: Int) -> WatchStep {
      rules.closed(after: lasted, messages: messages, random: 0)
    }

    func failed(_ error: APIError, canRenew: Bool = false) -> WatchStep {
      rules.failed(error, after: .zero, canRenewCredentials: canRenew, random: 0)
    }
  }

  @Test("a watch that lasted goes on at once; short ones are slowed down")
  func closes() {
    let rules = Rules()
    #expect(rules.closed(after: .seconds(290), messages: 0) == .again(after: .zero))
    #expect(rules.closed(after: .seconds(1), messages: 3) == .again(after: .zero))
    #expect(
      rules.closed(after: .seconds(1), messages: 3) == .again(after: Backoff.first))
    #expect(
      rules.closed(after: .seconds(1), messages: 3) == .again(after: Backoff.first * 2))
    #expect(rules.closed(after: .seconds(2), messages: 0) == .again(after: .zero))
    #expect(rules.closed(after: .seconds(1), messages: 0) == .again(after: .zero))
  }

  @Test("kubernetes#104171: closes at once and without a word mean that the place is lost")
  func silentCloses() {
    let rules = Rules()
    _ = rules.closed(after: .zero, messages: 0)
    // A message shows that the version is good.
    _ = rules.closed(after: .zero, messages: 1)
    _ = rules.closed(after: .zero, messages: 0)
    _ = rules.closed(after: .zero, messages: 0)
    #expect(
      rules.closed(after: .zero, messages: 0)
        == .relist(reason: "the server ended the watch at once, 3 times"))
    // Counting starts over.
    if case .relist = rules.closed(after: .zero, messages: 0) { Issue.record("too early") }
  }

  @Test("kr8s#478/lightkube#108: a version that is too old or too new means a new list")
  func lostPlaces() {
    let rules = Rules()
    #expect(rules.failed(error(410, "Expired")) == .relist(reason: "no"))
    #expect(rules.failed(error(410, "Gone")) == .relist(reason: "no"))
    #expect(rules.failed(error(500, "Expired")) == .relist(reason: "no"))
    #expect(
      rules.failed(error(504, "Timeout", causes: ["ResourceVersionTooLarge"]))
        == .relist(reason: "no"))
  }

  @Test("trouble that passes is waited out, as long as the server wants")
  func passing() {
    let rules = Rules()
    #expect(rules.failed(error(0, "Interrupted")) == .again(after: Backoff.first))
    #expect(rules.failed(error(0, "Unreachable")) == .again(after: Backoff.first * 2))
    #expect(rules.failed(error(504, "Timeout")) == .again(after: Backoff.first * 4))
    #expect(
      rules.failed(error(500, "InternalError", details: ["retryAfterSeconds": 20]))
        == .again(after: .seconds(20)))
    #expect(rules.failed(error(429, "TooManyRequests")) == .again(after: Backoff.first * 16))
  }

  @Test("refusals end a watch; new credentials are tried once")
  func refusals() {
    let rules = Rules()
    for status in [400, 401, 403, 404, 405, 422] { #expect(rules.failed(error(status)) == .fail) }
    #expect(rules.failed(error(502, "NotKubernetes")) == .fail)
    #expect(rules.failed(error(0, "Certificate")) == .fail)
    #expect(rules.failed(error(401), canRenew: true) == .again(after: Backoff.first))
    #expect(rules.failed(error(401), canRenew: true) == .fail)
    _ = rules.closed(after: .seconds(60), messages: 1)
    #expect(rules.failed(error(401), canRenew: true) != .fail)
  }

  @Test("kube-rs#1897: jitter stretches every pause, and pauses grow to a bound without an end")
  func backoff() {
    var still = Backoff()
    var restless = Backoff()
    let pauses = (0..<200).map { _ in still.next(random: 0) }
    let stretched = (0..<200).map { _ in restless.next(random: 0.5) }
    #expect(pauses.prefix(6).map { $0 / Backoff.first } == [1, 2, 4, 8, 16, 32])
    #expect(pauses.dropFirst(6).allSatisfy { $0 == Backoff.longest })
    #expect(stretched.first == Backoff.first * 1.5)
    #expect(stretched.last == Backoff.longest * 1.5)
  }

  @Test("kube-rs#1713: two quiet minutes make a backoff start over, less do not")
  func backoffResets() {
    var backoff = Backoff()
    for _ in 0..<9 { _ = backoff.next(random: 0) }
    backoff.rested(for: .seconds(119))
    let before = backoff.next(random: 0)
    backoff.rested(for: .seconds(120))
    let after = backoff.next(random: 0)
    #expect(before == Backoff.longest)
    #expect(after == Backoff.first)
  }

  @Test("kubernetes#6513: a watch is asked to end before middleboxes end it, and not all at once")
  func watchTime() {
    #expect(WatchRun.seconds.upperBound < 300)
    #expect(WatchRun.seconds.lowerBound >= 240)
    #expect(WatchRun.seconds.count > 20)
    #expect(WatchRun.grace >= 5)
  }
}

@Suite("Pages")
struct PagerTests {
  private func pairs(_ query: [(String, String?)]?) -> [String] {
    (query ?? []).compactMap { key, value in value.map { "\(key)=\($0)" } }
  }

  @Test("kubernetes#85221: a page is asked for without resourceVersion")
  func versions() {
    var pager = Pager(
      selectors: [("labelSelector", "a=b"), ("fieldSelector", nil)], resourceVersion: "7",
      match: .notOlderThan, pageSize: 500)
    #expect(
      pairs(pager.next) == [
        "labelSelector=a=b", "limit=500", "resourceVersion=7", "resourceVersionMatch=NotOlderThan",
      ])
    pager.received("t")
    #expect(pairs(pager.next) == ["labelSelector=a=b", "limit=500", "continue=t"])
    pager.received("")
    #expect(pager.next == nil)
  }

  @Test("pages that expire between two requests are one list at the version asked for")
  func restart() {
    let gone = APIError(
      cluster: "c1", verb: "list", object: "", status: 410, reason: "Expired", message: "")
    var pager = Pager(selectors: [], resourceVersion: "7", match: .exact, pageSize: 2)
    #expect(!pager.canRestart(after: gone))
    pager.received("t")
    #expect(pager.canRestart(after: gone))
    pager.restart()
    #expect(pairs(pager.next) == ["resourceVersion=7", "resourceVersionMatch=Exact"])
    #expect(!pager.canRestart(after: gone))
  }
}
