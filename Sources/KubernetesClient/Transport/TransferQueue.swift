// Which transfers may run: the transport's decisions without its effects.
//
//   enqueue ──▶ waiting ──startable──▶ running ──finish──▶ gone
//                  ▲  └────────cancel────┴──────cancel──▶ gone
//                  └──────putBack────────┘
//
// Each lane (one per client of a cluster) has a bound on the transfers that are unanswered at once. A
// stream counts until its answer begins; from then on it counts among the streams, which may last
// for hours: a bound that they could fill would block every call behind them. How many streams a
// lane may hold open is learned when the server's connections have no more room.

struct TransferQueue {
  typealias ID = UInt64
  typealias Instant = ContinuousClock.Instant

  enum Kind: Hashable {
    case call
    case stream
  }

  /// What the caller must do about a cancelled transfer.
  enum Cancellation: Hashable {
    /// It had not begun.
    case wasWaiting
    /// It must be taken off the wire.
    case wasRunning
    /// It is over already or not known yet.
    case isUnknown
  }

  /// What `takeStartable` decided.
  struct Decision {
    /// Those that begin, with the time that connecting may take when that is less than usual.
    var started: [(id: ID, budget: Duration?)] = []
    /// Those that end without having begun.
    var refused: [(id: ID, error: TransportError)] = []
    /// Those of the beginning ones that connect on behalf of others.
    var leaders: [ID] = []
    var ids: [ID] { started.map(\.id) }
  }

  private struct Lane {
    var calls: [ID] = []
    var streams: [ID] = []
    var unanswered = 0
    var openStreams = 0
    var streamLimit = Int.max
    var circuit: Circuit
    /// True while its number stands among those that have to be looked at.
    var isListed = false
    var waits: Bool { !calls.isEmpty || !streams.isEmpty }
    var isIdle: Bool { !waits && unanswered == 0 && openStreams == 0 }
  }

  private struct Ticket {
    let lane: Int
    let kind: Kind
    var isRunning = false
    var isAnswered = false
  }

  private let options: TransportOptions
  private var lanes: [Int: Lane] = [:]
  private var tickets: [ID: Ticket] = [:]
  /// The lanes in which something waits, and some others.
  private var listed: [Int] = []

  init(options: TransportOptions) { self.options = options }

  /// True when nothing waits or runs.
  var isEmpty: Bool { tickets.isEmpty }

  /// The calls that connect on behalf of others.
  private(set) var leaders: [ID] = []

  mutating func enqueue(_ id: ID, lane: Int, kind: Kind) {
    tickets[id] = Ticket(lane: lane, kind: kind)
    if lanes[lane] == nil { lanes[lane] = Lane(circuit: Circuit(options: options)) }
    if kind == .call {
      lanes[lane]?.calls.append(id)
    } else {
      lanes[lane]?.streams.append(id)
    }
    list(lane)
  }

  private mutating func list(_ number: Int) {
    guard lanes[number]?.isListed == false else { return }
    lanes[number]?.isListed = true
    listed.append(number)
  }

  /// Takes out the transfers that may begin now, oldest first in each lane, calls before streams,
  /// and counts them as running; and those that may not even wait.
  mutating func takeStartable(at now: Instant) -> Decision {
    var decision = Decision()
    guard !listed.isEmpty else { return decision }
    var stillListed: [Int] = []
    for number in listed {
      guard var lane = lanes.removeValue(forKey: number) else { continue }
      startCalls(of: &lane, at: now, &decision)
      startStreams(of: &lane, at: now, &decision)
      lane.isListed = lane.waits
      if lane.waits { stillListed.append(number) }
      lanes[number] = lane
    }
    listed = stillListed
    leaders += decision.leaders
    for (id, _) in decision.started { tickets[id]?.isRunning = true }
    for (id, _) in decision.refused { forget(id, at: now) }
    return decision
  }

  private func startCalls(of lane: inout Lane, at now: Instant, _ decision: inout Decision) {
    var taken = 0
    for id in lane.calls {
      guard lane.unanswered < options.callsPerCluster,
        admit(id, to: &lane, at: now, &decision)
      else { break }
      taken += 1
    }
    lane.calls.removeFirst(taken)
  }

  private func startStreams(of lane: inout Lane, at now: Instant, _ decision: inout Decision) {
    var taken = 0
    var beginning = 0
    for id in lane.streams {
      guard lane.unanswered < options.callsPerCluster,
        lane.openStreams + beginning < lane.streamLimit,
        admit(id, to: &lane, at: now, &decision)
      else { break }
      beginning += 1
      taken += 1
    }
    lane.streams.removeFirst(taken)
  }

  /// False when it has to wait.
  private func admit(
    _ id: ID, to lane: inout Lane, at now: Instant, _ decision: inout Decision
  ) -> Bool {
    switch lane.circuit.admit(id, at: now) {
    case .wait: return false
    case .refuse(let error): decision.refused.append((id, error))
    case .go:
      lane.unanswered += 1
      decision.started.append((id, nil))
    case .lead(let budget):
      lane.unanswered += 1
      decision.started.append((id, budget))
      decision.leaders.append(id)
    }
    return true
  }

  // MARK: What became of them

  /// A transfer has its connection.
  mutating func connected(_ id: ID) {
    guard !leaders.isEmpty, let ticket = tickets[id] else { return }
    stopLeading(id)
    lanes[ticket.lane]?.circuit.connected(id)
  }

  /// A transfer found no connection. Returns those that wait in the queue and share that, which
  /// are forgotten; nil when nobody shares it.
  mutating func connectFailed(_ id: ID, _ error: TransportError, at now: Instant) -> [ID]? {
    guard let ticket = tickets[id],
      lanes[ticket.lane]?.circuit.failed(id, error, at: now) == true
    else { return nil }
    let waiting = (lanes[ticket.lane]?.calls ?? []) + (lanes[ticket.lane]?.streams ?? [])
    lanes[ticket.lane]?.calls = []
    lanes[ticket.lane]?.streams = []
    for id in waiting { forget(id, at: now) }
    return waiting
  }

  /// A transfer's connection broke.
  mutating func doubt(_ id: ID) {
    guard let ticket = tickets[id] else { return }
    lanes[ticket.lane]?.circuit.doubt()
  }

  /// A lane is reached in another way from now on: with other certificates.
  mutating func forgetTrouble(ofLane number: Int) { lanes[number]?.circuit.forgetTrouble() }

  /// The answer of a stream begins.
  mutating func answered(_ id: ID) {
    guard let ticket = tickets[id], ticket.kind == .stream, ticket.isRunning, !ticket.isAnswered
    else { return }
    tickets[id]?.isAnswered = true
    lanes[ticket.lane]?.unanswered -= 1
    lanes[ticket.lane]?.openStreams += 1
  }

  /// The connections of a lane have no room: it may hold fewer streams open than it does.
  mutating func limitStreams(ofLane number: Int) {
    guard let lane = lanes[number] else { return }
    lanes[number]?.streamLimit = max(1, min(lane.streamLimit, lane.openStreams) - 1)
  }

  /// A stream that runs without having found room waits again, before the others.
  mutating func putBack(_ id: ID, at now: Instant = .now) {
    guard let ticket = tickets[id], ticket.kind == .stream, ticket.isRunning, !ticket.isAnswered
    else { return }
    tickets[id]?.isRunning = false
    lanes[ticket.lane]?.unanswered -= 1
    stopLeading(id)
    let waits = lanes[ticket.lane]?.waits ?? false
    lanes[ticket.lane]?.circuit.left(id, othersWait: waits, at: now)
    lanes[ticket.lane]?.streams.insert(id, at: 0)
    list(ticket.lane)
  }

  /// Forgets a transfer that ran.
  mutating func finish(_ id: ID, at now: Instant = .now) { forget(id, at: now) }

  mutating func cancel(_ id: ID, at now: Instant = .now) -> Cancellation {
    guard let ticket = tickets[id] else { return .isUnknown }
    if !ticket.isRunning {
      lanes[ticket.lane]?.calls.removeAll { $0 == id }
      lanes[ticket.lane]?.streams.removeAll { $0 == id }
    }
    forget(id, at: now)
    return ticket.isRunning ? .wasRunning : .wasWaiting
  }

  private mutating func forget(_ id: ID, at now: Instant) {
    stopLeading(id)
    guard let ticket = tickets.removeValue(forKey: id),
      var lane = lanes.removeValue(forKey: ticket.lane)
    else { return }
    if ticket.isRunning {
      if ticket.isAnswered { lane.openStreams -= 1 } else { lane.unanswered -= 1 }
    }
    lane.circuit.left(id, othersWait: lane.waits, at: now)
    // A lane that remembers nothing is made anew when it is needed.
    if !lane.isIdle || !lane.circuit.isFresh { lanes[ticket.lane] = lane }
  }

  private mutating func stopLeading(_ id: ID) {
    if !leaders.isEmpty { leaders.removeAll { $0 == id } }
  }
}
