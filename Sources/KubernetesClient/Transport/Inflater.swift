// Reads compressed bodies while they arrive.

import CHTTP

/// One body's decompression.
final class Inflater {
  private let raw: OpaquePointer
  private static let pieceSize = 64 << 10

  /// nil when memory is short.
  init?() {
    guard let raw = chttp_inflater_make() else { return nil }
    self.raw = raw
  }

  deinit { chttp_inflater_free(raw) }

  /// True when nothing is missing.
  var isComplete: Bool { chttp_inflater_is_complete(raw) }

  /// Hands on what the bytes hold; false when they are not what they should be, or `body` wants no more.
  func inflate(
    _ bytes: UnsafeBufferPointer<UInt8>, _ body: (UnsafeBufferPointer<UInt8>) -> Bool
  ) -> Bool {
    chttp_inflater_feed(raw, bytes.baseAddress, bytes.count)
    return withUnsafeTemporaryAllocation(of: UInt8.self, capacity: Self.pieceSize) { buffer in
      while true {
        let count = chttp_inflater_read(raw, buffer.baseAddress, buffer.count)
        guard count > 0 else { return count == 0 }
        guard body(UnsafeBufferPointer(rebasing: buffer[..<count])) else { return false }
      }
    }
  }
}
