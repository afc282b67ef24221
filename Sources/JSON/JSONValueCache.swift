// Keeps the contents of small containers that were read lately, so that equal ones share their storage:
// most of what the objects of a list have in common (probes, tolerations, managed fields) is there once.

/// A table of arrays of values by a hash of their bits; a newer one replaces an older.
///
/// Values are compared as bits: equal bits are the same value, since strings and containers that share
/// their storage have equal ones. Values whose bits differ may be equal all the same; they share nothing.
struct JSONValueCache: ~Copyable {
  static let longest = 24

  private var entries: [[JSONValue]]
  private let shift: UInt64
  private let isUsed: Bool

  /// Makes a cache that fits a text of so many bytes; none for 0.
  init(textCount: Int) {
    var bits = 4
    while bits < 11, 1 << (bits + 7) < textCount { bits += 1 }
    isUsed = textCount > 0
    entries = isUsed ? Array(repeating: [], count: 1 << bits) : []
    shift = UInt64(64 - bits)
  }

  /// Moves `count` values into an array, or frees them and gives an array of the same. There is one.
  @inline(__always)
  mutating func array(
    movedFrom values: UnsafeMutablePointer<JSONValue>, count: Int
  ) -> [JSONValue] {
    guard isUsed, count <= Self.longest else { return Self.move(values, count) }
    let slot = Self.hash(values, count, shift)
    if Self.isSame(entries[slot], values, count) {
      values.deinitialize(count: count)
      return entries[slot]
    }
    let array = Self.move(values, count)
    entries[slot] = array
    return array
  }

  @inline(__always)
  private static func move(_ values: UnsafeMutablePointer<JSONValue>, _ count: Int) -> [JSONValue] {
    [JSONValue](unsafeUninitializedCapacity: count) { buffer, initialized in
      buffer.baseAddress?.moveInitialize(from: values, count: count)
      initialized = count
    }
  }

  @inline(__always)
  private static func hash(
    _ values: UnsafeMutablePointer<JSONValue>, _ count: Int, _ shift: UInt64
  ) -> Int {
    var hash = UInt64(truncatingIfNeeded: count)
    var place = UnsafeRawPointer(values)
    for _ in 0..<count {
      let bits = Bits(place)
      hash = (hash &+ bits.low) &* 0x9E37_79B9_7F4A_7C15
      hash = ((hash ^ hash >> 29) &+ bits.high) &* 0xC2B2_AE3D_27D4_EB4F
      hash ^= UInt64(truncatingIfNeeded: bits.tag)
      place += MemoryLayout<JSONValue>.stride
    }
    return Int((hash &* 0x9E37_79B9_7F4A_7C15) >> shift)
  }

  @inline(__always)
  private static func isSame(
    _ array: [JSONValue], _ values: UnsafeMutablePointer<JSONValue>, _ count: Int
  ) -> Bool {
    guard array.count == count else { return false }
    return array.withUnsafeBytes { bytes in
      guard var left = bytes.baseAddress else { return false }
      var right = UnsafeRawPointer(values)
      for _ in 0..<count {
        guard Bits(left) == Bits(right) else { return false }
        left += MemoryLayout<JSONValue>.stride
        right += MemoryLayout<JSONValue>.stride
      }
      return true
    }
  }

  /// A value's bits without the padding: two words of payload and the case.
  private struct Bits: Equatable {
    let low: UInt64
    let high: UInt64
    let tag: UInt8

    @inline(__always)
    init(_ value: UnsafeRawPointer) {
      low = value.load(as: UInt64.self)
      high = value.load(fromByteOffset: 8, as: UInt64.self)
      tag = value.load(fromByteOffset: 16, as: UInt8.self)
    }
  }
}
