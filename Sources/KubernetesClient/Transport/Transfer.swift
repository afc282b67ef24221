// One request on its way through libcurl, with what libcurl's callbacks write into it.

import CCurl
import Synchronization

/// A request in flight.
///
/// Sendable by hand-over: a task makes it and puts it into the mailbox, from then on only the
/// loop's thread touches the mutable parts. `cancellation` alone is shared.
final class Transfer: @unchecked Sendable {
  /// Who waits for the answer.
  enum Completion {
    case whole(CheckedContinuation<HTTPResponse, any Error>)
    case streamed(
      head: CheckedContinuation<HTTPStream, any Error>, chunks: BodyChunks, body: BodySender)
  }

  let id: TransferQueue.ID
  let request: HTTPRequest
  let target: Target
  let kind: TransferQueue.Kind
  let cancellation: CancellationFlag
  /// When it has to be over, its wait in the queue included; nil for never.
  let deadline: ContinuousClock.Instant?
  /// The connection that a probe is made because of; nil for what somebody asked for.
  let suspect: Connection?
  private var completion: Completion?
  private var streamBody: BodySender?

  // Owned by the loop's thread.
  var handle: CurlHandle?
  var easy: UnsafeMutableRawPointer? { handle?.easy }
  let created = ContinuousClock.now
  private(set) var begun = ContinuousClock.now
  private(set) var connectTimeout = Duration.zero
  /// The connection that carries it, known from just before the request is sent.
  private(set) var connection: Connection?
  private var sentAt = ContinuousClock.now
  private var lastHeard: ContinuousClock.Instant?
  private var isMultiplexed: Bool?
  private(set) var head = HTTPHead()
  private(set) var hasOverflowed = false
  private var body: [UInt8] = []
  private var sent = 0
  private var bodySentAt: ContinuousClock.Instant?

  init(
    id: TransferQueue.ID, request: HTTPRequest, target: Target, cancellation: CancellationFlag,
    completion: Completion
  ) {
    self.id = id
    self.request = request
    self.target = target
    self.cancellation = cancellation
    self.completion = completion
    if case .streamed = completion { kind = .stream } else { kind = .call }
    suspect = nil
    deadline = created.advanced(by: request.timeout)
  }

  /// A request whose answer nobody needs, for what becomes of it on its connection. It has no
  /// credentials: a refusal is a sign of life too.
  init(id: TransferQueue.ID, target: Target, suspect: Connection, timeout: Duration) {
    self.id = id
    self.target = target
    self.suspect = suspect
    request = HTTPRequest(method: "GET", path: "/version", timeout: timeout)
    cancellation = CancellationFlag()
    kind = .probe
    deadline = created + timeout
  }

  var isStream: Bool { kind == .stream }

  /// True for a stream that loses nothing when it begins again elsewhere.
  var isResumable: Bool { isStream && request.isResumable }

  /// What the watchdog has to know; nil until the request is sent.
  var use: ConnectionWatch.Use? {
    connection.map {
      ConnectionWatch.Use(
        id: id, connection: $0, sent: sentAt, lastHeard: lastHeard, isMultiplexed: isMultiplexed)
    }
  }

  /// The loop gives it to libcurl.
  func begin(with handle: CurlHandle, connectTimeout: Duration) {
    self.handle = handle
    self.connectTimeout = connectTimeout
    begun = .now
  }

  // MARK: What libcurl's callbacks do

  /// libcurl is about to send the request over this connection.
  func isSent(over connection: Connection) {
    self.connection = connection
    sentAt = .now
    lastHeard = nil
  }

  /// Takes one header line, the status line and the empty one included.
  func receive(headerLine bytes: UnsafeBufferPointer<UInt8>) {
    if bytes.starts(with: Self.statusStart) {
      lastHeard = .now
      // A new status line: what came before belonged to an interim answer.
      head = HTTPHead(status: Self.status(in: bytes))
      isMultiplexed = bytes.starts(with: Self.multiplexedStart)
    } else if bytes.contains(UInt8(ascii: ":")) {
      head.append(line: bytes)
    } else if head.status >= 200 {
      deliverHead()
    }
  }

  private static let statusStart = Array("HTTP/".utf8)
  private static let multiplexedStart = Array("HTTP/2".utf8)

  /// The number after the first space of a status line.
  private static func status(in line: UnsafeBufferPointer<UInt8>) -> Int {
    var status = 0
    for byte in line.drop(while: { $0 != 0x20 }).dropFirst().prefix(3) {
      guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) else { break }
      status = status * 10 + Int(byte - UInt8(ascii: "0"))
    }
    return status
  }

  /// Takes a part of the body; false stops the transfer.
  func receive(_ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
    lastHeard = .now
    guard isStream else {
      // Of a probe nothing but its being answered counts.
      guard kind == .call else { return true }
      if let sink = request.sink, (200..<300).contains(head.status) {
        sink.receive(bytes)
      } else {
        body.append(contentsOf: bytes)
      }
      return true
    }
    deliverHead()
    switch streamBody?.send(Array(bytes)) {
    case .taken: return true
    case .overflow:
      hasOverflowed = true
      return false
    case .unwanted, nil: return false
    }
  }

  /// Copies the next part of the request's body; 0 is its end.
  func send(into buffer: UnsafeMutableRawBufferPointer) -> Int {
    guard let body = request.body else { return 0 }
    let count = min(buffer.count, body.count - sent)
    guard count > 0 else { return 0 }
    body.withUnsafeBytes { bytes in
      buffer.copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes[sent..<sent + count]))
    }
    sent += count
    if request.isTraced { bodySentAt = .now }
    return count
  }

  /// libcurl wants to send the body again over a new connection. Refused for a request that must
  /// not be carried out twice: libcurl itself asks for no method (a POST on a connection that died
  /// was seen twice by the server).
  func rewind(to offset: Int) -> Bool {
    guard request.isReplayable, let body = request.body, (0...body.count).contains(offset) else {
      return false
    }
    sent = offset
    return true
  }

  // MARK: The end

  private func deliverHead() {
    guard case .streamed(let continuation, let chunks, let body)? = completion else { return }
    completion = nil
    streamBody = body
    continuation.resume(
      returning: HTTPStream(head: head, chunks: chunks, connection: connectionTrace()))
  }

  /// What libcurl tells about the connection, when somebody wants to know.
  func connectionTrace() -> ConnectionTrace? {
    guard request.isTraced, let easy, let connection else { return nil }
    return ConnectionTrace(
      easy, connection, queued: begun - created, sent: bodySentAt.map { $0 - begun })
  }

  /// Tells the waiting task that the answer is complete.
  func succeed(_ connection: ConnectionTrace? = nil) {
    deliverHead()
    streamBody?.finish()
    streamBody = nil
    guard case .whole(let continuation)? = completion else { return }
    completion = nil
    continuation.resume(
      returning: HTTPResponse(
        head: head, body: body, elapsed: ContinuousClock.now - created, connection: connection,
        sink: request.sink))
  }

  /// Tells the waiting task that there will be no (further) answer.
  func fail(_ error: any Error) {
    streamBody?.finish(throwing: error)
    streamBody = nil
    switch completion {
    case .whole(let continuation)?: continuation.resume(throwing: error)
    case .streamed(let continuation, _, let body)?:
      body.finish(throwing: error)
      continuation.resume(throwing: error)
    case nil: break
    }
    completion = nil
  }
}

/// Set by a task that is cancelled, read by the loop; it may be set before the loop knows the
/// transfer.
final class CancellationFlag: Sendable {
  private let flag = Atomic<Bool>(false)
  var isSet: Bool { flag.load(ordering: .acquiring) }
  func set() { flag.store(true, ordering: .releasing) }
}

extension ContinuousClock.Instant {
  fileprivate func advanced(by duration: Duration?) -> Self? { duration.map { self + $0 } }
}
