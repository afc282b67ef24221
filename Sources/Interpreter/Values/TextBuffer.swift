// Where long texts are put together: bytes that grow within the heap's limits, then become one string.

/// One growing buffer for each heap. `begin` empties it, `finish` makes a string of it; between the two,
/// nothing else may use it.
public final class TextBuffer {
  private unowned(unsafe) let heap: Heap
  private var bytes: UnsafeMutablePointer<UInt8>
  private var capacity: Int
  /// Bytes in the buffer.
  public private(set) var count = 0

  /// The buffer is given back when it is larger than this after use.
  private static let keptCapacity = 64 << 10
  /// Bytes that are copied between two looks at the limits.
  private static let copyStep = 256 << 10

  init(_ heap: Heap) {
    self.heap = heap
    capacity = 256
    bytes = .allocate(capacity: 256)
  }

  deinit { bytes.deallocate() }

  /// Empties the buffer.
  public func begin() {
    count = 0
    shrink()
  }

  /// Makes a string of what was appended, which must be valid UTF-8, and empties the buffer.
  ///
  /// - Throws: when the run passes its memory or must stop.
  public func finish() throws(ScriptError) -> StringReference {
    try heap.reserve(MemoryLayout<StringObject>.size + count)
    let string = heap.makeString(UnsafeBufferPointer(start: bytes, count: count))
    count = 0
    shrink()
    return string
  }

  /// Appends UTF-8.
  ///
  /// - Throws: when the run passes its memory or must stop.
  public func append(_ utf8: UnsafeBufferPointer<UInt8>) throws(ScriptError) {
    guard let base = utf8.baseAddress else { return }
    try makeRoom(utf8.count)
    var start = 0
    while start < utf8.count {
      let step = min(Self.copyStep, utf8.count - start)
      (bytes + count).update(from: base + start, count: step)
      count += step
      start += step
      try heap.charge(bytes: step)
    }
  }

  /// Appends a string of the heap.
  ///
  /// - Throws: when the run passes its memory or must stop.
  public func append(_ string: StringReference) throws(ScriptError) { try append(string.utf8) }

  /// Appends a Swift string.
  ///
  /// - Throws: when the run passes its memory or must stop.
  public func append(_ text: String) throws(ScriptError) {
    var text = text
    let result = text.withUTF8 { utf8 in
      Result { () throws(ScriptError) in try append(utf8) }
    }
    try result.get()
  }

  /// Appends one byte of ASCII.
  ///
  /// - Throws: when the run passes its memory.
  public func append(_ byte: UInt8) throws(ScriptError) {
    if count == capacity { try makeRoom(1) }
    bytes[count] = byte
    count += 1
  }

  /// What was appended, valid until the next change.
  var utf8: UnsafeBufferPointer<UInt8> { UnsafeBufferPointer(start: bytes, count: count) }

  /// Makes room for so many bytes more.
  ///
  /// - Throws: when the run passes its memory.
  public func makeRoom(_ additional: Int) throws(ScriptError) {
    guard additional > capacity - count else { return }
    let (sum, isOverflow) = count.addingReportingOverflow(additional)
    guard !isOverflow else { return try heap.reserve(.max) }
    try heap.reserve(sum - capacity)
    let wanted = max(sum, min(capacity * 2, capacity + heap.limit / 16))
    resize(wanted)
  }

  private func shrink() {
    if capacity > Self.keptCapacity { resize(256) }
  }

  private func resize(_ wanted: Int) {
    let other = UnsafeMutablePointer<UInt8>.allocate(capacity: wanted)
    other.update(from: bytes, count: count)
    bytes.deallocate()
    heap.account(buffer: wanted, was: capacity)
    bytes = other
    capacity = wanted
  }
}
