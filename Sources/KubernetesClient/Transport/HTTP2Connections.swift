// Which request goes over which connection, and when there is another one.
//
// A pool holds what leads to the same place in the same way: clients that differ only in who they say
// they are share its connections. A request goes over the first connection with room. When there is
// none, it waits, and a connection is made unless one is being made or the host has as many as it may.
// A server that turns out to know HTTP/1.1 only is left to libcurl.

import CCurl
import CHTTP

struct HTTP2Connections {
  typealias Instant = ContinuousClock.Instant

  /// What became of an attempt to connect.
  enum News {
    /// Requests may have begun.
    case connected
    /// Those have to go over HTTP/1.1.
    case withoutHTTP2([Transfer])
    /// Those found no connection.
    case failed(TransportError, [Transfer])
  }

  final class Pool {
    let number: Int
    let target: Target
    var sessions: [HTTP2Session] = []
    var attempt: ConnectAttempt?
    var waiting: [Transfer] = []
    var speaksHTTP1 = false
    /// When another connection may be tried beside those that there are.
    var nextAttempt: Instant?
    /// Why there is no attempt.
    var failure: TransportError?
    /// True when its certificates are outdated.
    var isRetired = false

    init(number: Int, target: Target) {
      self.number = number
      self.target = target
    }

    var isEmpty: Bool {
      sessions.isEmpty && attempt == nil && waiting.isEmpty && (isRetired || !speaksHTTP1)
    }
  }

  private static let lanesKept = 1024

  private let options: TransportOptions
  private let post: @Sendable (ConnectAttempt) -> Void
  /// False where libnghttp2 is missing.
  private let isAvailable: Bool
  private var pools: [Int: Pool] = [:]
  private var lastPool = 0
  /// The pool that a client used last.
  private var poolOfLane: [Int: Int] = [:]
  /// Sessions in which something has happened since the last turn.
  private var touched: [HTTP2Session] = []
  /// How many requests wait for a connection or for room.
  private var waitingCount = 0
  /// What is waited for, and whose it is; made anew when there are others.
  private var pollBuffer: [curl_waitfd] = []
  private var polled: [HTTP2Session] = []
  private var isPollBufferOld = true

  init(options: TransportOptions, post: @escaping @Sendable (ConnectAttempt) -> Void) {
    self.options = options
    self.post = post
    isAvailable = chttp_load() == nil
  }

  // MARK: Requests

  /// Takes a request that may be sent; false when it has to go over HTTP/1.1.
  mutating func start(_ transfer: Transfer) -> Bool {
    guard isAvailable, transfer.target.address.isSecure else { return false }
    let pool = pool(for: transfer.target)
    guard !pool.speaksHTTP1 else { return false }
    if pool.waiting.isEmpty, let session = pool.sessions.first(where: \.hasRoom) {
      submit(transfer, over: session)
      return true
    }
    // Streams may wait for long; calls never wait for them.
    let place = transfer.isStream ? nil : pool.waiting.firstIndex(where: \.isStream)
    pool.waiting.insert(transfer, at: place ?? pool.waiting.endIndex)
    waitingCount += 1
    serve(pool)
    return true
  }

  private mutating func submit(_ transfer: Transfer, over session: HTTP2Session) {
    session.submit(transfer, at: .now)
    touch(session)
  }

  private mutating func touch(_ session: HTTP2Session) {
    guard !session.isTouched else { return }
    session.isTouched = true
    touched.append(session)
  }

  /// Takes back a request, wherever it is.
  mutating func withdraw(_ transfer: Transfer) {
    if let session = transfer.session {
      session.withdraw(transfer)
      transfer.leaveSession()
      touch(session)
      return
    }
    guard waitingCount > 0 else { return }
    for pool in pools.values {
      guard let place = pool.waiting.firstIndex(where: { $0 === transfer }) else { continue }
      pool.waiting.remove(at: place)
      waitingCount -= 1
      return
    }
  }

  private mutating func pool(for target: Target) -> Pool {
    if let number = poolOfLane[target.lane], let pool = pools[number], !pool.isRetired,
      pool.target.leads(whereverDoes: target)
    {
      return pool
    }
    let found = pools.first { !$0.value.isRetired && $0.value.target.leads(whereverDoes: target) }
    if let found {
      poolOfLane[target.lane] = found.key
      return found.value
    }
    if poolOfLane.count >= Self.lanesKept {
      poolOfLane = poolOfLane.filter { pools[$0.value] != nil }
    }
    lastPool += 1
    let pool = Pool(number: lastPool, target: target)
    pools[lastPool] = pool
    poolOfLane[target.lane] = lastPool
    return pool
  }

  /// Sends what waits as far as there is room.
  private mutating func serve(_ pool: Pool) {
    var taken = 0
    for transfer in pool.waiting {
      guard let session = pool.sessions.first(where: \.hasRoom) else { break }
      submit(transfer, over: session)
      taken += 1
    }
    pool.waiting.removeFirst(taken)
    waitingCount -= taken
    let now = Instant.now
    if !pool.waiting.isEmpty { leaveSuspect(of: pool) }
    guard let first = pool.waiting.first, pool.attempt == nil, !isWaitingForSettings(pool),
      pool.sessions.isEmpty || pool.nextAttempt.map({ $0 <= now }) ?? true,
      connectionCount(host: pool.target.host) < options.connectionsPerHost
    else { return }
    let attempt = ConnectAttempt(
      pool: pool.number, target: pool.target, timeout: first.connectTimeout)
    if attempt.start(post) {
      pool.attempt = attempt
    } else {
      pool.failure = TransportError(kind: .unavailable, message: "the system gives no thread")
    }
  }

  /// Where a host has as many connections as it may, one that is of no use makes room for another.
  private mutating func leaveSuspect(of pool: Pool) {
    guard connectionCount(host: pool.target.host) >= options.connectionsPerHost,
      let idle = pool.sessions.first(where: { $0.isSuspect && $0.openStreams == 0 })
    else { return }
    idle.leave()
    touch(idle)
  }

  /// A new connection may turn out to have room for all.
  private func isWaitingForSettings(_ pool: Pool) -> Bool {
    pool.sessions.contains { !$0.hasSettings && !$0.isClosed }
  }

  private func connectionCount(host: String) -> Int {
    pools.values.reduce(0) { count, pool in
      guard pool.target.host == host else { return count }
      return count + pool.sessions.count + (pool.attempt == nil ? 0 : 1)
    }
  }

  /// Takes the outcome of an attempt.
  mutating func take(_ attempt: ConnectAttempt) -> News {
    let outcome = attempt.takeOutcome()
    guard let pool = pools[attempt.pool] else { return .connected }
    pool.attempt = nil
    switch outcome {
    case .stopped: return .connected
    case .failed(let error):
      guard pool.sessions.isEmpty else {
        // Those that wait get their turn on the connections that there are.
        pool.nextAttempt = .now + options.circuitPause
        return .connected
      }
      return .failed(error, takeWaiting(pool))
    case .made(let link):
      guard link.speaksHTTP2 else {
        pool.speaksHTTP1 = true
        return .withoutHTTP2(takeWaiting(pool))
      }
      guard let session = HTTP2Session(link: link, at: .now) else {
        return .failed(
          TransportError(kind: .unavailable, message: "libnghttp2 gives no session"),
          takeWaiting(pool))
      }
      pool.sessions.append(session)
      isPollBufferOld = true
      touch(session)
      serve(pool)
      return .connected
    }
  }

  private mutating func takeWaiting(_ pool: Pool) -> [Transfer] {
    defer { pool.waiting = [] }
    waitingCount -= pool.waiting.count
    return pool.waiting
  }

  // MARK: Bytes

  /// Sends what has to be sent, and returns the requests that are over.
  mutating func turn() -> [HTTP2Session.Ended] {
    var ended: [HTTP2Session.Ended] = []
    if waitingCount > 0 { ended = serveAll() }
    guard !touched.isEmpty else { return ended }
    var hasClosed = false
    for session in touched {
      session.flush()
      session.isTouched = false
      ended += session.takeEnded()
      hasClosed = hasClosed || session.isClosed
    }
    touched.removeAll(keepingCapacity: true)
    if hasClosed {
      removeClosed()
      if waitingCount > 0 { ended += serveAll() }
    }
    return ended
  }

  private mutating func serveAll() -> [HTTP2Session.Ended] {
    var ended: [HTTP2Session.Ended] = []
    for pool in pools.values where !pool.waiting.isEmpty {
      serve(pool)
      guard let failure = pool.failure else { continue }
      ended += takeWaiting(pool).map {
        HTTP2Session.Ended(transfer: $0, result: .failed(failure))
      }
      pool.failure = nil
    }
    return ended
  }

  private mutating func removeClosed() {
    isPollBufferOld = true
    for pool in pools.values { pool.sessions.removeAll(where: \.isClosed) }
    pools = pools.filter { !$0.value.isEmpty }
  }

  /// Waits until something has come for libcurl, for a connection or for the loop.
  mutating func poll(_ multi: UnsafeMutableRawPointer, milliseconds: Int32) {
    if isPollBufferOld { makePollBuffer() }
    var hasMore = false
    for (index, session) in polled.enumerated() {
      let events = CURL_WAIT_POLLIN | (session.wantsToWrite ? CURL_WAIT_POLLOUT : 0)
      pollBuffer[index].events = Int16(events)
      pollBuffer[index].revents = 0
      hasMore = hasMore || session.hasMore
    }
    let count = UInt32(pollBuffer.count)
    pollBuffer.withUnsafeMutableBufferPointer { buffer in
      _ = ccurl_multi_poll(multi, buffer.baseAddress, count, hasMore ? 0 : milliseconds)
    }
    for (index, session) in polled.enumerated() {
      let events = Int32(pollBuffer[index].revents)
      guard session.hasMore || events != 0 else { continue }
      touch(session)
      if session.hasMore || events & ~CURL_WAIT_POLLOUT != 0 { session.receive() }
    }
  }

  private mutating func makePollBuffer() {
    polled = pools.values.flatMap(\.sessions)
    pollBuffer = polled.map { curl_waitfd(fd: $0.link.socket, events: 0, revents: 0) }
    isPollBufferOld = false
  }

  // MARK: Health

  /// Looks for connections that are dead, or have been idle for so long that their servers are about to
  /// close them.
  mutating func look(at now: Instant) {
    for pool in pools.values {
      for session in pool.sessions { look(session, pool, at: now) }
    }
  }

  private mutating func look(_ session: HTTP2Session, _ pool: Pool, at now: Instant) {
    if session.openStreams == 0 {
      guard
        pool.isRetired || now - session.silence.since >= age
          || session.silence.verdict(at: now, options) == .dead
      else { return }
      session.leave()
    } else {
      switch session.silence.verdict(at: now, options) {
      case .none: return
      case .ask: session.ping(at: now)
      case .dead: session.close(dead)
      }
    }
    touch(session)
  }

  /// When an idle connection has to be looked at next; nil without one.
  func nextLook(after now: Instant) -> Duration? {
    var next: Duration?
    for pool in pools.values {
      for session in pool.sessions where session.openStreams == 0 {
        let left = max(.milliseconds(1), age - (now - session.silence.since))
        next = min(next ?? left, left)
      }
    }
    return next
  }

  private var age: Duration { .seconds(options.connectionAge) }

  private var dead: TransportError {
    TransportError(
      kind: .broken, code: Int(CURLE_RECV_ERROR.rawValue),
      message: "nothing was heard on its connection, and a ping was not answered in "
        + options.probeTimeout.words)
  }

  /// A request was not answered in its time.
  mutating func react(toTimeoutOf transfer: Transfer, at now: Instant) {
    guard let session = transfer.session else { return }
    let verdict = session.silence.verdict(
      ofTimeoutSince: transfer.sentAt, others: session.openStreams > 1)
    session.isSuspect = true
    switch verdict {
    case .none: break
    case .ask: session.ping(at: now)
    case .dead:
      session.withdraw(transfer)
      session.close(dead)
    }
    touch(session)
  }

  /// Closes the lane's connections that were made with certificates before those: unused ones now, others
  /// after their calls.
  mutating func outdate(_ lane: Int, before certificates: Int) {
    for pool in pools.values where pool.target.lane == lane {
      guard let made = pool.target.certificates, made < certificates else { continue }
      pool.isRetired = true
      pool.attempt?.stop()
    }
    look(at: .now)
  }

  /// Ends everything, whatever is under way.
  mutating func close() {
    let attempts = pools.values.compactMap(\.attempt)
    for attempt in attempts { attempt.stop() }
    // The process may be about to end, and their threads use libraries that are about to be closed.
    let end = Instant.now + .milliseconds(300)
    for attempt in attempts {
      let left = max(.zero, end - .now)
      attempt.isFinished.wait(milliseconds: CurlOptions.milliseconds(left))
    }
    pools = [:]
  }
}

extension Target {
  /// True when connections to either can serve both: the same server, reached and secured alike.
  func leads(whereverDoes other: Target) -> Bool {
    address == other.address && isInsecure == other.isInsecure && serverName == other.serverName
      && proxyURL == other.proxyURL && certificateAuthority == other.certificateAuthority
      && clientCertificate == other.clientCertificate && clientKey == other.clientKey
      && authorityFile == other.authorityFile && authorityFolder == other.authorityFolder
  }
}
