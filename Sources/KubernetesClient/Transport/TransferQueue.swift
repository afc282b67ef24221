// Which transfers may run: the transport's decisions without its effects.
//
//   enqueue ──▶ waiting ──startable──▶ running ──finish──▶ gone
//                  └────────cancel────────┴──────cancel──▶ gone
//
// Each lane (one per cluster) has a bound on the calls that run at once. Streams do not count: they
// last for minutes, and a bound that they could fill would block every call behind them.

struct TransferQueue {
  typealias ID = UInt64

  /// What the caller must do about a cancelled transfer.
  enum Cancellation: Hashable {
    /// It had not begun.
    case wasWaiting
    /// It must be taken off the wire.
    case wasRunning
    /// It is over already or not known yet.
    case isUnknown
  }

  private struct Lane {
    var waiting: [ID] = []
    var running = 0
  }

  private struct Ticket {
    let lane: Int
    let isStream: Bool
    var isRunning: Bool
  }

  /// How many calls one lane may have on the wire.
  let limit: Int
  private var lanes: [Int: Lane] = [:]
  private var tickets: [ID: Ticket] = [:]
  private var startableStreams: [ID] = []

  init(limit: Int) { self.limit = limit }

  /// True when nothing waits or runs.
  var isEmpty: Bool { tickets.isEmpty }

  mutating func enqueue(_ id: ID, lane: Int, isStream: Bool) {
    tickets[id] = Ticket(lane: lane, isStream: isStream, isRunning: false)
    if isStream {
      startableStreams.append(id)
    } else {
      lanes[lane, default: Lane()].waiting.append(id)
    }
  }

  /// Takes out the transfers that may begin now, oldest first in each lane, and counts them as
  /// running.
  mutating func takeStartable() -> [ID] {
    var started = startableStreams
    startableStreams = []
    for number in lanes.keys.sorted() {
      guard var lane = lanes[number] else { continue }
      let count = min(lane.waiting.count, limit - lane.running)
      guard count > 0 else { continue }
      started += lane.waiting.prefix(count)
      lane.waiting.removeFirst(count)
      lane.running += count
      lanes[number] = lane
    }
    for id in started { tickets[id]?.isRunning = true }
    return started
  }

  /// Forgets a transfer that ran.
  mutating func finish(_ id: ID) {
    guard let ticket = tickets.removeValue(forKey: id) else { return }
    guard !ticket.isStream, ticket.isRunning else { return }
    lanes[ticket.lane]?.running -= 1
    if let lane = lanes[ticket.lane], lane.running == 0, lane.waiting.isEmpty {
      lanes[ticket.lane] = nil
    }
  }

  mutating func cancel(_ id: ID) -> Cancellation {
    guard let ticket = tickets[id] else { return .isUnknown }
    if ticket.isRunning {
      finish(id)
      return .wasRunning
    }
    tickets[id] = nil
    startableStreams.removeAll { $0 == id }
    lanes[ticket.lane]?.waiting.removeAll { $0 == id }
    return .wasWaiting
  }
}
