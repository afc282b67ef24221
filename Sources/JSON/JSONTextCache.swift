// Keeps the strings that were read lately, so that equal ones share their storage. Strings up to 15
// bytes need no storage at all, and long ones are seldom equal.

/// A table of strings by a hash of their length and some of their bytes; a newer one replaces an older.
struct JSONTextCache {
  static let sizes = 16...96

  private var entries: [String]
  private let shift: UInt64
  /// False when nothing is kept and `text(of:)` must not be called.
  let isUsed: Bool

  /// Makes a cache that fits a text of so many bytes; none for 0.
  init(textCount: Int) {
    var bits = 4
    while bits < 11, 1 << (bits + 7) < textCount { bits += 1 }
    isUsed = textCount > 0
    entries = isUsed ? Array(repeating: "", count: 1 << bits) : []
    shift = UInt64(64 - bits)
  }

  /// The text of ASCII bytes, `sizes` many.
  mutating func text(of bytes: UnsafeBufferPointer<UInt8>) -> String {
    guard let start = bytes.baseAddress else { return "" }
    let slot = slot(of: start, bytes.count)
    let isFound = entries[slot].utf8.withContiguousStorageIfAvailable { entry in
      guard entry.count == bytes.count, let other = entry.baseAddress else { return false }
      return JSONBytes.areEqual(start, other, bytes.count)
    }
    if isFound == true { return entries[slot] }
    let text = String(decoding: bytes, as: UTF8.self)
    entries[slot] = text
    return text
  }

  @inline(__always)
  private func slot(of bytes: UnsafePointer<UInt8>, _ count: Int) -> Int {
    let mixed =
      (JSONBytes.load(bytes) &+ UInt64(count)) &* 0x9E37_79B9_7F4A_7C15
      ^ JSONBytes.load(bytes + (count / 2 - 4)) &* 0xC2B2_AE3D_27D4_EB4F
      ^ JSONBytes.load(bytes + (count - 8)) &* 0x1656_67B1_9E37_79F9
    return Int((mixed &* 0x9E37_79B9_7F4A_7C15) >> shift)
  }
}
