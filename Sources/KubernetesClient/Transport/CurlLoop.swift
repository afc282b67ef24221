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

/// The state of the thread, never shared.
struct CurlLoop {
  /// Calls that one cluster may have on the wire at once.
  static let callsPerCluster = 32
  /// A single one blocks everything behind watches over HTTP/1.1, unlimited ones open hundreds.
  private static let connectionsPerHost = 8
  private static let connectionsKept = 256
  /// A stream without a byte for this long makes the loop ask whether the server is still there.
  private static let quietLimit = Duration.seconds(30)
  private static let probeTimeout = Duration.seconds(15)

  private let mailbox: Mailbox
  private let multi: UnsafeMutableRawPointer
  private var queue = TransferQueue(limit: CurlLoop.callsPerCluster)
  private var transfers: [TransferQueue.ID: Transfer] = [:]
  private var idByHandle: [UnsafeMutableRawPointer: TransferQueue.ID] = [:]
  private var spareHandles: [UnsafeMutableRawPointer] = []
  private var connections = ConnectionWatch()

  init(mailbox: Mailbox, multi: UnsafeMutableRawPointer) {
    self.mailbox = mailbox
    self.multi = multi
    _ = ccurl_multi_set_long(multi, CURLMOPT_PIPELINING, Int(CURLPIPE_MULTIPLEX))
    _ = ccurl_multi_set_long(multi, CURLMOPT_MAX_HOST_CONNECTIONS, Self.connectionsPerHost)
    _ = ccurl_multi_set_long(multi, CURLMOPT_MAXCONNECTS, Self.connectionsKept)
  }

  /// Runs until the mailbox says stop, then fails what is left and frees libcurl's handles.
  mutating func run() {
    // With NOSIGNAL libcurl leaves SIGPIPE to the program.
    signal(SIGPIPE, SIG_IGN)
    while let letters = mailbox.take() {
      for letter in letters { handle(letter) }
      repeat {
        startWaiting()
        _ = ccurl_multi_perform(multi)
      } while finishDone()
      probeQuietStreams()
      // New letters wake the poll; libcurl's own timers shorten it.
      _ = ccurl_multi_poll(multi, queue.isEmpty ? 30_000 : 1_000)
    }
    stop()
  }

  private mutating func handle(_ letter: Mailbox.Letter) {
    switch letter {
    case .start(let transfer):
      guard !transfer.cancellation.isSet else {
        transfer.fail(CancellationError())
        return
      }
      transfers[transfer.id] = transfer
      queue.enqueue(transfer.id, lane: transfer.target.lane, isStream: transfer.isStream)
    case .cancel(let id):
      switch queue.cancel(id) {
      case .isUnknown: return
      case .wasWaiting: break
      case .wasRunning:
        if let transfer = transfers[id] { release(transfer) }
      }
      transfers.removeValue(forKey: id)?.fail(CancellationError())
    }
  }

  private mutating func startWaiting() {
    for id in queue.takeStartable() {
      guard let transfer = transfers[id] else { continue }
      guard let easy = spareHandles.popLast() ?? ccurl_easy_init() else {
        end(transfer, TransportError(kind: .unavailable, message: "libcurl gives no handle"))
        continue
      }
      transfer.easy = easy
      transfer.started = .now
      CurlOptions.apply(transfer, to: easy)
      idByHandle[easy] = id
      let code = ccurl_multi_add(multi, easy)
      if code != CURLM_OK {
        end(
          transfer,
          TransportError(kind: .unavailable, message: "libcurl refuses it (\(code.rawValue))"))
      }
    }
  }

  /// Completes what libcurl has finished; true when there was something.
  private mutating func finishDone() -> Bool {
    var easy: UnsafeMutableRawPointer?
    var code = CURLE_OK
    var found = false
    while ccurl_multi_next_done(multi, &easy, &code) {
      found = true
      guard let easy, let id = idByHandle[easy], let transfer = transfers[id] else { continue }
      if code == CURLE_OK {
        connections.heard(on: Connection(of: easy))
        end(transfer, nil)
      } else {
        if code == CURLE_OPERATION_TIMEDOUT { dropIfSilent(Connection(of: easy), transfer) }
        end(transfer, Self.error(code, transfer, easy))
      }
    }
    return found
  }

  private static func error(
    _ code: CURLcode, _ transfer: Transfer, _ easy: UnsafeMutableRawPointer
  ) -> TransportError {
    if transfer.hasOverflowed {
      return TransportError(
        kind: .overflow, message: "events came faster than they were used", mayHaveBeenSeen: true)
    }
    var beforeTransfer: curl_off_t = 0
    _ = ccurl_easy_get_large(easy, CURLINFO_PRETRANSFER_TIME_T, &beforeTransfer)
    return TransportError(
      code: code, detail: String(cString: transfer.errorText),
      mayHaveBeenSeen: beforeTransfer > 0)
  }

  /// Ends a transfer that runs and tells its task.
  private mutating func end(_ transfer: Transfer, _ error: TransportError?) {
    release(transfer)
    queue.finish(transfer.id)
    transfers[transfer.id] = nil
    if let error { transfer.fail(error) } else { transfer.succeed() }
  }

  /// Takes the transfer's handle back from libcurl and keeps it for another.
  private mutating func release(_ transfer: Transfer) {
    guard let easy = transfer.easy else { return }
    transfer.easy = nil
    _ = ccurl_multi_remove(multi, easy)
    idByHandle[easy] = nil
    if spareHandles.count < Self.callsPerCluster {
      ccurl_easy_reset(easy)
      spareHandles.append(easy)
    } else {
      ccurl_easy_cleanup(easy)
    }
  }

  // MARK: Dead connections

  /// A request timed out without an answer. When nothing else was heard on its connection since it
  /// began, the connection is dead. libcurl would use it again and again: it neither sends HTTP/2
  /// pings nor gives up a connection whose peer is gone. Shut down, it is noticed and dropped, and
  /// every stream on it ends.
  private mutating func dropIfSilent(_ connection: Connection?, _ transfer: Transfer) {
    guard let connection, transfer.head.status == 0 else { return }
    guard !connections.isHeard(connection, since: transfer.started) else { return }
    let isHeardByOthers = transfers.values.contains { other in
      guard let easy = other.easy, other.lastHeard > transfer.started else { return false }
      return Connection(of: easy) == connection
    }
    guard !isHeardByOthers else { return }
    connection.shutDown()
    connections.forget(connection)
  }

  /// A watch that is quiet for long is followed by a small request on the same connection, whose
  /// time-out tells whether the server is still there.
  private mutating func probeQuietStreams() {
    let now = ContinuousClock.now
    for transfer in transfers.values where transfer.isStream && transfer.easy != nil {
      guard now - transfer.lastHeard > Self.quietLimit else { continue }
      guard connections.mayProbe(lane: transfer.target.lane, at: now) else { continue }
      mailbox.submitProbe(to: transfer.target, timeout: Self.probeTimeout)
    }
  }

  private mutating func stop() {
    for transfer in transfers.values {
      release(transfer)
      transfer.fail(
        TransportError(kind: .unavailable, message: "the connections are being closed"))
    }
    transfers = [:]
    for easy in spareHandles { ccurl_easy_cleanup(easy) }
    spareHandles = []
    _ = ccurl_multi_cleanup(multi)
  }
}
