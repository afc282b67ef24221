// Strings of the heap: bytes, scalars, hashing, comparison.

#if canImport(Glibc)
  import Glibc
#endif

/// The room of a growable string.
struct StringRoom {
  /// Bytes in use, by the string itself and by views that begin with it.
  var used: Int
  var capacity: Int

  static let size = MemoryLayout<StringRoom>.size
  /// From this length on the left side of `+` is taken for one that goes on growing.
  static let least = 256
}

extension StringObject {
  /// True when every scalar is one byte.
  var isASCII: Bool { scalarCount == byteCount }
}

extension UnsafeMutablePointer where Pointee == StringObject {
  /// The UTF-8 bytes.
  @inline(__always)
  public var bytes: UnsafeMutablePointer<UInt8> {
    if pointee.form == .whole {
      return UnsafeMutableRawPointer(self + 1).assumingMemoryBound(to: UInt8.self)
    }
    let owner = pointee.form == .view ? owner.pointee : self
    return UnsafeMutableRawPointer(owner + 1).advanced(by: StringRoom.size)
      .assumingMemoryBound(to: UInt8.self)
  }

  /// The growable string whose beginning a view is; only for views.
  @inline(__always)
  var owner: UnsafeMutablePointer<StringReference> {
    UnsafeMutableRawPointer(self + 1).assumingMemoryBound(to: StringReference.self)
  }

  /// What a growable string has of its room; only for growable ones.
  @inline(__always)
  var room: UnsafeMutablePointer<StringRoom> {
    UnsafeMutableRawPointer(self + 1).assumingMemoryBound(to: StringRoom.self)
  }

  /// The UTF-8 bytes with their count.
  public var utf8: UnsafeBufferPointer<UInt8> {
    UnsafeBufferPointer(start: bytes, count: pointee.byteCount)
  }

  /// A copy as a Swift string.
  public var text: String { String(decoding: utf8, as: UTF8.self) }

  /// Number of Unicode scalars.
  public var scalarCount: Int { pointee.scalarCount }

  func countScalars() -> Int {
    let count = pointee.byteCount
    return count &- Self.continuationCount(UnsafeRawPointer(bytes), count)
  }

  /// Bytes that go on with a scalar, eight at a time: those whose two highest bits are 1 and 0.
  static func continuationCount(_ bytes: UnsafeRawPointer, _ count: Int) -> Int {
    let ones: UInt64 = 0x0101_0101_0101_0101
    var found = 0
    var offset = 0
    while offset &+ 8 <= count {
      let word = bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
      if word & (ones &<< 7) != 0 { found &+= (word &>> 7 & ~(word &>> 6) & ones).nonzeroBitCount }
      offset &+= 8
    }
    while offset < count {
      if bytes.load(fromByteOffset: offset, as: UInt8.self) & 0xC0 == 0x80 { found &+= 1 }
      offset &+= 1
    }
    return found
  }

  /// A hash of the bytes, never 0, kept in the object.
  @inline(__always)
  var hash: UInt32 {
    let known = pointee.hash
    if known != 0 { return known }
    return computeHash()
  }

  /// Multiplies and folds eight bytes at a time; a table looks at the low bits.
  private func computeHash() -> UInt32 {
    let count = pointee.byteCount
    let raw = UnsafeRawPointer(bytes)
    var hash = UInt64(truncatingIfNeeded: count) &* 0x9E37_79B9_7F4A_7C15
    var offset = 0
    while offset + 8 <= count {
      hash = Self.mix(hash ^ raw.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
      offset += 8
    }
    var rest: UInt64 = 0
    while offset < count {
      rest = rest << 8 | UInt64(raw.load(fromByteOffset: offset, as: UInt8.self))
      offset += 1
    }
    hash = Self.mix(hash ^ rest)
    let folded = UInt32(truncatingIfNeeded: hash)
    pointee.hash = folded == 0 ? 1 : folded
    return pointee.hash
  }

  @inline(__always)
  private static func mix(_ value: UInt64) -> UInt64 {
    let product = value.multipliedFullWidth(by: 0xD6E8_FEB8_6659_FD93)
    return product.high ^ product.low
  }

  /// True when both hold the same bytes.
  @inline(__always)
  public func hasSameText(as other: StringReference) -> Bool {
    if self == other { return true }
    guard pointee.byteCount == other.pointee.byteCount else { return false }
    return memcmp(bytes, other.bytes, pointee.byteCount) == 0
  }

  /// Negative, zero or positive; UTF-8 bytes sort as their scalars do.
  public func compare(_ other: StringReference) -> Int {
    let shared = Swift.min(pointee.byteCount, other.pointee.byteCount)
    let order = Int(memcmp(bytes, other.bytes, shared))
    return order != 0 ? order : pointee.byteCount - other.pointee.byteCount
  }

  /// Byte offset of the first occurrence of another string at or after `start`; nil when there is none.
  /// Takes time in proportion to both lengths, whatever they hold.
  ///
  /// - Throws: when the run must stop.
  public func find(
    _ other: StringReference, from start: Int = 0, _ heap: Heap
  ) throws(ScriptError) -> Int? {
    let length = other.pointee.byteCount
    guard length > 0 else { return start <= pointee.byteCount ? start : nil }
    // Windows that overlap by the searched text's length, with a look at the limits between them.
    let window = Swift.max(256 << 10, 2 * length)
    var position = start
    while position + length <= pointee.byteCount {
      let size = Swift.min(window, pointee.byteCount - position)
      let part = UnsafeBufferPointer(start: bytes + position, count: size)
      if let offset = CLibrary.find(other.utf8, in: part) {
        try heap.charge(bytes: offset)
        return position + offset
      }
      try heap.charge(bytes: size)
      position += size - length + 1
    }
    return nil
  }
}

/// Decimal integers as text, without a Swift string in between.
enum Decimal {
  /// Number of bytes that a number's text has.
  static func byteCount(_ value: Int64) -> Int {
    var rest = value.magnitude
    var count = value < 0 ? 1 : 0
    // Comparisons: a division for each digit would take longer than everything else.
    while rest >= 10_000 {
      rest /= 10_000
      count += 4
    }
    return count + (rest < 10 ? 1 : rest < 100 ? 2 : rest < 1000 ? 3 : 4)
  }

  /// Writes a number's text, which has `count` bytes.
  static func write(_ value: Int64, _ count: Int, to target: UnsafeMutablePointer<UInt8>) {
    var rest = value.magnitude
    var position = count
    while rest >= 100 {
      let (quotient, pair) = rest.quotientAndRemainder(dividingBy: 100)
      position -= 2
      write(pair: pair, to: target + position)
      rest = quotient
    }
    if rest >= 10 {
      write(pair: rest, to: target + (position - 2))
    } else {
      target[position - 1] = UInt8(truncatingIfNeeded: 48 &+ rest)
    }
    if value < 0 { target[0] = 45 }
  }

  /// Writes two digits.
  @inline(__always)
  private static func write(pair: UInt64, to target: UnsafeMutablePointer<UInt8>) {
    // The tenth part of a number below 100, as a multiplication.
    let tens = (UInt32(truncatingIfNeeded: pair) &* 103) &>> 10
    target[0] = UInt8(truncatingIfNeeded: 48 &+ tens)
    target[1] = UInt8(truncatingIfNeeded: 48 &+ UInt32(truncatingIfNeeded: pair) &- tens &* 10)
  }
}
