// The one thread that sends and receives for every cluster. It alone touches the connections; tasks hand
// over transfers through the mailbox and are resumed from here.

import CCurl

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// The state of the thread, never shared. Who may run is decided by `TransferQueue`, what goes over which
/// connection by `HTTP2Connections`; see TransportLoop+Room.swift for connections that are full.
struct TransportLoop {
  typealias Instant = ContinuousClock.Instant
  typealias ID = TransferQueue.ID

  let options: TransportOptions
  private let mailbox: Mailbox
  private let multi: UnsafeMutableRawPointer
  var queue: TransferQueue
  private var http2: HTTP2Connections
  private var http1: CurlTransfers
  var transfers: [ID: Transfer] = [:]
  /// Streams that run and whose answer has not begun.
  private var beginningStreams: Set<ID> = []
  /// When the next transfer runs out of time, at the earliest.
  private var nextDeadline: Instant?
  private var lastLook = Instant.now
  /// How often connections are looked at, and the longest sleep while there is something to do.
  private let lookInterval: Duration
  /// Transfers that are over and whose tasks do not know it yet.
  private var ended: [Ended] = []

  private struct Ended {
    let transfer: Transfer
    let error: (any Error)?
    let connection: ConnectionTrace?
  }

  init(mailbox: Mailbox, multi: UnsafeMutableRawPointer, options: TransportOptions) {
    self.mailbox = mailbox
    self.multi = multi
    self.options = options
    queue = TransferQueue(options: options)
    http2 = HTTP2Connections(options: options) { mailbox.post(.connected($0)) }
    http1 = CurlTransfers(multi: multi, options: options)
    lookInterval = min(.seconds(1), max(.milliseconds(5), options.quietLimit / 4))
  }

  /// Runs until the mailbox says stop, then fails what is left and closes the connections.
  mutating func run() {
    // With NOSIGNAL libcurl leaves SIGPIPE to the program.
    signal(SIGPIPE, SIG_IGN)
    while let letters = mailbox.take() {
      for letter in letters { handle(letter) }
      endOverdue()
      lookAtConnections()
      repeat { startWaiting() } while finishDone() || noteProgress()
      tellEnded()
      guard mailbox.prepareToSleep() else { continue }
      // New letters wake the poll; libcurl's own timers shorten it.
      http2.poll(multi, milliseconds: pause)
    }
    stop()
  }

  private var pause: Int32 {
    var pause =
      queue.isEmpty ? http2.nextLook(after: .now) ?? .seconds(3600) : lookInterval
    if let nextDeadline { pause = min(pause, nextDeadline - .now) }
    return Int32(max(1, CurlOptions.milliseconds(pause)))
  }

  private mutating func lookAtConnections() {
    let now = Instant.now
    guard now - lastLook >= lookInterval else { return }
    lastLook = now
    http2.look(at: now)
    makeRoom(at: now)
  }

  // MARK: Letters

  private mutating func handle(_ letter: Mailbox.Letter) {
    switch letter {
    case .start(let transfer):
      guard !transfer.cancellation.isSet else {
        transfer.fail(CancellationError())
        return
      }
      enqueue(transfer)
    case .cancel(let id): cancel(id)
    case .connected(let attempt): take(attempt)
    case .outdate(let lane, let certificates): outdate(lane, before: certificates)
    }
  }

  private mutating func enqueue(_ transfer: Transfer) {
    transfers[transfer.id] = transfer
    queue.enqueue(transfer.id, lane: transfer.target.lane, kind: transfer.kind)
    if let deadline = transfer.deadline { nextDeadline = min(nextDeadline ?? deadline, deadline) }
  }

  private mutating func cancel(_ id: ID) {
    switch queue.cancel(id) {
    case .isUnknown: return
    case .wasWaiting: break
    case .wasRunning:
      if let transfer = transfers[id] { release(transfer) }
    }
    transfers.removeValue(forKey: id)?.fail(CancellationError())
  }

  private mutating func take(_ attempt: ConnectAttempt) {
    switch http2.take(attempt) {
    case .connected: break
    case .withoutHTTP2(let transfers):
      for transfer in transfers { startHTTP1(transfer) }
    case .failed(let error, let transfers):
      // The first of them ends the others, too, where they share its failure.
      for transfer in transfers where self.transfers[transfer.id] != nil {
        endWithoutConnection(transfer, error)
      }
    }
  }

  private mutating func outdate(_ lane: Int, before certificates: Int) {
    for transfer in transfers.values where transfer.target.lane == lane {
      guard transfer.isStream, transfer.isBegun, let made = transfer.target.certificates,
        made < certificates
      else { continue }
      end(
        transfer,
        TransportError(
          kind: .broken, message: "the certificates have changed", mayHaveBeenSeen: true))
    }
    http2.outdate(lane, before: certificates)
    // What failed with the old certificates says nothing about the new ones.
    queue.forgetTrouble(ofLane: lane)
  }

  // MARK: Beginnings

  private mutating func startWaiting() {
    let decision = queue.takeStartable(at: .now)
    for (id, error) in decision.refused { transfers.removeValue(forKey: id)?.fail(error) }
    for (id, budget) in decision.started {
      guard let transfer = transfers[id] else { continue }
      transfer.begin(connectTimeout: budget ?? options.connectTimeout)
      if transfer.isStream { beginningStreams.insert(id) }
      if !http2.start(transfer) { startHTTP1(transfer) }
    }
  }

  private mutating func startHTTP1(_ transfer: Transfer) {
    if let error = http1.start(transfer) { end(transfer, error) }
  }

  /// Tells the queue what became known meanwhile; true when more may start now.
  private mutating func noteProgress() -> Bool {
    var hasChanged = false
    for id in queue.leaders where transfers[id]?.connection != nil {
      queue.connected(id)
      hasChanged = true
    }
    for id in beginningStreams where transfers[id].map({ $0.head.status >= 200 }) ?? true {
      beginningStreams.remove(id)
      queue.answered(id)
      hasChanged = true
    }
    return hasChanged
  }

  // MARK: Ends

  /// Moves bytes, and completes what is over; true when there was something.
  private mutating func finishDone() -> Bool {
    let ofHTTP2 = http2.turn()
    for end in ofHTTP2 {
      switch end.result {
      case .answered: finish(end.transfer, nil)
      case .failed(let error): finish(end.transfer, error)
      case .untouched(let error):
        if !end.transfer.restart() {
          finish(end.transfer, error)
        } else if !http2.start(end.transfer) {
          startHTTP1(end.transfer)
        }
      }
    }
    let ofHTTP1 = http1.perform()
    for (transfer, error) in ofHTTP1 { finish(transfer, error) }
    return !ofHTTP2.isEmpty || !ofHTTP1.isEmpty
  }

  private mutating func finish(_ transfer: Transfer, _ error: TransportError?) {
    if transfer.connection != nil { queue.connected(transfer.id) }
    guard let error else {
      end(transfer, nil)
      return
    }
    if transfer.connection == nil {
      endWithoutConnection(transfer, error)
      return
    }
    if error.kind != .timeout { queue.doubt(transfer.id) }
    end(transfer, error)
  }

  /// Whoever waits for a connection to the same cluster learns from this one's failure, unless it
  /// was only its own time that ran out.
  private mutating func endWithoutConnection(_ transfer: Transfer, _ error: TransportError) {
    let now = Instant.now
    if error.kind == .timeout, let deadline = transfer.deadline,
      deadline <= transfer.begun + transfer.connectTimeout
    {
      end(transfer, error)
      return
    }
    if let waiting = queue.connectFailed(transfer.id, error, at: now) {
      for id in waiting { transfers.removeValue(forKey: id)?.fail(error) }
      let lane = transfer.target.lane
      let others = transfers.values.filter {
        $0.target.lane == lane && $0.connection == nil && $0.id != transfer.id
      }
      for other in others { end(other, error) }
    }
    end(transfer, error)
  }

  /// Ends a transfer that runs; its task is told before the loop sleeps.
  mutating func end(_ transfer: Transfer, _ error: (any Error)?) {
    let connection = transfer.connectionTrace()
    release(transfer)
    queue.finish(transfer.id)
    transfers[transfer.id] = nil
    ended.append(Ended(transfer: transfer, error: error, connection: connection))
  }

  /// Resumes the tasks of what has ended, all at once: resumed one by one, each would wake a thread.
  private mutating func tellEnded() {
    for end in ended {
      if var error = end.error as? TransportError {
        error.connection = end.connection
        end.transfer.fail(error)
      } else if let error = end.error {
        end.transfer.fail(error)
      } else {
        end.transfer.succeed(end.connection)
      }
    }
    ended.removeAll(keepingCapacity: true)
  }

  /// Takes the transfer off its connection.
  mutating func release(_ transfer: Transfer) {
    beginningStreams.remove(transfer.id)
    if transfer.handle != nil {
      http1.withdraw(transfer)
    } else if transfer.isBegun {
      http2.withdraw(transfer)
    }
  }

  /// Ends what was not answered in its time; over HTTP/1.1 libcurl keeps the time itself.
  private mutating func endOverdue() {
    guard let deadline = nextDeadline, Instant.now >= deadline else { return }
    let now = Instant.now
    nextDeadline = nil
    for transfer in transfers.values where transfer.handle == nil {
      guard let deadline = transfer.deadline else { continue }
      guard deadline <= now else {
        nextDeadline = min(nextDeadline ?? deadline, deadline)
        continue
      }
      let error = Self.overdue(transfer)
      http2.react(toTimeoutOf: transfer, at: now)
      end(transfer, error)
    }
  }

  private static func overdue(_ transfer: Transfer) -> TransportError {
    guard let session = transfer.session else {
      return TransportError(
        kind: .timeout, message: "its time was over before a connection was free for it")
    }
    let time = (transfer.request.timeout ?? .zero).words
    return TransportError(
      kind: .timeout,
      message: transfer.head.status == 0
        ? "no answer within \(time)" : "no complete answer within \(time)",
      mayHaveBeenSeen: session.isSeen(transfer))
  }

  private mutating func stop() {
    tellEnded()
    for transfer in transfers.values {
      release(transfer)
      transfer.fail(
        TransportError(kind: .unavailable, message: "the connections are being closed"))
    }
    transfers = [:]
    http2.close()
    http1.close()
  }
}
