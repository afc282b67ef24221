// The bytes of one watch on their way from the storage to a connection.

import Synchronization

/// A queue of chunks between the API server, which writes, and whoever reads: a connection or a test.
final class EventStream: Sendable {
  /// Receives chunks in order; nil ends the stream.
  typealias Reader = @Sendable ([UInt8]?) -> Void

  private struct State {
    var chunks: [[UInt8]] = []
    var reader: Reader?
    var isEnded = false
  }

  private let state = Mutex(State())

  /// Appends a chunk. The reader is called under the lock, so that order is kept; it must only pass
  /// the chunk on.
  func write(_ chunk: [UInt8]) {
    state.withLock { state in
      guard !state.isEnded else { return }
      if let reader = state.reader { reader(chunk) } else { state.chunks.append(chunk) }
    }
  }

  /// Ends the stream; later chunks are dropped.
  func end() {
    state.withLock { state in
      guard !state.isEnded else { return }
      state.isEnded = true
      state.reader?(nil)
      state.reader = nil
    }
  }

  /// Attaches the reader, which first gets what is waiting.
  func read(_ reader: @escaping Reader) {
    state.withLock { state in
      for chunk in state.chunks { reader(chunk) }
      state.chunks.removeAll()
      if state.isEnded { reader(nil) } else { state.reader = reader }
    }
  }

  /// Takes what is waiting, for a reader that asks instead of being called.
  func takeAll() -> [UInt8] {
    state.withLock { state in
      defer { state.chunks.removeAll() }
      return Array(state.chunks.joined())
    }
  }

  var isEnded: Bool { state.withLock(\.isEnded) }
}
