// Since when nothing was heard on a connection that owes an answer, and what to do about it.
//
// A connection with streams that is silent for `quietLimit` is asked with a PING (RFC 9113, 6.7). Any
// byte is an answer. When none comes within `probeTimeout`, it is dead. A watch without news and a
// command that thinks are right to be quiet: their servers answer the PING.

struct Silence {
  typealias Instant = ContinuousClock.Instant

  private(set) var since: Instant
  private var askedAt: Instant?

  init(since: Instant) { self.since = since }

  var isAsked: Bool { askedAt != nil }

  /// The first request goes out after nothing was owed. Those that follow change nothing: requests that
  /// keep coming must not hide that none is answered.
  mutating func begins(at now: Instant) {
    guard askedAt == nil else { return }
    since = now
  }

  /// Something was heard.
  mutating func ends(at now: Instant) {
    since = now
    askedAt = nil
  }

  mutating func asks(at now: Instant) { askedAt = now }

  enum Verdict: Hashable {
    case none
    case ask
    case dead
  }

  /// What the silence means by now, on a connection that owes something.
  func verdict(at now: Instant, _ options: TransportOptions) -> Verdict {
    if let askedAt { return now - askedAt >= options.probeTimeout ? .dead : .none }
    return now - since >= options.quietLimit ? .ask : .none
  }

  /// A request that was sent then was not answered in its time, and `others` wait on its connection, or
  /// none. Closing a connection that carries others, or was heard of since, needs more than the impatience
  /// of one request.
  func verdict(ofTimeoutSince sent: Instant, others: Bool) -> Verdict {
    if since <= sent, !others { return .dead }
    return isAsked ? .none : .ask
  }
}
