// The JSON parser: strict RFC 8259 over bytes, one pass, no Foundation.
//
// Choices that the RFC leaves open:
// - nesting deeper than 512 is an error (`JSONError.Reason.tooDeep`), never a crash;
// - a key that comes twice keeps its last value, at the place of its first;
// - a lone surrogate (`"\ud800"`) and invalid UTF-8 are errors: nothing is repaired silently;
// - an integer that fits 64 bits is exact, a larger one becomes a double (`-0` is the integer 0);
// - a number beyond a double's range is an error, and so is a byte order mark.

/// Why and where a text is no JSON.
public struct JSONError: Error, Sendable, Hashable, CustomStringConvertible {
  /// What was wrong, in words.
  public let message: String
  /// Number of bytes before the place.
  public let offset: Int
  /// Line of the place, from 1.
  public let line: Int
  /// Column of the place in bytes, from 1.
  public let column: Int

  /// The message with its place.
  public var description: String { "\(message) at line \(line), column \(column)" }
}

extension JSONValue {
  /// The deepest nesting that the parsers accept.
  public static let maximumDepth = 512

  /// Parses one JSON text; white space around it is allowed, anything else after it is an error.
  public static func parse(_ bytes: UnsafeBufferPointer<UInt8>) throws(JSONError) -> JSONValue {
    var parser = JSONParser(bytes)
    return try parser.parse()
  }

  /// Parses one JSON text from bytes.
  public static func parse(_ bytes: some Sequence<UInt8>) throws(JSONError) -> JSONValue {
    let result = bytes.withContiguousStorageIfAvailable { buffer in
      Result { () throws(JSONError) in try parse(buffer) }
    }
    if let result { return try result.get() }
    return try parse(Array(bytes))
  }

  /// Parses one JSON text.
  public static func parse(text: String) throws(JSONError) -> JSONValue {
    try parse(text.utf8)
  }
}

/// One run over one text. Every method consumes what it reads.
struct JSONParser {
  private let bytes: UnsafeBufferPointer<UInt8>
  private var position = 0
  private var depth = 0
  private var keys = KeyCache()

  init(_ bytes: UnsafeBufferPointer<UInt8>) {
    self.bytes = bytes
  }

  mutating func parse() throws(JSONError) -> JSONValue {
    let value = try parseValue()
    skipSpace()
    guard position == bytes.count else { throw error("unexpected text after the value") }
    return value
  }

  private mutating func parseValue() throws(JSONError) -> JSONValue {
    skipSpace()
    guard position < bytes.count else { throw error("unexpected end, a value is missing") }
    switch bytes[position] {
    case UInt8(ascii: "{"): return try parseObject()
    case UInt8(ascii: "["): return try parseArray()
    case UInt8(ascii: "\""):
      let (range, isPlain) = try scanString()
      return .string(try text(in: range, isPlain: isPlain))
    case UInt8(ascii: "t"): return try parseWord("true", .bool(true))
    case UInt8(ascii: "f"): return try parseWord("false", .bool(false))
    case UInt8(ascii: "n"): return try parseWord("null", .null)
    case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return try parseNumber()
    default: throw error("unexpected \(Self.name(of: bytes[position])), a value is missing")
    }
  }

  // MARK: Containers

  private mutating func parseObject() throws(JSONError) -> JSONValue {
    try enter()
    var object = PairCollector()
    skipSpace()
    if take(UInt8(ascii: "}")) { return leave(.object(object.finish())) }
    while true {
      skipSpace()
      guard position < bytes.count, bytes[position] == UInt8(ascii: "\"") else {
        throw error("a key in double quotes is missing")
      }
      let (range, isPlain) = try scanString()
      let key = isPlain ? keys.text(of: bytes[range]) : try text(in: range, isPlain: false)
      skipSpace()
      guard take(UInt8(ascii: ":")) else { throw error("':' is missing after a key") }
      object.add(key, try parseValue())
      skipSpace()
      if take(UInt8(ascii: ",")) { continue }
      guard take(UInt8(ascii: "}")) else { throw error("',' or '}' is missing in an object") }
      return leave(.object(object.finish()))
    }
  }

  private mutating func parseArray() throws(JSONError) -> JSONValue {
    try enter()
    var elements: [JSONValue] = []
    skipSpace()
    if take(UInt8(ascii: "]")) { return leave(.array(elements)) }
    while true {
      elements.append(try parseValue())
      skipSpace()
      if take(UInt8(ascii: ",")) { continue }
      guard take(UInt8(ascii: "]")) else { throw error("',' or ']' is missing in an array") }
      return leave(.array(elements))
    }
  }

  private mutating func enter() throws(JSONError) {
    guard depth < JSONValue.maximumDepth else {
      throw error("nested deeper than \(JSONValue.maximumDepth)")
    }
    depth += 1
    position += 1
  }

  private mutating func leave(_ value: JSONValue) -> JSONValue {
    depth -= 1
    return value
  }

  // MARK: Scalars

  private mutating func parseWord(
    _ word: StaticString, _ value: JSONValue
  ) throws(JSONError) -> JSONValue {
    let end = position + word.utf8CodeUnitCount
    guard end <= bytes.count else { throw error("unexpected word") }
    for index in 0..<word.utf8CodeUnitCount where bytes[position + index] != word.utf8Start[index] {
      throw error("unexpected word")
    }
    position = end
    return value
  }

  private mutating func parseNumber() throws(JSONError) -> JSONValue {
    let start = position
    let isNegative = take(UInt8(ascii: "-"))
    let firstDigit = position
    skipDigits()
    guard position > firstDigit else { throw error("a digit is missing") }
    if bytes[firstDigit] == UInt8(ascii: "0"), position > firstDigit + 1 {
      throw error("a number has a leading zero", at: firstDigit)
    }
    let isInteger = try !skipFraction()
    if isInteger, let value = integer(in: firstDigit..<position, isNegative: isNegative) {
      return .int(value)
    }
    let text = String(decoding: bytes[start..<position], as: UTF8.self)
    guard let value = Double(text), value.isFinite else {
      throw error("the number is out of range", at: start)
    }
    return .double(value)
  }

  /// Consumes a fraction and an exponent; false when there is neither.
  private mutating func skipFraction() throws(JSONError) -> Bool {
    var found = false
    if take(UInt8(ascii: ".")) {
      found = true
      try skipRequiredDigits()
    }
    if take(UInt8(ascii: "e")) || take(UInt8(ascii: "E")) {
      found = true
      if !take(UInt8(ascii: "+")) { _ = take(UInt8(ascii: "-")) }
      try skipRequiredDigits()
    }
    return found
  }

  private mutating func skipRequiredDigits() throws(JSONError) {
    let start = position
    skipDigits()
    guard position > start else { throw error("a digit is missing") }
  }

  private mutating func skipDigits() {
    while position < bytes.count, bytes[position] &- UInt8(ascii: "0") <= 9 { position += 1 }
  }

  private func integer(in digits: Range<Int>, isNegative: Bool) -> Int64? {
    guard digits.count <= 19 else { return nil }
    var value: UInt64 = 0
    for index in digits { value = value &* 10 &+ UInt64(bytes[index] &- UInt8(ascii: "0")) }
    guard isNegative else { return Int64(exactly: value) }
    if value == UInt64(Int64.max) + 1 { return Int64.min }
    return Int64(exactly: value).map { -$0 }
  }

  // MARK: Strings

  /// Finds the end of the string that starts here and consumes it. The range is what lies between
  /// the quotes; `isPlain` says that it is ASCII without escapes.
  private mutating func scanString() throws(JSONError) -> (range: Range<Int>, isPlain: Bool) {
    let quote = position
    var index = position + 1
    var isPlain = true
    while index < bytes.count {
      let byte = bytes[index]
      if byte == UInt8(ascii: "\"") {
        position = index + 1
        return (quote + 1..<index, isPlain)
      }
      if byte < 0x20 { throw error("a control character in a string", at: index) }
      if byte == UInt8(ascii: "\\") {
        isPlain = false
        index += 1
      } else if byte >= 0x80 {
        isPlain = false
      }
      index += 1
    }
    throw error("a string is not closed", at: quote)
  }

  private func text(in range: Range<Int>, isPlain: Bool) throws(JSONError) -> String {
    let slice = UnsafeBufferPointer(rebasing: bytes[range])
    if isPlain { return String(decoding: slice, as: UTF8.self) }
    if !slice.contains(UInt8(ascii: "\\")) {
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

  // MARK: Bytes

  private mutating func skipSpace() {
    while position < bytes.count {
      switch bytes[position] {
      case 0x20, 0x0A, 0x0D, 0x09: position += 1
      default: return
      }
    }
  }

  private mutating func take(_ byte: UInt8) -> Bool {
    guard position < bytes.count, bytes[position] == byte else { return false }
    position += 1
    return true
  }

  @inline(never)
  private func error(_ message: String, at offset: Int? = nil) -> JSONError {
    let offset = min(offset ?? position, bytes.count)
    let before = bytes[..<offset]
    let line = before.count { $0 == 0x0A } + 1
    let lineStart = before.lastIndex(of: 0x0A).map { $0 + 1 } ?? 0
    return JSONError(message: message, offset: offset, line: line, column: offset - lineStart + 1)
  }

  private static func name(of byte: UInt8) -> String {
    (0x21...0x7E).contains(byte)
      ? "'\(Unicode.Scalar(byte))'" : "byte 0x\(String(byte, radix: 16, uppercase: true))"
  }
}

/// Collects an object's pairs. Few keys are searched one by one, many by a dictionary, so that a
/// large object costs no quadratic time.
struct PairCollector {
  private var keys: [String] = []
  private var values: [JSONValue] = []
  private var places: [String: Int] = [:]
  private static let linearLimit = 24

  /// Adds a pair, or replaces the value of a key that is there; false when it was there.
  @discardableResult
  mutating func add(_ key: String, _ value: JSONValue) -> Bool {
    if let place = place(of: key) {
      values[place] = value
      return false
    }
    keys.append(key)
    values.append(value)
    if keys.count > Self.linearLimit { index() }
    return true
  }

  func contains(_ key: String) -> Bool { place(of: key) != nil }

  func finish() -> JSONObject { JSONObject(uniqueKeys: keys, values: values) }

  private func place(of key: String) -> Int? {
    keys.count > Self.linearLimit ? places[key] : keys.firstIndex(of: key)
  }

  private mutating func index() {
    for place in places.count..<keys.count { places[keys[place]] = place }
  }
}

/// Keeps the long keys that were read lately, so that equal ones share their storage. Keys up to 15
/// bytes need no storage at all.
struct KeyCache {
  private var entries = [String](repeating: "", count: 256)

  mutating func text(of bytes: Slice<UnsafeBufferPointer<UInt8>>) -> String {
    guard bytes.count > 15 else { return String(decoding: bytes, as: UTF8.self) }
    let slot = Self.slot(of: bytes)
    let entry = entries[slot]
    if entry.utf8.count == bytes.count, entry.utf8.elementsEqual(bytes) { return entry }
    let text = String(decoding: bytes, as: UTF8.self)
    entries[slot] = text
    return text
  }

  private static func slot(of bytes: Slice<UnsafeBufferPointer<UInt8>>) -> Int {
    let start = bytes.startIndex
    let end = bytes.endIndex
    let middle = start + bytes.count / 2
    let mixed =
      bytes.count &* 31 &+ Int(bytes[start]) &* 7 &+ Int(bytes[middle]) &* 131
      &+ Int(bytes[end - 1]) &* 17 &+ Int(bytes[end - 5]) &* 37
    return mixed & 255
  }
}
