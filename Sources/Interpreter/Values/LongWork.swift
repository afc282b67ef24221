// Work on long strings and lists in pieces, with a look at the limits after each: what one call of the C
// library would do at once takes longer than a cancelled run may go on.

#if canImport(Glibc)
  import Glibc
#endif

extension Heap {
  /// Bytes that are compared, moved or counted between two looks: some ten microseconds.
  static let workPiece = 256 << 10
  private static let valuePiece = 4096

  /// Copies bytes of any number.
  ///
  /// - Throws: when the run must stop.
  func copy(
    _ source: UnsafeMutablePointer<UInt8>, to target: UnsafeMutablePointer<UInt8>, count: Int
  ) throws(ScriptError) {
    var start = 0
    while start < count {
      let size = min(Self.workPiece, count - start)
      (target + start).update(from: source + start, count: size)
      try charge(bytes: size)
      start += size
    }
  }

  /// Moves values; the two places may overlap.
  ///
  /// - Parameter step: values that count as one step.
  /// - Throws: when the run must stop. Some values are then moved and some are not, and all are valid.
  func move(
    _ source: UnsafeMutablePointer<Value>, to target: UnsafeMutablePointer<Value>, count: Int,
    step: Int = 16
  ) throws(ScriptError) {
    var left = count
    while left > 0 {
      let size = min(left, Self.valuePiece)
      // Forwards when they move down, else from the end, so that nothing is overwritten unread.
      let start = target < source ? count - left : left - size
      (target + start).update(from: source + start, count: size)
      left -= size
      try charge(size / step)
    }
  }
}

extension UnsafeMutablePointer where Pointee == ListObject {
  /// Appends values that stand in a row, in some other list.
  ///
  /// - Parameter step: values that count as one step.
  /// - Throws: when they do not fit below the memory cap, or the run must stop.
  func append(
    _ values: UnsafeMutablePointer<Value>, count: Int, step: Int, _ heap: Heap
  ) throws(ScriptError) {
    let needed = pointee.count + count
    if needed > pointee.capacity {
      let room = Swift.max(needed, Swift.min(2 * pointee.capacity, needed + needed / 2))
      try heap.reserve(room * MemoryLayout<Value>.stride)
      reserve(room, heap)
    }
    guard count > 0, let items = pointee.items else { return }
    try heap.move(values, to: items + pointee.count, count: count, step: step)
    pointee.count = needed
    pointee.version &+= 1
  }
}

extension UnsafeMutablePointer where Pointee == StringObject {
  /// True when both hold the same bytes, however many.
  ///
  /// - Throws: when the run must stop.
  public func hasSameText(as other: StringReference, _ heap: Heap) throws(ScriptError) -> Bool {
    guard self != other, pointee.byteCount > Heap.workPiece else { return hasSameText(as: other) }
    let count = pointee.byteCount
    guard count == other.pointee.byteCount else { return false }
    return try hasBytes(other.utf8, at: 0, heap)
  }

  /// True when the bytes stand at an offset, where there must be as many.
  ///
  /// - Throws: when the run must stop.
  public func hasBytes(
    _ other: UnsafeBufferPointer<UInt8>, at offset: Int, _ heap: Heap
  ) throws(ScriptError) -> Bool {
    guard let base = other.baseAddress else { return true }
    var start = 0
    while start < other.count {
      let size = Swift.min(Heap.workPiece, other.count - start)
      guard memcmp(bytes + offset + start, base + start, size) == 0 else { return false }
      try heap.charge(size >> 10)
      start += size
    }
    return true
  }

  /// A copy as a Swift string, of any length.
  ///
  /// - Throws: when the run must stop.
  public func text(_ heap: Heap) throws(ScriptError) -> String {
    guard pointee.byteCount > Heap.workPiece else {
      try heap.charge(bytes: pointee.byteCount)
      return text
    }
    var copy = ""
    copy.reserveCapacity(pointee.byteCount)
    var start = 0
    while start < pointee.byteCount {
      var end = Swift.min(start + Heap.workPiece, pointee.byteCount)
      while end < pointee.byteCount, utf8[end] & 0xC0 == 0x80 { end -= 1 }
      copy += String(decoding: utf8[start..<end], as: UTF8.self)
      try heap.charge(bytes: end - start)
      start = end
    }
    return copy
  }

  /// Byte offset of a scalar's index, which is at most the number of scalars.
  ///
  /// - Throws: when the run must stop.
  func byteOffset(ofScalar index: Int, _ heap: Heap) throws(ScriptError) -> Int {
    if pointee.isASCII { return index }
    let utf8 = utf8
    var remaining = index
    var offset = 0
    // Whole pieces first, as long as they hold fewer scalars than are looked for.
    while offset + Heap.workPiece / 8 < utf8.count {
      let end = offset + Heap.workPiece / 8
      let scalars = utf8[offset..<end].count { $0 & 0xC0 != 0x80 }
      guard scalars < remaining else { break }
      remaining -= scalars
      offset = end
      try heap.charge(scalars >> 8)
    }
    while offset < utf8.count, utf8[offset] & 0xC0 == 0x80 { offset += 1 }
    while remaining > 0, offset < utf8.count {
      offset += 1
      while offset < utf8.count, utf8[offset] & 0xC0 == 0x80 { offset += 1 }
      remaining -= 1
    }
    return offset
  }

  /// The scalar index of a byte offset that starts a scalar.
  ///
  /// - Throws: when the run must stop.
  public func scalarIndex(ofByte offset: Int, _ heap: Heap) throws(ScriptError) -> Int {
    if pointee.isASCII { return offset }
    var index = 0
    var start = 0
    while start < offset {
      let end = Swift.min(start + Heap.workPiece / 8, offset)
      index += utf8[start..<end].count { $0 & 0xC0 != 0x80 }
      try heap.charge((end - start) >> 8)
      start = end
    }
    return index
  }

  /// The scalars from `start` up to `end`, both within the string.
  ///
  /// - Throws: when the run passes its memory or must stop.
  public func slice(_ start: Int, _ end: Int, _ heap: Heap) throws(ScriptError) -> StringReference {
    let from = try byteOffset(ofScalar: start, heap)
    // A short slice is short also in a long string: its end is looked for from its start.
    var to = pointee.isASCII ? end : from
    if !pointee.isASCII {
      var remaining = end - start
      if remaining > Heap.workPiece {
        to = try byteOffset(ofScalar: end, heap)
      } else {
        while remaining > 0, to < pointee.byteCount {
          to += 1
          while to < pointee.byteCount, bytes[to] & 0xC0 == 0x80 { to += 1 }
          remaining -= 1
        }
      }
    }
    return try heap.makeText(
      UnsafeBufferPointer(start: bytes + from, count: Swift.max(0, to - from)))
  }
}
