// Whether a cluster may be connected to: one call at a time finds out, the others learn from it.
//
//              admit: leads                  connected
//   unproven ───────────────▶ connecting ──────────────▶ proven
//      ▲  ▲                    │   │ ▲                      │
//      │  └──── leader left ───┘   │ │ admit after the      │
//      │                    failed │ │ pause: leads         │
//      │                           ▼ │                      │
//      │                           open ── admit before ──▶ refused with the first failure
//      └───────────────── doubt (a connection broke) ───────┘
//
// While the leader connects, the others wait; they go all at once when it has its connection, and
// share its failure when it has none. So a cluster that cannot be reached costs one connect timeout
// however many calls want it. A leader that is cancelled hands on what is left of that time. An open
// circuit refuses at once until its pause is over; the pauses double.

struct Circuit {
  typealias Instant = ContinuousClock.Instant
  typealias ID = TransferQueue.ID

  enum State: Hashable {
    case unproven
    case connecting(leader: ID)
    case proven
    case open(until: Instant)
  }

  /// What a call that wants to start may do.
  enum Admission {
    case go
    /// Connect, within this time, on behalf of all.
    case lead(budget: Duration)
    case wait
    case refuse(TransportError)
  }

  private(set) var state = State.unproven
  private let options: TransportOptions
  /// The end of the time that connecting may take; set while it is being tried.
  private var budgetEnd: Instant?
  /// What a leader that left has not used up.
  private var budgetLeft: Duration?
  private var failure: TransportError?
  private var failedAt: Instant?
  private var openings = 0
  private var brokenInRow = 0
  /// Connections that break while they are made are tried again, this many in a row.
  private static let brokenLimit = 3

  init(options: TransportOptions) { self.options = options }

  /// True when nothing is remembered that a new circuit would not know.
  var isFresh: Bool { (state == .unproven || state == .proven) && brokenInRow == 0 }

  /// The call that connects for all.
  var leader: ID? {
    if case .connecting(let leader) = state { leader } else { nil }
  }

  mutating func admit(_ id: ID, at now: Instant) -> Admission {
    switch state {
    case .proven: return .go
    case .connecting: return .wait
    case .open(let until):
      guard now >= until else { return .refuse(refusal(until: until, at: now)) }
    case .unproven: break
    }
    let budget = budgetLeft ?? options.connectTimeout
    guard budget > .zero else {
      let error = TransportError(
        kind: .timeout, message: "no connection within \(options.connectTimeout.words)")
      open(error, at: now)
      return .refuse(error)
    }
    budgetEnd = now + budget
    state = .connecting(leader: id)
    return .lead(budget: budget)
  }

  /// A call has its connection.
  mutating func connected(_ id: ID) {
    // A transfer that began before the trouble proves nothing about new connections.
    guard leader == id else { return }
    state = .proven
    budgetLeft = nil
    (failure, failedAt, openings, brokenInRow) = (nil, nil, 0, 0)
  }

  /// A call could not connect. True when whoever waits for a connection shares the failure.
  mutating func failed(_ id: ID, _ error: TransportError, at now: Instant) -> Bool {
    if case .open = state { return true }
    brokenInRow = error.kind == .broken ? brokenInRow + 1 : 0
    if error.kind == .broken, brokenInRow < Self.brokenLimit {
      if state == .connecting(leader: id) { state = .unproven }
      budgetLeft = nil
      return false
    }
    open(error, at: now)
    return true
  }

  /// A call ended before it was known whether it could connect.
  mutating func left(_ id: ID, othersWait: Bool, at now: Instant) {
    guard leader == id else { return }
    state = .unproven
    budgetLeft = othersWait ? budgetEnd.map { $0 - now } : nil
  }

  /// A connection broke: the next call has to find out whether there is a new one.
  mutating func doubt() {
    if state == .proven { state = .unproven }
  }

  /// What was found out holds no more: the next call tries at once.
  mutating func forgetTrouble() {
    guard case .open = state else { return }
    state = .unproven
    (failure, failedAt, openings) = (nil, nil, 0)
  }

  private mutating func open(_ error: TransportError, at now: Instant) {
    var pause = options.circuitPause
    for _ in 0..<openings where pause < options.longestCircuitPause { pause *= 2 }
    openings += 1
    brokenInRow = 0
    budgetLeft = nil
    failure = error
    failedAt = now
    state = .open(until: now + min(pause, options.longestCircuitPause))
  }

  private func refusal(until: Instant, at now: Instant) -> TransportError {
    let ago = failedAt.map { Self.words(now - $0) } ?? "before"
    return TransportError(
      kind: failure?.kind ?? .unavailable,
      message: "\(failure?.message ?? "it could not be reached") "
        + "(found \(ago) ago, tried again in \(Self.words(until - now)))")
  }

  /// Tenths of a second are enough for people.
  private static func words(_ duration: Duration) -> String {
    let tenths = max(1, (CurlOptions.milliseconds(duration) + 50) / 100)
    return tenths % 10 == 0 ? "\(tenths / 10)s" : "\(tenths / 10).\(tenths % 10)s"
  }
}
