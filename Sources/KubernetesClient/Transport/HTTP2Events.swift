// What libnghttp2's callbacks lead to: methods of the session and of the transfer.

import CHTTP

enum HTTP2Events {
  private static func sessionOf(_ context: UnsafeMutableRawPointer?) -> HTTP2Session? {
    context.map { Unmanaged<HTTP2Session>.fromOpaque($0).takeUnretainedValue() }
  }

  /// The session's dictionary keeps the transfer alive while its stream is open.
  private static func transferOf(_ context: UnsafeMutableRawPointer?) -> Transfer? {
    context.map { Unmanaged<Transfer>.fromOpaque($0).takeUnretainedValue() }
  }

  /// Never freed and never changed: sessions of any loop point to it.
  nonisolated(unsafe) static let table: UnsafePointer<chttp_events> = {
    let events = UnsafeMutablePointer<chttp_events>.allocate(capacity: 1)
    events.initialize(
      to: chttp_events(
        header: { _, stream, name, nameCount, value, valueCount in
          transferOf(stream)?.receive(
            name: UnsafeBufferPointer(start: name, count: nameCount),
            value: UnsafeBufferPointer(start: value, count: valueCount)) ?? false
        },
        headers_end: { _, stream in transferOf(stream)?.endHead() },
        data: { _, stream, bytes, count in
          transferOf(stream)?.receive(
            encoded: UnsafeBufferPointer(start: bytes, count: count)) ?? false
        },
        answer_end: { session, stream, id in
          guard let transfer = transferOf(stream) else { return }
          sessionOf(session)?.isAnswered(transfer, id)
        },
        sent: { session, stream, isHead, isEnd in
          guard let transfer = transferOf(stream) else { return }
          sessionOf(session)?.isSent(transfer, isHead: isHead, isEnd: isEnd)
        },
        body: { _, stream, buffer, capacity in
          transferOf(stream)?.send(
            into: UnsafeMutableRawBufferPointer(start: buffer, count: capacity)) ?? 0
        },
        closed: { session, stream, id, code in
          guard let transfer = transferOf(stream) else { return }
          sessionOf(session)?.isOver(transfer, id, code)
        },
        settings: { session in sessionOf(session)?.takeSettings() },
        goaway: { session, code in sessionOf(session)?.goesAway(code) }))
    return UnsafePointer(events)
  }()
}
