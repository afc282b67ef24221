// Frames on their way out of a connection.

/// Bytes that wait to be sent. They stay where they are until they are sent: TLS wants the same bytes at
/// the same place again when the socket was full.
struct OutputBuffer: ~Copyable {
  private static let capacity = 64 << 10
  /// With fewer bytes than this there is room for the largest frame.
  private static let fillLimit = 32 << 10

  private let storage = UnsafeMutableRawBufferPointer.allocate(
    byteCount: Self.capacity, alignment: 16)
  private var start = 0
  private var end = 0
  /// Bytes that were sent, ever.
  private(set) var removed = 0
  /// Where the frame begins that is being made, counted like `removed`.
  private(set) var frameOffset = 0

  deinit { storage.deallocate() }

  var isEmpty: Bool { start == end }
  var hasRoom: Bool { end < Self.fillLimit }
  var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(rebasing: storage[start..<end]) }

  mutating func markFrame() { frameOffset = removed + end - start }

  mutating func append(_ bytes: UnsafeRawBufferPointer) {
    UnsafeMutableRawBufferPointer(rebasing: storage[end...]).copyMemory(from: bytes)
    end += bytes.count
  }

  mutating func remove(_ count: Int) {
    start += count
    removed += count
    if start == end { (start, end) = (0, 0) }
  }
}
