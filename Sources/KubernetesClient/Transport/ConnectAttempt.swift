// Makes one connection on a thread of its own, as looking up names and handshakes take their time.

import CCurl
import Processes
import Synchronization

/// A connection that is being made.
///
/// `@unchecked Sendable`: its thread alone has the link until it has posted the attempt, from then on the
/// loop; what both use is under the lock.
final class ConnectAttempt: @unchecked Sendable {
  enum Outcome {
    case made(Link)
    case failed(TransportError)
    /// Nobody wants it any more.
    case stopped
  }

  let pool: Int
  let isFinished = Semaphore()
  private let target: Target
  private let timeout: Duration
  private var outcome: Outcome?

  private struct Shared: ~Copyable {
    var isStopped = false
    /// The multi handle while the thread waits in it; a number because pointers are not Sendable.
    var multi: UInt = 0
  }

  private let shared = Mutex(Shared())

  init(pool: Int, target: Target, timeout: Duration) {
    self.pool = pool
    self.target = target
    self.timeout = timeout
  }

  /// Starts; `post` is called on the thread when there is an outcome. False when the system gives no
  /// thread.
  func start(_ post: @escaping @Sendable (ConnectAttempt) -> Void) -> Bool {
    NativeThread.start {
      self.outcome = self.connect()
      post(self)
      self.isFinished.signal()
    }
  }

  /// Takes the outcome, once.
  func takeOutcome() -> Outcome {
    defer { outcome = nil }
    return outcome ?? .stopped
  }

  /// Ends it soon.
  func stop() {
    shared.withLock { shared in
      shared.isStopped = true
      guard let multi = UnsafeMutableRawPointer(bitPattern: shared.multi) else { return }
      _ = ccurl_multi_wakeup(multi)
    }
  }

  private func connect() -> Outcome {
    guard let multi = ccurl_multi_init() else { return .failed(Self.noHandle) }
    guard let handle = CurlHandle() else {
      _ = ccurl_multi_cleanup(multi)
      return .failed(Self.noHandle)
    }
    handle.prepareToConnect(to: target, timeout: timeout)
    _ = ccurl_multi_add(multi, handle.easy)
    shared.withLock { $0.multi = UInt(bitPattern: multi) }
    let code = wait(multi)
    // From here on nobody may wake it.
    shared.withLock { $0.multi = 0 }
    if code == CURLE_OK,
      let link = Link(multi: multi, handle: handle, isNested: target.isProxySecure)
    {
      return .made(link)
    }
    let detail = handle.errorText
    _ = ccurl_multi_remove(multi, handle.easy)
    _ = ccurl_multi_cleanup(multi)
    guard let code else { return .stopped }
    // One that was made is without a link only when its socket has lost its peer already.
    return .failed(
      TransportError(
        code: code == CURLE_OK ? CURLE_RECV_ERROR : code, detail: detail, mayHaveBeenSeen: false))
  }

  /// libcurl's code when it has ended, nil when it was stopped.
  private func wait(_ multi: UnsafeMutableRawPointer) -> CURLcode? {
    while !shared.withLock({ $0.isStopped }) {
      _ = ccurl_multi_perform(multi)
      var easy: UnsafeMutableRawPointer?
      var code = CURLE_OK
      if ccurl_multi_next_done(multi, &easy, &code) { return code }
      _ = ccurl_multi_poll(multi, nil, 0, 1000)
    }
    return nil
  }

  private static let noHandle = TransportError(
    kind: .unavailable, message: "libcurl gives no handle")
}
