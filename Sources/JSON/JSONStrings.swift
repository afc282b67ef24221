// The strings of a JSON text.

extension JSONParser {
  /// Reads the string whose opening quote is next.
  mutating func parseString() throws(JSONError) -> String {
    let quote = position
    let start = bytes + (quote &+ 1)
    let limit = count &- quote &- 1
    var index = 0
    var hasHigh = false
    while index &+ 8 <= limit {
      let word = JSONBytes.load(start + index)
      let stops = JSONBytes.stops(in: word)
      if stops == 0 {
        if quote &+ index >= nextLook, !canGoOn(at: quote &+ index) {
          throw error("stopped", at: quote)
        }
        hasHigh = hasHigh || JSONBytes.hasHigh(word)
        index &+= 8
        continue
      }
      let distance = stops.trailingZeroBitCount &>> 3
      hasHigh = hasHigh || JSONBytes.hasHigh(word, first: distance)
      index &+= distance
      guard !hasHigh, start[index] == UInt8(ascii: "\"") else {
        return try parseSlowly(from: quote, to: index)
      }
      position = quote &+ index &+ 2
      return plainText(UnsafeBufferPointer(start: start, count: index))
    }
    return try parseSlowly(from: quote, to: index)
  }

  @inline(__always)
  private mutating func plainText(_ bytes: UnsafeBufferPointer<UInt8>) -> String {
    if bytes.count <= 15 {
      // Such a string is made in place, without a call.
      return String(unsafeUninitializedCapacity: 15) { buffer in
        _ = buffer.update(fromContentsOf: bytes)
        return bytes.count
      }
    }
    if texts.isUsed, JSONTextCache.sizes.contains(bytes.count) { return texts.text(of: bytes) }
    return String(decoding: bytes, as: UTF8.self)
  }

  /// Reads a string with escapes, with other than ASCII, near the text's end, or that is wrong. The
  /// first `index` bytes hold neither quotes, escapes nor control characters.
  @inline(never)
  private mutating func parseSlowly(from quote: Int, to index: Int) throws(JSONError) -> String {
    var index = quote + 1 + index
    var hasEscape = false
    while index < count {
      let byte = bytes[index]
      if index >= nextLook, !canGoOn(at: index) { throw error("stopped", at: quote) }
      if byte == UInt8(ascii: "\"") {
        position = index + 1
        return try text(in: quote + 1..<index, hasEscape: hasEscape)
      }
      if byte < 0x20 { throw error("a control character in a string", at: index) }
      if byte == UInt8(ascii: "\\") {
        hasEscape = true
        index += 1
      }
      index += 1
    }
    throw error("a string is not closed", at: quote)
  }

  private func text(in range: Range<Int>, hasEscape: Bool) throws(JSONError) -> String {
    let slice = UnsafeBufferPointer(start: bytes + range.lowerBound, count: range.count)
    if !hasEscape {
      guard let text = String(validating: slice, as: UTF8.self) else {
        throw error("a string is not valid UTF-8", at: range.lowerBound)
      }
      return text
    }
    var decoded: [UInt8] = []
    decoded.reserveCapacity(slice.count)
    var index = range.lowerBound
    while index < range.upperBound {
      guard bytes[index] == UInt8(ascii: "\\") else {
        decoded.append(bytes[index])
        index += 1
        continue
      }
      index += 1
      try decodeEscape(at: &index, end: range.upperBound, into: &decoded)
    }
    guard let text = String(validating: decoded, as: UTF8.self) else {
      throw error("a string is not valid UTF-8", at: range.lowerBound)
    }
    return text
  }

  /// Decodes what follows a backslash.
  private func decodeEscape(
    at index: inout Int, end: Int, into decoded: inout [UInt8]
  ) throws(JSONError) {
    let letter = bytes[index]
    index += 1
    switch letter {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): decoded.append(letter)
    case UInt8(ascii: "b"): decoded.append(0x08)
    case UInt8(ascii: "f"): decoded.append(0x0C)
    case UInt8(ascii: "n"): decoded.append(0x0A)
    case UInt8(ascii: "r"): decoded.append(0x0D)
    case UInt8(ascii: "t"): decoded.append(0x09)
    case UInt8(ascii: "u"):
      let scalar = try decodeUnicodeEscape(at: &index, end: end)
      decoded.append(contentsOf: String(Character(scalar)).utf8)
    default: throw error("an unknown escape in a string", at: index - 2)
    }
  }

  private func decodeUnicodeEscape(
    at index: inout Int, end: Int
  ) throws(JSONError) -> Unicode.Scalar {
    let start = index - 2
    let first = try hexadecimal(at: &index, end: end)
    if let scalar = Unicode.Scalar(first) { return scalar }
    guard first < 0xDC00, index + 2 <= end, bytes[index] == UInt8(ascii: "\\"),
      bytes[index + 1] == UInt8(ascii: "u")
    else { throw error("a lone surrogate in a string", at: start) }
    index += 2
    let second = try hexadecimal(at: &index, end: end)
    guard (0xDC00...0xDFFF).contains(second),
      let scalar = Unicode.Scalar(0x10000 + (first - 0xD800) << 10 + (second - 0xDC00))
    else { throw error("a lone surrogate in a string", at: start) }
    return scalar
  }

  private func hexadecimal(at index: inout Int, end: Int) throws(JSONError) -> UInt32 {
    guard index + 4 <= end else { throw error("\\u needs four digits", at: index) }
    var value: UInt32 = 0
    for _ in 0..<4 {
      guard let digit = Self.hexadecimalDigit(bytes[index]) else {
        throw error("\\u needs four hexadecimal digits", at: index)
      }
      value = value << 4 | digit
      index += 1
    }
    return value
  }

  private static func hexadecimalDigit(_ byte: UInt8) -> UInt32? {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt32(byte - UInt8(ascii: "0"))
    case UInt8(ascii: "a")...UInt8(ascii: "f"): UInt32(byte - UInt8(ascii: "a")) + 10
    case UInt8(ascii: "A")...UInt8(ascii: "F"): UInt32(byte - UInt8(ascii: "A")) + 10
    default: nil
    }
  }
}
