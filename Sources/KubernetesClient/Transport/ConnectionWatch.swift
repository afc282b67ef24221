// Which connections have died without a word: decisions of the watchdog, without its effects.
//
// libcurl neither sends HTTP/2 pings nor gives up a connection whose peer is gone; it uses it again
// and again. So a connection with requests under way that is silent for `quietLimit` is asked: a
// small request is sent, and the connection that libcurl took for it tells what its fate means.
//
//   the question went over      answered       not answered in `probeTimeout`
//   the silent connection       it lives       it is dead: shut it down
//   another connection          unproven       the other one is dead; unproven
//
// An unproven connection is left open, as what is quiet on it may be right to be (a log, a command);
// only its watches are moved, which can go on elsewhere from where they are. Connections of HTTP/1.1
// carry one request at a time, so there is nothing to ask over them: TCP's own keep-alive probes and
// the requests' time-outs watch over those.

struct ConnectionWatch {
  typealias Instant = ContinuousClock.Instant

  /// A request on a connection.
  struct Use {
    let id: TransferQueue.ID
    let connection: Connection
    /// When it was sent.
    let sent: Instant
    /// When something of its answer came last.
    let lastHeard: Instant?
    /// Whether the connection is one of HTTP/2; nil before the answer tells.
    let isMultiplexed: Bool?
  }

  /// What a time-out means for its connection.
  enum Reaction: Hashable {
    case none
    case probe
    case shutDown
  }

  /// What a probe has shown.
  struct Verdict: Hashable {
    var dead: [Connection] = []
    var unproven: Connection?
  }

  private struct Record {
    var lastHeard: Instant?
    /// When the first request was sent since something was heard last.
    var firstAsked: Instant?
    var isMultiplexed: Bool?
    var isProbed = false
    var lastProbe: Instant?
    var lastUse: Instant
  }

  private let options: TransportOptions
  private var records: [Connection: Record] = [:]
  /// More records than this are cut down to the young ones.
  private static let limit = 1024

  init(options: TransportOptions) { self.options = options }

  /// Takes in what a request tells about its connection.
  mutating func note(_ use: Use) {
    var record = records[use.connection] ?? Record(lastUse: use.sent)
    record.lastUse = max(record.lastUse, use.lastHeard ?? use.sent)
    if let multiplexed = use.isMultiplexed { record.isMultiplexed = multiplexed }
    if let heard = use.lastHeard {
      record.lastHeard = max(record.lastHeard ?? heard, heard)
    }
    if record.lastHeard.map({ use.sent > $0 }) ?? true {
      record.firstAsked = min(record.firstAsked ?? use.sent, use.sent)
    }
    if let heard = record.lastHeard, let asked = record.firstAsked, asked <= heard {
      record.firstAsked = nil
    }
    records[use.connection] = record
    if records.count > Self.limit { forgetOld(before: record.lastUse - .seconds(300)) }
  }

  private mutating func forgetOld(before time: Instant) {
    records = records.filter { $0.value.lastUse > time || $0.value.isProbed }
  }

  /// The requests whose connections have to be asked now, one for each.
  mutating func suspects(among uses: [Use], at now: Instant) -> [Use] {
    for use in uses { note(use) }
    var result: [Use] = []
    for use in uses {
      guard var record = records[use.connection], !record.isProbed,
        record.isMultiplexed != false, silence(of: record, at: now) >= options.quietLimit,
        record.lastProbe.map({ now - $0 >= options.quietLimit }) ?? true
      else { continue }
      record.isProbed = true
      record.lastProbe = now
      records[use.connection] = record
      result.append(use)
    }
    return result
  }

  /// A request got no answer in its time; `others` are still under way on its connection. Shutting
  /// a connection down that carries others needs more than the impatience of one.
  mutating func timedOut(_ use: Use, others: [Use], at now: Instant) -> Reaction {
    note(use)
    for other in others { note(other) }
    guard var record = records[use.connection] else { return .none }
    if let heard = record.lastHeard, heard > use.sent { return .none }
    let patience = options.quietLimit + options.probeTimeout
    if others.isEmpty || silence(of: record, at: now) >= patience { return .shutDown }
    guard !record.isProbed, record.isMultiplexed != false else { return .none }
    record.isProbed = true
    record.lastProbe = now
    records[use.connection] = record
    return .probe
  }

  /// A probe because of `suspect` ended; `over` is the connection it went over, nil when it found
  /// none.
  mutating func probeEnded(
    suspect: Connection, over: Connection?, isAnswered: Bool, begun: Instant, at now: Instant
  ) -> Verdict {
    records[suspect]?.isProbed = false
    var verdict = Verdict()
    if let over, !isAnswered, !isHeard(over, since: begun) { verdict.dead.append(over) }
    guard over != suspect, !isHeard(suspect, since: begun) else { return verdict }
    if records[suspect]?.isMultiplexed == true { verdict.unproven = suspect }
    return verdict
  }

  /// A connection that was shut down.
  mutating func forget(_ connection: Connection) { records[connection] = nil }

  private func isHeard(_ connection: Connection, since time: Instant) -> Bool {
    records[connection]?.lastHeard.map { $0 > time } ?? false
  }

  private func silence(of record: Record, at now: Instant) -> Duration {
    (record.firstAsked ?? record.lastHeard).map { now - $0 } ?? .zero
  }
}
