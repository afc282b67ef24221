// One request on its way, with what libnghttp2's or libcurl's callbacks write into it.

import CCurl
import CHTTP
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
  private var completion: Completion?
  private var streamBody: BodySender?

  // Owned by the loop's thread.
  /// libcurl's handle, over HTTP/1.1.
  var handle: CurlHandle?
  /// The connection and the stream on it, over HTTP/2.
  private(set) var session: HTTP2Session?
  private(set) var streamID: Int32 = 0
  let created = ContinuousClock.now
  private(set) var begun = ContinuousClock.now
  private(set) var connectTimeout = Duration.zero
  /// True from when it may be sent.
  private(set) var isBegun = false
  /// The connection that carries it, known from just before the request is sent.
  private(set) var connection: Connection?
  private(set) var sentAt = ContinuousClock.now
  /// Where its headers began among the bytes that its connection sends.
  private(set) var headOffset: Int?
  private(set) var isWhollySent = false
  private(set) var head = HTTPHead()
  /// True when its answer has come to its end.
  private(set) var isAnswered = false
  /// True when it is the first on its connection.
  private(set) var isFirst = false
  private var firstHeard: ContinuousClock.Instant?
  private var wireBytes = 0
  private var inflater: Inflater?
  private var isInflated = true
  private(set) var hasOverflowed = false
  private var body: [UInt8] = []
  private var sent = 0
  private var restarts = 0
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
    deadline = created.advanced(by: request.timeout)
  }

  var isStream: Bool { kind == .stream }

  /// True for a stream that loses nothing when it begins again elsewhere.
  var isResumable: Bool { isStream && request.isResumable }

  /// It may be sent from now on.
  func begin(connectTimeout: Duration) {
    self.connectTimeout = connectTimeout
    isBegun = true
    begun = .now
  }

  /// It waits again.
  func putBack() { isBegun = false }

  /// Forgets that it was a stream, as the server never looked at it; false when that happened too often.
  func restart() -> Bool {
    guard restarts < Self.mostRestarts else { return false }
    restarts += 1
    (session, connection, headOffset) = (nil, nil, nil)
    (isWhollySent, sent) = (false, 0)
    return true
  }

  private static let mostRestarts = 20

  // MARK: Over HTTP/2

  /// It is a stream of that connection.
  func isCarried(by session: HTTP2Session, stream: Int32) {
    self.session = session
    streamID = stream
    connection = session.link.connection
    isFirst = session.takeFirst()
    sentAt = .now
  }

  /// No connection carries it any more.
  func leaveSession() { session = nil }

  /// Its headers were written, to be sent after so many bytes.
  func isSent(at offset: Int) { headOffset = offset }

  /// Its body was written.
  func endRequest() { isWhollySent = true }

  /// Takes one header field; false ends the stream.
  func receive(
    name: UnsafeBufferPointer<UInt8>, value: UnsafeBufferPointer<UInt8>
  ) -> Bool {
    guard name.first == UInt8(ascii: ":") else {
      head.append(name: name, value: value)
      return head.byteCount <= Self.mostHeaderBytes
    }
    if firstHeard == nil { firstHeard = .now }
    // What came before belonged to an interim answer.
    head = HTTPHead(status: Self.number(value))
    return true
  }

  /// What servers may send; those of API servers are below 4 KB.
  private static let mostHeaderBytes = 1 << 20

  /// The headers are complete.
  func endHead() {
    guard head.status >= 200, !isAnswered else { return }
    if !isStream, compresses, head.header("content-encoding") == "gzip" { inflater = Inflater() }
    deliverHead()
  }

  /// Takes a part of the body as it came over the wire; false ends the stream.
  func receive(encoded bytes: UnsafeBufferPointer<UInt8>) -> Bool {
    wireBytes += bytes.count
    guard let inflater else { return receive(bytes) }
    isInflated = inflater.inflate(bytes) { receive($0) }
    return isInflated
  }

  /// The answer is complete.
  func endAnswer() { isAnswered = true }

  /// What is wrong with the answer's content.
  var contentError: TransportError? {
    if hasOverflowed { return Self.overflow }
    guard !isInflated || (isAnswered && inflater?.isComplete == false) else { return nil }
    return TransportError(
      kind: .other, message: "the answer's compression is broken", mayHaveBeenSeen: true)
  }

  static let overflow = TransportError(
    kind: .overflow, message: "events came faster than they were used", mayHaveBeenSeen: true)

  /// True when an answer may be compressed: what is small on the wire takes its time here, but networks
  /// are slower. Streams would be kept back by it.
  var compresses: Bool { !isStream && !target.disablesCompression }

  // MARK: What libcurl's callbacks do, over HTTP/1.1

  /// libcurl is about to send the request over this connection.
  func isSent(over connection: Connection) {
    self.connection = connection
    sentAt = .now
  }

  /// Takes one header line, the status line and the empty one included.
  func receive(headerLine bytes: UnsafeBufferPointer<UInt8>) {
    if bytes.starts(with: Self.statusStart) {
      // A new status line: what came before belonged to an interim answer.
      head = HTTPHead(status: Self.status(in: bytes))
    } else if bytes.contains(UInt8(ascii: ":")) {
      head.append(line: bytes)
    } else if head.status >= 200 {
      deliverHead()
    }
  }

  private static let statusStart = Array("HTTP/".utf8)

  /// The number after the first space of a status line.
  private static func status(in line: UnsafeBufferPointer<UInt8>) -> Int {
    number(line.drop(while: { $0 != 0x20 }).dropFirst().prefix(3))
  }

  private static func number(_ digits: some Sequence<UInt8>) -> Int {
    var number = 0
    for byte in digits {
      guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte), number < 1000 else { break }
      number = number * 10 + Int(byte - UInt8(ascii: "0"))
    }
    return number
  }

  /// Takes a part of the body; false stops the transfer.
  func receive(_ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
    guard isStream else {
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
    guard request.isTraced, let connection else { return nil }
    if let handle {
      return ConnectionTrace(
        handle.easy, connection, queued: begun - created, sent: bodySentAt.map { $0 - begun })
    }
    guard var trace = session?.link.trace else { return nil }
    let now = ContinuousClock.now
    let sent = max(bodySentAt ?? sentAt, sentAt)
    if !isFirst {
      trace.isReused = true
      trace.timings = RequestTrace.Timings()
    }
    // Whoever waited for the connection did not wait in the queue.
    trace.timings.queued = isFirst ? begun - created : sentAt - created
    trace.timings.send = sent - sentAt
    trace.timings.wait = max(.zero, (firstHeard ?? now) - sent)
    trace.timings.receive = firstHeard.map { now - $0 } ?? .zero
    trace.wireBytes = wireBytes
    trace.headerBytes = head.byteCount
    return trace
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
