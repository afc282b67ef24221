// The one thread that drives libcurl for every cluster. It alone touches libcurl's handles; tasks
// hand over transfers through the mailbox and are resumed from here.

import CCurl

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// The state of the thread, never shared. Who may run is decided by `TransferQueue`, which connection
/// is dead by `ConnectionWatch`; see CurlLoop+Health.swift for what follows from that.
struct CurlLoop {
  typealias Instant = ContinuousClock.Instant
  typealias ID = TransferQueue.ID

  private static let connectionsKept = 256
  private static let handlesKept = 128

  let options: TransportOptions
  let mailbox: Mailbox
  let sockets: SocketTable
  private let multi: UnsafeMutableRawPointer
  var queue: TransferQueue
  var connections: ConnectionWatch
  var transfers: [ID: Transfer] = [:]
  private var idByHandle: [UnsafeMutableRawPointer: ID] = [:]
  private var spareHandles = SpareHandles(limit: CurlLoop.handlesKept)
  /// Streams that run and whose answer has not begun.
  private var beginningStreams: Set<ID> = []
  /// When the next waiting transfer runs out of time, at the earliest.
  private var nextDeadline: Instant?
  private var lastLook = Instant.now
  /// Connections on which streams were given up, since when, and where they lead.
  var unflushed: [Connection: (since: Instant, target: Target)] = [:]
  /// How often connections are looked at, and the longest sleep while there is something to do.
  private let lookInterval: Duration
  var owners = ConnectionOwners()
  /// Transfers that are over and whose tasks do not know it yet.
  private var ended: [Ended] = []

  private struct Ended {
    let transfer: Transfer
    let error: (any Error)?
    let connection: ConnectionTrace?
  }

  init(
    mailbox: Mailbox, multi: UnsafeMutableRawPointer, sockets: SocketTable,
    options: TransportOptions
  ) {
    self.mailbox = mailbox
    self.multi = multi
    self.sockets = sockets
    self.options = options
    queue = TransferQueue(options: options)
    connections = ConnectionWatch(options: options)
    lookInterval = min(.seconds(1), max(.milliseconds(5), options.quietLimit / 4))
    _ = ccurl_multi_set_long(multi, CURLMOPT_PIPELINING, Int(CURLPIPE_MULTIPLEX))
    _ = ccurl_multi_set_long(multi, CURLMOPT_MAX_HOST_CONNECTIONS, options.connectionsPerHost)
    _ = ccurl_multi_set_long(multi, CURLMOPT_MAXCONNECTS, Self.connectionsKept)
  }

  /// Runs until the mailbox says stop, then fails what is left and frees libcurl's handles.
  mutating func run() {
    // With NOSIGNAL libcurl leaves SIGPIPE to the program.
    signal(SIGPIPE, SIG_IGN)
    while let letters = mailbox.take() {
      for letter in letters { handle(letter) }
      var hasChanged = true
      while hasChanged {
        startWaiting()
        _ = ccurl_multi_perform(multi)
        hasChanged = finishDone()
        hasChanged = noteProgress() || hasChanged
      }
      endOverdue()
      lookAtConnections()
      tellEnded()
      guard mailbox.prepareToSleep() else { continue }
      // New letters wake the poll; libcurl's own timers shorten it.
      _ = ccurl_multi_poll(multi, pause)
    }
    stop()
  }

  private var pause: Int32 {
    guard !queue.isEmpty || !unflushed.isEmpty else { return 30_000 }
    var pause = lookInterval
    if let nextDeadline { pause = min(pause, nextDeadline - .now) }
    return Int32(max(1, CurlOptions.milliseconds(pause)))
  }

  private mutating func lookAtConnections() {
    let now = Instant.now
    guard !transfers.isEmpty || !unflushed.isEmpty, now - lastLook >= lookInterval else { return }
    lastLook = now
    probeSilentConnections(at: now)
    flushConnections(at: now)
    makeRoom(at: now)
  }

  private mutating func handle(_ letter: Mailbox.Letter) {
    switch letter {
    case .start(let transfer):
      guard !transfer.cancellation.isSet else {
        transfer.fail(CancellationError())
        return
      }
      enqueue(transfer)
    case .cancel(let id):
      switch queue.cancel(id) {
      case .isUnknown: return
      case .wasWaiting: break
      case .wasRunning:
        if let transfer = transfers[id] { release(transfer) }
      }
      transfers.removeValue(forKey: id)?.fail(CancellationError())
    case .outdate(let lane, let certificates): outdate(lane, before: certificates)
    }
  }

  mutating func enqueue(_ transfer: Transfer) {
    transfers[transfer.id] = transfer
    queue.enqueue(transfer.id, lane: transfer.target.lane, kind: transfer.kind)
    if let deadline = transfer.deadline { nextDeadline = min(nextDeadline ?? deadline, deadline) }
  }

  private mutating func startWaiting() {
    let decision = queue.takeStartable(at: .now)
    for (id, error) in decision.refused { transfers.removeValue(forKey: id)?.fail(error) }
    for (id, budget) in decision.started {
      guard let transfer = transfers[id] else { continue }
      guard let handle = spareHandles.take(for: transfer.target) ?? CurlHandle() else {
        end(transfer, TransportError(kind: .unavailable, message: "libcurl gives no handle"))
        continue
      }
      transfer.begin(with: handle, connectTimeout: budget ?? options.connectTimeout)
      handle.prepare(for: transfer, sockets, options)
      idByHandle[handle.easy] = id
      if transfer.isStream { beginningStreams.insert(id) }
      let code = ccurl_multi_add(multi, handle.easy)
      if code != CURLM_OK {
        end(
          transfer,
          TransportError(kind: .unavailable, message: "libcurl refuses it (\(code.rawValue))"))
      }
    }
  }

  /// Tells the queue what became known while libcurl worked; true when more may start now.
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

  /// Completes what libcurl has finished; true when there was something.
  private mutating func finishDone() -> Bool {
    var easy: UnsafeMutableRawPointer?
    var code = CURLE_OK
    var found = false
    while ccurl_multi_next_done(multi, &easy, &code) {
      found = true
      guard let easy, let id = idByHandle[easy], let transfer = transfers[id] else { continue }
      if let use = transfer.use {
        connections.note(use)
        queue.connected(id)
        if let given = unflushed[use.connection], given.since < use.sent {
          unflushed[use.connection] = nil
        }
      }
      if transfer.suspect != nil {
        endProbe(transfer, isAnswered: transfer.head.status > 0)
      } else if code == CURLE_OK {
        noteOwner(of: transfer)
        end(transfer, nil)
      } else {
        endFailed(transfer, code, Self.error(code, transfer))
      }
    }
    if found { closeOutdated() }
    return found
  }

  private static func error(_ code: CURLcode, _ transfer: Transfer) -> TransportError {
    if transfer.hasOverflowed {
      return TransportError(
        kind: .overflow, message: "events came faster than they were used", mayHaveBeenSeen: true)
    }
    return TransportError(
      code: code, detail: transfer.handle?.errorText ?? "",
      mayHaveBeenSeen: transfer.connection != nil)
  }

  private mutating func endFailed(_ transfer: Transfer, _ code: CURLcode, _ error: TransportError) {
    if transfer.connection == nil {
      endWithoutConnection(transfer, error)
      return
    }
    if code == CURLE_OPERATION_TIMEDOUT {
      react(toTimeoutOf: transfer)
    } else {
      queue.doubt(transfer.id)
    }
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
        $0.target.lane == lane && $0.connection == nil && $0.kind != .probe
          && $0.id != transfer.id
      }
      for other in others { end(other, error) }
    }
    end(transfer, error)
  }

  /// Ends a transfer that runs; its task is told before the loop sleeps.
  mutating func end(_ transfer: Transfer, _ error: (any Error)?) {
    let connection = transfer.connectionTrace()
    release(transfer, isComplete: error == nil)
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

  /// Takes the transfer's handle back from libcurl and keeps it for another.
  mutating func release(_ transfer: Transfer, isComplete: Bool = false) {
    beginningStreams.remove(transfer.id)
    guard let handle = transfer.handle else { return }
    if !isComplete, let use = transfer.use, use.isMultiplexed != false {
      unflushed[use.connection] = (.now, transfer.target)
    }
    transfer.handle = nil
    _ = ccurl_multi_remove(multi, handle.easy)
    idByHandle[handle.easy] = nil
    spareHandles.keep(handle, lane: transfer.target.lane)
  }

  /// Ends what has waited for its turn until its time was over. libcurl keeps the time of the others.
  private mutating func endOverdue() {
    guard let deadline = nextDeadline, Instant.now >= deadline else { return }
    let now = Instant.now
    nextDeadline = nil
    for transfer in transfers.values where transfer.easy == nil {
      guard let deadline = transfer.deadline else { continue }
      guard deadline <= now else {
        nextDeadline = min(nextDeadline ?? deadline, deadline)
        continue
      }
      end(transfer, Self.overdue)
    }
  }

  private static let overdue = TransportError(
    kind: .timeout, message: "its time was over before a connection was free for it")

  private mutating func stop() {
    tellEnded()
    tellEnded()
    for transfer in transfers.values {
      release(transfer)
      transfer.fail(
        TransportError(kind: .unavailable, message: "the connections are being closed"))
    }
    transfers = [:]
    spareHandles = SpareHandles(limit: 0)
    _ = ccurl_multi_cleanup(multi)
  }
}
