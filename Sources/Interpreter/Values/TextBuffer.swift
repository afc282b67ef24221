// Where long texts are put together: bytes that grow within the heap's limits, then become one string.
//
// A large buffer is the system's own memory, which is moved by its pages when it grows: there are never two.

#if canImport(Glibc)
  import Glibc
#endif

/// One growing buffer for each heap. `begin` empties it, `finish` makes a string of it; between the two,
/// nothing else may use it.
public final class TextBuffer {
  // The heap owns the buffer, so it outlives it; looking at its state counts no references.
  private unowned(unsafe) let heap: Heap
  private let state: UnsafeMutablePointer<HeapState>
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
    state = heap.state
    bytes = Self.nowhere
    capacity = 0
  }

  deinit { release() }

  /// Empties the buffer.
  public func begin() {
    count = 0
    shrink()
  }

  /// Makes a string of what was appended, which must be valid UTF-8, and empties the buffer.
  ///
  /// - Throws: when the run passes its memory or must stop.
  public func finish() throws(ScriptError) -> StringReference {
    defer { begin() }
    return try heap.makeText(utf8)
  }

  /// Makes a string of bytes that may be anything.
  ///
  /// - Returns: nil when they are no UTF-8.
  /// - Throws: when the run passes its memory or must stop.
  public func finishValidated() throws(ScriptError) -> StringReference? {
    defer { begin() }
    return try isUTF8() ? heap.makeText(utf8) : nil
  }

  private func isUTF8() throws(ScriptError) -> Bool {
    var start = 0
    while start < count {
      let end = pieceEnd(start)
      let piece = UnsafeBufferPointer(rebasing: utf8[start..<end])
      guard String(validating: piece, as: UTF8.self) != nil else { return false }
      try heap.charge(bytes: end - start)
      start = end
    }
    return true
  }

  /// Hands over what was appended as Swift strings of bounded length, and empties the buffer.
  ///
  /// - Throws: when the run must stop.
  public func deliver(to output: (String) -> Void) throws(ScriptError) {
    defer { begin() }
    var start = 0
    while start < count {
      let end = pieceEnd(start)
      output(String(decoding: utf8[start..<end], as: UTF8.self))
      start = end
      if start < count { try heap.charge(bytes: Self.copyStep) }
    }
  }

  /// Where a piece ends that begins at `start`: not inside of a scalar.
  private func pieceEnd(_ start: Int) -> Int {
    var end = min(start + Self.copyStep, count)
    while end < count, end > start + 1, bytes[end] & 0xC0 == 0x80 { end -= 1 }
    return end
  }

  /// Appends UTF-8.
  ///
  /// - Throws: when the run passes its memory or must stop.
  public func append(_ utf8: UnsafeBufferPointer<UInt8>) throws(ScriptError) {
    guard let base = utf8.baseAddress else { return }
    if utf8.count > capacity &- count { try makeRoom(utf8.count) }
    guard utf8.count > Self.copyStep else { return try copy(base, utf8.count) }
    var start = 0
    while start < utf8.count {
      let step = min(Self.copyStep, utf8.count - start)
      try copy(base + start, step)
      start += step
    }
  }

  /// Appends bytes that there is room for.
  @inline(__always)
  private func copy(_ source: UnsafePointer<UInt8>, _ size: Int) throws(ScriptError) {
    (bytes + count).update(from: source, count: size)
    count &+= size
    state.pointee.steps &+= 1 &+ size &>> 6
    if state.pointee.steps >= state.pointee.nextLook { try heap.look() }
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
  public var utf8: UnsafeBufferPointer<UInt8> { UnsafeBufferPointer(start: bytes, count: count) }

  /// Makes room for so many bytes more.
  ///
  /// - Throws: when the run passes its memory.
  public func makeRoom(_ additional: Int) throws(ScriptError) {
    guard additional > capacity - count else { return }
    let (sum, isOverflow) = count.addingReportingOverflow(additional)
    guard !isOverflow else { return try heap.reserve(.max) }
    let wanted = max(sum, 256, min(capacity * 2, capacity + heap.limit / 16))
    try heap.reserve(wanted - capacity)
    let other = Self.isFromSystem(wanted) ? growLarge(to: wanted) : growSmall(to: wanted)
    guard let other else { return try heap.reserve(.max) }
    bytes = other.assumingMemoryBound(to: UInt8.self)
    heap.account(buffer: wanted, was: capacity)
    capacity = wanted
  }

  /// True when a buffer of that capacity is the system's own memory.
  private static func isFromSystem(_ capacity: Int) -> Bool { capacity >= 4 << 20 }

  private func growSmall(to wanted: Int) -> UnsafeMutableRawPointer? {
    realloc(capacity > 0 ? bytes : nil, wanted)
  }

  private func growLarge(to wanted: Int) -> UnsafeMutableRawPointer {
    if Self.isFromSystem(capacity),
      let moved = SystemMemory.resize(bytes, capacity, to: wanted)
    {
      return moved
    }
    let memory = SystemMemory.take(wanted)
    memory.copyMemory(from: bytes, byteCount: count)
    release()
    return memory
  }

  private func release() {
    if Self.isFromSystem(capacity) {
      SystemMemory.giveBack(bytes, capacity)
    } else if capacity > 0 {
      free(bytes)
    }
  }

  private func shrink() {
    guard capacity > Self.keptCapacity else { return }
    heap.account(buffer: 0, was: capacity)
    release()
    bytes = Self.nowhere
    capacity = 0
  }

  /// Where nothing is ever written.
  private static var nowhere: UnsafeMutablePointer<UInt8> {
    UnsafeMutablePointer(bitPattern: 16).unsafelyUnwrapped
  }
}
