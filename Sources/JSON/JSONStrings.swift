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
          throw stopped(at: quote &+ index)
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
      return try plainText(UnsafeBufferPointer(start: start, count: index))
    }
    return try parseSlowly(from: quote, to: index)
  }

  @inline(__always)
  private mutating func plainText(
    _ bytes: UnsafeBufferPointer<UInt8>
  ) throws(JSONError) -> String {
    if bytes.count <= 15 {
      // Such a string is made in place, without a call.
      return String(unsafeUninitializedCapacity: 15) { buffer in
        _ = buffer.update(fromContentsOf: bytes)
        return bytes.count
      }
    }
    if texts.isUsed, JSONTextCache.sizes.contains(bytes.count) { return texts.text(of: bytes) }
    if bytes.count <= Self.longText { return String(decoding: bytes, as: UTF8.self) }
    return try checkedText(bytes, at: position - bytes.count - 1)
  }

  /// Bytes of a string that are copied and checked between two looks.
  private static let longText = 256 << 10

  /// The text of bytes that may be wrong; a long one is put together piece by piece.
  ///
  /// - Throws: when they are no UTF-8, or the parser shall stop; `start` is their place.
  private mutating func checkedText(
    _ bytes: UnsafeBufferPointer<UInt8>, at start: Int
  ) throws(JSONError) -> String {
    guard bytes.count > Self.longText else {
      if let text = String(validating: bytes, as: UTF8.self) { return text }
      throw error("a string is not valid UTF-8", at: start)
    }
    var text = ""
    text.reserveCapacity(bytes.count)
    var from = 0
    while from < bytes.count {
      var to = min(from + Self.longText, bytes.count)
      while to < bytes.count, to > from + 1, bytes[to] & 0xC0 == 0x80 { to -= 1 }
      guard let piece = String(validating: bytes[from..<to], as: UTF8.self) else {
        throw error("a string is not valid UTF-8", at: start)
      }
      text += piece
      guard look?.report(Look.interval, 0) != false else { throw stopped(at: position) }
      from = to
    }
    return text
  }

  /// Reads a string with escapes, with other than ASCII, near the text's end, or that is wrong. The
  /// first `index` bytes hold neither quotes, escapes nor control characters.
  @inline(never)
  private mutating func parseSlowly(from quote: Int, to index: Int) throws(JSONError) -> String {
    var index = quote + 1 + index
    var hasEscape = false
    while index < count {
      let byte = bytes[index]
      if index >= nextLook, !canGoOn(at: index) { throw stopped(at: index) }
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

  private mutating func text(
    in range: Range<Int>, hasEscape: Bool
  ) throws(JSONError) -> String {
    let slice = UnsafeBufferPointer(start: bytes + range.lowerBound, count: range.count)
    if !hasEscape {
      return try checkedText(slice, at: range.lowerBound)
    }
    var decoded: [UInt8] = []
    decoded.reserveCapacity(slice.count)
    var index = range.lowerBound
    var next = index + Self.longText
    while index < range.upperBound {
      if index >= next {
        guard look?.report(Look.interval, 0) != false else { throw stopped(at: index) }
        next = index + Self.longText
      }
      guard bytes[index] == UInt8(ascii: "\\") else {
        decoded.append(bytes[index])
        index += 1
        continue
      }
      index += 1
      try decodeEscape(at: &index, end: range.upperBound, into: &decoded)
    }
    let result = decoded.withUnsafeBufferPointer { buffer in
      Result { () throws(JSONError) in try checkedText(buffer, at: range.lowerBound) }
    }
    return try result.get()
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
