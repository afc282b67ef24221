// Sends HTTP requests for all clusters through one loop on one thread of its own.
//
// The thread starts with the first request, opens libcurl then (see CCurl.h), and never keeps the
// process alive. Connections are shared by all requests to a cluster: HTTP/2 multiplexes them.

import CCurl
import Processes
import Synchronization

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// The connections of this process.
public final class Transport: Sendable {
  /// The one that clients use unless told otherwise.
  public static let shared = Transport()

  private enum Phase: Sendable {
    case idle
    case running(Mailbox, Semaphore)
    case failed(String)
    case closed
  }

  private let phase = Mutex<Phase>(.idle)
  private let options: TransportOptions

  /// Makes a transport of its own, with its own thread. Numbers outside of their bounds are taken
  /// as the nearest one inside.
  public init(options: TransportOptions = TransportOptions()) { self.options = options.bounded }

  deinit { shutdown() }

  /// Fails what is under way, closes all connections and ends the thread; waits a second at most.
  /// Requests after it fail. Not needed before the process exits: that happens by itself.
  public func shutdown() {
    let previous = phase.withLock { phase in
      defer { phase = .closed }
      return phase
    }
    guard case .running(let mailbox, let stopped) = previous else { return }
    mailbox.stop()
    stopped.wait(milliseconds: 1000)
    Self.running.withLock { $0[ObjectIdentifier(mailbox)] = nil }
  }

  /// Sends a request and collects its answer. Throws `TransportError` or `CancellationError`.
  func send(_ request: HTTPRequest, to target: Target) async throws -> HTTPResponse {
    let mailbox = try start()
    let id = mailbox.newID()
    let flag = CancellationFlag()
    return try await withTaskCancellationHandler {
      try await withCheckedThrowingContinuation { continuation in
        let transfer = Transfer(
          id: id, request: request, target: target, cancellation: flag,
          completion: .whole(continuation))
        Self.submit(transfer, to: mailbox)
      }
    } onCancel: {
      flag.set()
      mailbox.post(.cancel(id))
    }
  }

  /// Sends a request and returns as soon as its headers are there; the body follows in chunks.
  /// Dropping the stream ends the request. More unread bytes than the options allow end it with an
  /// overflow.
  func open(_ request: HTTPRequest, to target: Target) async throws -> HTTPStream {
    let mailbox = try start()
    let id = mailbox.newID()
    let flag = CancellationFlag()
    let (chunks, body) = BodySender.make(limit: options.unreadBytesPerStream) {
      flag.set()
      mailbox.post(.cancel(id))
    }
    return try await withTaskCancellationHandler {
      try await withCheckedThrowingContinuation { continuation in
        let transfer = Transfer(
          id: id, request: request, target: target, cancellation: flag,
          completion: .streamed(head: continuation, chunks: chunks, body: body))
        Self.submit(transfer, to: mailbox)
      }
    } onCancel: {
      flag.set()
      mailbox.post(.cancel(id))
    }
  }

  /// Closes the lane's connections that were made with certificates before those: unused ones now,
  /// others after their calls. Streams on them end as if the connection had broken.
  func outdate(lane: Int, before certificates: Int) {
    guard case .running(let mailbox, _) = phase.withLock({ $0 }) else { return }
    mailbox.post(.outdate(lane: lane, before: certificates))
  }

  private static func submit(_ transfer: Transfer, to mailbox: Mailbox) {
    guard !mailbox.post(.start(transfer)) else { return }
    transfer.fail(closedError)
  }

  private static let closedError = TransportError(
    kind: .unavailable, message: "the connections are closed")

  // MARK: The thread

  private func start() throws(TransportError) -> Mailbox {
    let result = phase.withLock { phase in
      if case .idle = phase { phase = Self.startThread(options) }
      return phase
    }
    switch result {
    case .running(let mailbox, _): return mailbox
    case .failed(let message): throw TransportError(kind: .unavailable, message: message)
    case .closed, .idle: throw Self.closedError
    }
  }

  private static func startThread(_ options: TransportOptions) -> Phase {
    if let problem = ccurl_load() { return .failed(String(cString: problem)) }
    // OpenSSL, which libcurl has just opened, frees its tables at exit while the thread may still
    // use them; handlers run in reverse, so this one comes first.
    _ = exitHandler
    guard let multi = ccurl_multi_init() else { return .failed("libcurl gives no handle") }
    let mailbox = Mailbox()
    mailbox.open(multi: multi)
    let stopped = Semaphore()
    let address = UInt(bitPattern: multi)
    let hasStarted = NativeThread.start {
      if let multi = UnsafeMutableRawPointer(bitPattern: address) {
        var loop = TransportLoop(mailbox: mailbox, multi: multi, options: options)
        loop.run()
      }
      mailbox.stop()
      for case .start(let transfer) in mailbox.takeUnread() { transfer.fail(closedError) }
      stopped.signal()
    }
    guard hasStarted else {
      _ = ccurl_multi_cleanup(multi)
      return .failed("the system gives no thread")
    }
    running.withLock { $0[ObjectIdentifier(mailbox)] = (mailbox, stopped) }
    return .running(mailbox, stopped)
  }

  /// The loops that run, for the end of the process.
  private static let running = Mutex<[ObjectIdentifier: (Mailbox, Semaphore)]>([:])

  private static let exitHandler: Int32 = atexit { Transport.stopAll() }

  private static func stopAll() {
    let loops = running.withLock { Array($0.values) }
    for (mailbox, _) in loops { mailbox.stop() }
    for (_, stopped) in loops { stopped.wait(milliseconds: 500) }
  }
}
