// Eight bytes at a time: what the JSON parser does to find a string's end and to compare texts.

/// Loads and tests of eight bytes, the first in the lowest bits.
enum JSONBytes {
  private static let ones: UInt64 = 0x0101_0101_0101_0101
  private static let highs: UInt64 = 0x8080_8080_8080_8080

  @inline(__always)
  static func load(_ bytes: UnsafePointer<UInt8>) -> UInt64 {
    UInt64(littleEndian: UnsafeRawPointer(bytes).loadUnaligned(as: UInt64.self))
  }

  /// A set bit in the high bit of the first byte that is a quote, a backslash or a control character;
  /// bits above it mean nothing, 0 means that there is none.
  @inline(__always)
  static func stops(in word: UInt64) -> UInt64 {
    let quotes = word ^ (ones &* UInt64(UInt8(ascii: "\"")))
    let backslashes = word ^ (ones &* UInt64(UInt8(ascii: "\\")))
    let found =
      ((quotes &- ones) & ~quotes) | ((backslashes &- ones) & ~backslashes)
      | ((word &- ones &* 0x20) & ~word)
    return found & highs
  }

  /// True when one of the first `count` bytes is no ASCII.
  @inline(__always)
  static func hasHigh(_ word: UInt64, first count: Int) -> Bool {
    word & highs & ((1 << UInt64(truncatingIfNeeded: count &* 8)) &- 1) != 0
  }

  @inline(__always)
  static func hasHigh(_ word: UInt64) -> Bool { word & highs != 0 }

  @inline(__always)
  static func hasLineFeed(_ word: UInt64) -> Bool {
    let feeds = word ^ (ones &* 0x0A)
    return (feeds &- ones) & ~feeds & highs != 0
  }

  /// Compares two texts of the same length without looking beyond them.
  @inline(__always)
  static func areEqual(
    _ left: UnsafePointer<UInt8>, _ right: UnsafePointer<UInt8>, _ count: Int
  ) -> Bool {
    if count >= 8 {
      var index = 0
      while index &+ 8 < count {
        guard load(left + index) == load(right + index) else { return false }
        index &+= 8
      }
      return load(left + (count &- 8)) == load(right + (count &- 8))
    }
    var index = 0
    while index < count {
      guard left[index] == right[index] else { return false }
      index &+= 1
    }
    return true
  }
}
