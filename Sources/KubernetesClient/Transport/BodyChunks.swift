// A stream's body on its way from the loop's thread to the task that reads it, bounded in bytes.

import Synchronization

/// The chunks of a body; one task reads them. Dropping it ends the request.
struct BodyChunks: AsyncSequence, Sendable {
  typealias Element = [UInt8]

  fileprivate let chunks: AsyncThrowingStream<[UInt8], any Error>
  fileprivate let unread: UnreadBytes

  struct AsyncIterator: AsyncIteratorProtocol {
    fileprivate var chunks: AsyncThrowingStream<[UInt8], any Error>.AsyncIterator
    fileprivate let unread: UnreadBytes

    mutating func next() async throws -> [UInt8]? {
      let chunk = try await chunks.next()
      if let chunk { unread.remove(chunk.count) }
      return chunk
    }
  }

  func makeAsyncIterator() -> AsyncIterator {
    AsyncIterator(chunks: chunks.makeAsyncIterator(), unread: unread)
  }
}

/// The loop's end of a body.
struct BodySender: Sendable {
  enum Delivery: Hashable {
    case taken
    /// More lies unread than may.
    case overflow
    /// Nobody reads any more.
    case unwanted
  }

  private let continuation: AsyncThrowingStream<[UInt8], any Error>.Continuation
  private let unread: UnreadBytes
  private let limit: Int

  /// Both ends. `onEnd` is called when the body is over or nobody reads it any more.
  static func make(
    limit: Int, onEnd: @escaping @Sendable () -> Void
  ) -> (chunks: BodyChunks, sender: BodySender) {
    let (stream, continuation) = AsyncThrowingStream<[UInt8], any Error>.makeStream(
      bufferingPolicy: .unbounded)
    continuation.onTermination = { _ in onEnd() }
    let unread = UnreadBytes()
    return (
      BodyChunks(chunks: stream, unread: unread),
      BodySender(continuation: continuation, unread: unread, limit: limit)
    )
  }

  func send(_ bytes: [UInt8]) -> Delivery {
    guard unread.add(bytes.count) <= limit else { return .overflow }
    if case .enqueued = continuation.yield(bytes) { return .taken }
    return .unwanted
  }

  func finish(throwing error: (any Error)? = nil) { continuation.finish(throwing: error) }
}

/// How much lies between the two ends.
private final class UnreadBytes: Sendable {
  private let count = Atomic<Int>(0)
  /// Counted with each chunk, so that a drip of single bytes is bounded too.
  private static let chunkOverhead = 64

  func add(_ bytes: Int) -> Int {
    count.add(bytes + Self.chunkOverhead, ordering: .relaxed).newValue
  }

  func remove(_ bytes: Int) {
    count.subtract(bytes + Self.chunkOverhead, ordering: .relaxed)
  }
}
