// One HTTP/2 connection with its streams: libnghttp2 makes and reads the frames (RFC 9113), the link
// carries them.

import CCurl
import CHTTP

/// A session. The loop's thread alone uses it.
final class HTTP2Session {
  typealias Instant = ContinuousClock.Instant

  /// A stream that is over.
  struct Ended {
    let transfer: Transfer
    let result: Result

    enum Result {
      case answered
      case failed(TransportError)
      /// The server left without having looked at the request: it may begin again elsewhere, whatever
      /// it is.
      case untouched(TransportError)
    }
  }

  let link: Link
  private let frames: OpaquePointer
  private var streams: [Int32: Transfer] = [:]
  /// Answers that were complete before the request was.
  private var early: [Int32] = []
  private(set) var ended: [Ended] = []
  /// One until the server has told: it may allow that few, and would refuse the others.
  private(set) var streamLimit = 1
  private(set) var hasSettings = false
  private(set) var isDraining = false
  private(set) var isClosed = false
  /// True while bytes wait until the socket takes them.
  private(set) var wantsToWrite = false
  /// True when more may have come than was read.
  private(set) var hasMore = false
  /// True when frames may wait to be sent.
  private var isDirty = true
  private var output = OutputBuffer()
  private(set) var silence: Silence
  /// True while it stands among those in which something has happened.
  var isTouched = false
  /// True while others should be used rather than this one: a request was not answered in its time, and
  /// nothing was heard since.
  var isSuspect = false
  /// Why the server takes no more requests.
  private var goawayCode: UInt32 = 0

  /// What one reading may take before others have their turn.
  private static let readLimit = 1 << 20

  /// nil when memory is short.
  init?(link: Link, at now: Instant) {
    self.link = link
    silence = Silence(since: now)
    guard let frames = chttp_session_make(HTTP2Events.table) else { return nil }
    self.frames = frames
    chttp_session_set_context(frames, Unmanaged.passUnretained(self).toOpaque())
  }

  deinit { chttp_session_free(frames) }

  var openStreams: Int { streams.count }

  /// True when another request may be sent now.
  var hasRoom: Bool {
    !isClosed && !isDraining && !isSuspect && streams.count < streamLimit
  }

  private var isFresh = true

  /// True once: for whom the connection was made.
  func takeFirst() -> Bool {
    defer { isFresh = false }
    return isFresh
  }

  // MARK: Requests

  /// Queues a request.
  func submit(_ transfer: Transfer, at now: Instant) {
    let context = Unmanaged.passUnretained(transfer).toOpaque()
    let id = HeaderFields(transfer).withUnsafeFields { fields in
      chttp_session_request(
        frames, fields.baseAddress, fields.count, transfer.request.body != nil, context)
    }
    guard let id else {
      // The connection is not to blame.
      transfer.isCarried(by: self, stream: 0)
      ended.append(Ended(transfer: transfer, result: .failed(HeaderFields.lineBreak)))
      return
    }
    guard id > 0 else {
      // Numbers run out after a billion requests; another connection begins anew.
      isDraining = true
      let error = Self.refused(String(cString: chttp_error_text(id)))
      ended.append(Ended(transfer: transfer, result: .untouched(error)))
      return
    }
    if streams.isEmpty { silence.begins(at: now) }
    streams[id] = transfer
    transfer.isCarried(by: self, stream: id)
    isDirty = true
  }

  /// Takes a stream off the connection; the server learns of it. Nothing else on it is touched.
  func withdraw(_ transfer: Transfer) {
    guard streams.removeValue(forKey: transfer.streamID) != nil else { return }
    chttp_session_reset(frames, transfer.streamID, NGHTTP2_CANCEL.rawValue)
    isDirty = true
  }

  func takeEnded() -> [Ended] {
    guard !ended.isEmpty else { return [] }
    defer { ended.removeAll(keepingCapacity: true) }
    return ended
  }

  // MARK: Bytes

  /// Sends what waits, as far as the socket takes it.
  func flush() {
    guard isDirty || wantsToWrite, !isClosed else { return }
    isDirty = false
    while true {
      if output.isEmpty, !fillOutput() { break }
      switch link.send(output.bytes) {
      case .moved(let count): output.remove(count)
      case .again:
        wantsToWrite = true
        return
      case .failed(let error):
        // What the server said before it went away tells more.
        receive()
        close(error)
        return
      }
    }
    wantsToWrite = false
    closeWhenOver()
  }

  /// Gathers frames so that one packet carries many of them; false when there are none.
  private func fillOutput() -> Bool {
    while output.hasRoom {
      var bytes: UnsafePointer<UInt8>?
      output.markFrame()
      let count = chttp_session_send(frames, &bytes)
      guard count >= 0 else {
        close(Self.broken(String(cString: chttp_error_text(Int32(count)))))
        return false
      }
      guard count > 0, let bytes else { break }
      output.append(UnsafeRawBufferPointer(start: bytes, count: count))
    }
    return !output.isEmpty
  }

  /// Reads what has come.
  func receive() {
    guard !isClosed else { return }
    hasMore = false
    var left = Self.readLimit
    withUnsafeTemporaryAllocation(byteCount: 64 << 10, alignment: 16) { buffer in
      while left > 0 {
        switch link.receive(into: buffer) {
        case .again: return
        case .failed(let error):
          close(error)
          return
        case .moved(0):
          close(Self.broken("the server closed the connection"))
          return
        case .moved(let count):
          left -= count
          silence.ends(at: .now)
          isSuspect = false
          guard read(UnsafeRawBufferPointer(rebasing: buffer[..<count])) else { return }
          if !link.mayHaveMore { return }
        }
      }
      hasMore = true
    }
  }

  private func read(_ bytes: UnsafeRawBufferPointer) -> Bool {
    isDirty = true
    let code = chttp_session_receive(
      frames, bytes.baseAddress?.assumingMemoryBound(to: UInt8.self), bytes.count)
    for id in early { finishEarly(id) }
    early.removeAll(keepingCapacity: true)
    guard code == 0 else {
      let reason = String(cString: chttp_error_text(code))
      close(Self.broken("what the server sent is not HTTP/2: \(reason)"))
      return false
    }
    return true
  }

  /// The server has answered and does not want the rest of the request.
  private func finishEarly(_ id: Int32) {
    guard let transfer = streams.removeValue(forKey: id) else { return }
    chttp_session_reset(frames, id, NGHTTP2_NO_ERROR.rawValue)
    ended.append(Ended(transfer: transfer, result: content(of: transfer)))
  }

  private func content(of transfer: Transfer) -> Ended.Result {
    transfer.contentError.map { .failed($0) } ?? .answered
  }

  // MARK: The end

  /// Ends the connection and every stream on it.
  func close(_ error: TransportError) {
    guard !isClosed else { return }
    isClosed = true
    wantsToWrite = false
    hasMore = false
    let told = goawayCode == 0 ? error : Self.broken(goawayText)
    for (_, transfer) in streams {
      var own = told
      own.mayHaveBeenSeen = isSeen(transfer)
      ended.append(Ended(transfer: transfer, result: .failed(own)))
    }
    streams = [:]
  }

  /// Says farewell where the socket takes it at once, and ends the connection.
  func leave() {
    chttp_session_goaway(frames)
    isDirty = true
    flush()
    close(Self.broken("the connection is closed"))
  }

  /// After the last stream of a connection that takes no more of them.
  private func closeWhenOver() {
    if (isDraining && streams.isEmpty) || !chttp_session_is_alive(frames) {
      close(Self.broken("the server closed the connection"))
    }
  }

  /// True when bytes of the request may have left this machine.
  func isSeen(_ transfer: Transfer) -> Bool {
    transfer.headOffset.map { output.removed > $0 } ?? false
  }

  private var goawayText: String {
    "the server ended the connection: \(String(cString: chttp_reset_text(goawayCode)))"
  }

  private static func broken(_ message: String) -> TransportError {
    TransportError(kind: .broken, code: Int(CURLE_RECV_ERROR.rawValue), message: message)
  }

  /// What the server has not looked at, by its own word.
  private static func refused(_ message: String) -> TransportError {
    TransportError(kind: .broken, code: Int(CURLE_HTTP2_STREAM.rawValue), message: message)
  }

  // MARK: Silence

  /// Asks the server for a sign of life.
  func ping(at now: Instant) {
    guard !silence.isAsked else { return }
    silence.asks(at: now)
    chttp_session_ping(frames)
    isDirty = true
  }

  // MARK: What the frames tell

  func isOver(_ transfer: Transfer, _ id: Int32, _ code: UInt32) {
    guard streams.removeValue(forKey: id) != nil else { return }
    ended.append(Ended(transfer: transfer, result: result(of: transfer, code)))
  }

  private func result(of transfer: Transfer, _ code: UInt32) -> Ended.Result {
    if transfer.isAnswered || transfer.contentError != nil { return content(of: transfer) }
    let reason = String(cString: chttp_reset_text(code))
    guard code == NGHTTP2_REFUSED_STREAM.rawValue else {
      return .failed(
        TransportError(
          kind: .broken, code: Int(CURLE_HTTP2_STREAM.rawValue),
          message: "the server ended the answer early: \(reason)",
          mayHaveBeenSeen: isSeen(transfer)))
    }
    let error = Self.refused("the server did not take the request: \(reason)")
    // Without a farewell it is the request that the server does not want now.
    return isDraining ? .untouched(error) : .failed(error)
  }

  func isAnswered(_ transfer: Transfer, _ id: Int32) {
    transfer.endAnswer()
    if !transfer.isWhollySent { early.append(id) }
  }

  func isSent(_ transfer: Transfer, isHead: Bool, isEnd: Bool) {
    if isHead { transfer.isSent(at: output.frameOffset) }
    if isEnd { transfer.endRequest() }
  }

  func takeSettings() {
    hasSettings = true
    streamLimit = Int(min(chttp_session_stream_limit(frames), UInt32(Self.mostStreams)))
  }

  func goesAway(_ code: UInt32) {
    isDraining = true
    goawayCode = code
  }

  /// Servers that set no limit get one.
  private static let mostStreams = 1000
}
