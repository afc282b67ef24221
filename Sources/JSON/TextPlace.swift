// Where in a text a byte is, for errors: texts may be long, so lines are counted many bytes at a time.

/// The line of a byte.
struct TextPlace {
  /// From 1.
  let line: Int
  /// Offset of the line's first byte.
  let lineStart: Int

  /// Finds the line of an offset that is not behind the text's end.
  init(of offset: Int, in bytes: UnsafeBufferPointer<UInt8>) {
    let before = UnsafeBufferPointer(rebasing: bytes[..<offset])
    var breaks = 0
    // Without a branch, so that the compiler compares many bytes at once.
    for byte in before { breaks &+= byte == 0x0A ? 1 : 0 }
    line = breaks + 1
    guard breaks > 0 else {
      lineStart = 0
      return
    }
    lineStart = before.lastIndex(of: 0x0A).map { $0 + 1 } ?? 0
  }

  /// Scalars of UTF-8 from the line's start up to an offset.
  func scalars(upTo offset: Int, in bytes: UnsafeBufferPointer<UInt8>) -> Int {
    var count = 0
    for byte in bytes[lineStart..<offset] { count &+= byte & 0xC0 != 0x80 ? 1 : 0 }
    return count
  }
}
