// The JSON parser: strict RFC 8259 over bytes, one pass, no Foundation.
//
// Choices that the RFC leaves open:
// - nesting deeper than 512 is an error (`JSONError.Reason.tooDeep`), never a crash;
// - a key that comes twice keeps its last value, at the place of its first;
// - a lone surrogate (`"\ud800"`) and invalid UTF-8 are errors: nothing is repaired silently;
// - an integer that fits 64 bits is exact, a larger one becomes a double (`-0` is the integer 0);
// - a number beyond a double's range is an error, one of more than 4096 digits too, and so is a byte
//   order mark.

import Synchronization

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
  ///
  /// - Parameter look: is told how far the parser has come; see `Look`.
  public static func parse(
    _ bytes: UnsafeBufferPointer<UInt8>, look: Look? = nil
  ) throws(JSONError) -> JSONValue {
    var parser = JSONParser.take(for: bytes.count)
    do throws(JSONError) {
      let value = try parser.parse(bytes, look: look)
      parser.giveBack()
      return value
    } catch {
      // What was read by then may be much.
      if error.offset > Disposal.leastBytes { Disposal.beside(parser) }
      throw error
    }
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

/// Reads texts, one after another; later ones profit from the keys of the earlier. Every method
/// consumes what it reads.
///
/// A value that was read lies on a stack until its container ends: then the container's elements are
/// moved from there into an array of exactly their number.
///
/// `@unchecked Sendable`: it owns its memory alone, and as it cannot be copied, only one thread has it.
struct JSONParser: ~Copyable, @unchecked Sendable {
  var bytes: UnsafePointer<UInt8>
  var count = 0
  var position = 0
  private var depth = 0
  private var stack: JSONValueStack
  private var shapes: JSONKeyShapes
  private var values: JSONValueCache
  var texts: JSONTextCache
  /// What is told how far the parser has come.
  private(set) var look: Look?
  /// Where the next look is due.
  var nextLook = Int.max
  /// Values since the last look.
  private var seen = 0

  /// Makes a parser for texts of about that many bytes; 0 for small ones, in which nothing is shared
  /// but keys.
  init(textCount: Int) {
    bytes = UnsafePointer(Self.nothing)
    stack = JSONValueStack()
    shapes = JSONKeyShapes()
    values = JSONValueCache(textCount: textCount)
    texts = JSONTextCache(textCount: textCount)
  }

  /// A parser that has seen keys before.
  private static let spare = Mutex<JSONParser?>(nil)
  /// Larger texts get a parser of their own, with tables of what they have in common.
  private static let spareLimit = 16 * 1024

  /// A parser for one text.
  static func take(for textCount: Int) -> JSONParser {
    guard textCount <= spareLimit else { return JSONParser(textCount: textCount) }
    if let parser = spare.withLock({ $0.take() }) { return parser }
    return JSONParser(textCount: 0)
  }

  /// Keeps the parser for the next small text. It holds nothing of this one but keys.
  consuming func giveBack() {
    guard count <= Self.spareLimit, shapes.isSmall else { return }
    look = nil
    var parser = Optional(self)
    Self.spare.withLock { spare in
      if spare == nil { spare = parser.take() }
    }
  }

  /// What an empty text points at; nobody reads or writes it.
  nonisolated(unsafe) private static let nothing: UnsafeMutablePointer<UInt8> = {
    let pointer = UnsafeMutablePointer<UInt8>.allocate(capacity: 1)
    pointer.initialize(to: 0)
    return pointer
  }()

  /// Reads one whole text.
  mutating func parse(
    _ text: UnsafeBufferPointer<UInt8>, look: Look? = nil
  ) throws(JSONError) -> JSONValue {
    begin(text, depth: 0, look)
    try parseValue(at: JSONKeyShapes.document)
    skipSpace()
    guard position == count else { throw error("unexpected text after the value") }
    guard look == nil || canGoOn(at: position) else { throw stopped(at: position) }
    return stack.pop()
  }

  /// Tells how far the parser has come; false when it shall stop.
  @inline(never)
  mutating func canGoOn(at place: Int) -> Bool {
    let bytes = place - nextLook + Look.interval
    nextLook = place + Look.interval
    defer { seen = 0 }
    return look?.report(bytes, seen) ?? true
  }

  /// Reads one item of an array that stands so deep in another text.
  mutating func parse(
    _ item: UnsafeBufferPointer<UInt8>, outerDepth: Int
  ) throws(JSONError) -> JSONValue {
    begin(item, depth: outerDepth)
    try parseValue(at: JSONKeyShapes.document)
    guard position == count else { throw error("',' or ']' is missing in an array") }
    return stack.pop()
  }

  private mutating func begin(
    _ text: UnsafeBufferPointer<UInt8>, depth: Int, _ look: Look? = nil
  ) {
    self.look = look
    nextLook = look == nil ? Int.max : Look.interval
    seen = 0
    bytes = text.baseAddress ?? UnsafePointer(Self.nothing)
    count = text.count
    position = 0
    self.depth = depth
    stack.removeAll()
  }

  private mutating func parseValue(at place: JSONKeyShapes.Index) throws(JSONError) {
    skipSpace()
    seen &+= 1
    if position >= nextLook, !canGoOn(at: position) { throw stopped(at: position) }
    guard position < count else { throw error("unexpected end, a value is missing") }
    switch bytes[position] {
    case UInt8(ascii: "\""): stack.push(.string(try parseString()))
    case UInt8(ascii: "{"): try parseObject(at: place)
    case UInt8(ascii: "["): try parseArray(at: place)
    case UInt8(ascii: "t"): try parseWord("true", .bool(true))
    case UInt8(ascii: "f"): try parseWord("false", .bool(false))
    case UInt8(ascii: "n"): try parseWord("null", .null)
    case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): stack.push(try parseNumber())
    default: throw error("unexpected \(Self.name(of: bytes[position])), a value is missing")
    }
  }

  // MARK: Containers

  private mutating func parseObject(at place: JSONKeyShapes.Index) throws(JSONError) {
    try enter()
    skipSpace()
    if take(UInt8(ascii: "}")) {
      depth -= 1
      stack.push(.object(JSONObject()))
      return
    }
    let base = stack.count
    guard var node = shapes.start(at: place) else {
      return try parseMembers(after: [], base: base)
    }
    while true {
      skipSpace()
      guard take(UInt8(ascii: "\"")) else { throw error("a key in double quotes is missing") }
      if let next = shapes.next(after: node, at: bytes + position, count: count - position) {
        node = next.node
        position += next.keyCount + 1
      } else {
        let start = position
        position -= 1
        let key = try parseString()
        let raw = UnsafeBufferPointer(start: bytes + start, count: position - 1 - start)
        guard let next = shapes.add(key, raw: raw, after: node) else {
          // Back to the key: the other way reads it again.
          position = start - 1
          let keys = stack.count == base ? [] : shapes.keys(to: node)
          return try parseMembers(after: keys, base: base)
        }
        node = next
      }
      skipSpace()
      guard take(UInt8(ascii: ":")) else { throw error("':' is missing after a key") }
      try parseValue(at: node)
      skipSpace()
      if take(UInt8(ascii: ",")) { continue }
      guard take(UInt8(ascii: "}")) else { throw error("',' or '}' is missing in an object") }
      depth -= 1
      let members = stack.pop(from: base, with: &values)
      stack.push(.object(JSONObject(uniqueKeys: shapes.keys(to: node), values: members)))
      return
    }
  }

  /// Reads the rest of an object whose keys are not worth remembering.
  private mutating func parseMembers(after keys: [String], base: Int) throws(JSONError) {
    var object = PairCollector(uniqueKeys: keys, values: stack.pop(from: base, with: &values))
    do throws(JSONError) {
      try parseMembers(into: &object)
    } catch {
      // It is freed with everything else that was read.
      stack.push(.object(object.finish()))
      throw error
    }
    depth -= 1
    stack.push(.object(object.finish()))
  }

  private mutating func parseMembers(into object: inout PairCollector) throws(JSONError) {
    while true {
      skipSpace()
      guard position < count, bytes[position] == UInt8(ascii: "\"") else {
        throw error("a key in double quotes is missing")
      }
      let key = try parseString()
      skipSpace()
      guard take(UInt8(ascii: ":")) else { throw error("':' is missing after a key") }
      try parseValue(at: JSONKeyShapes.elsewhere)
      object.add(key, stack.pop())
      skipSpace()
      if take(UInt8(ascii: ",")) { continue }
      guard take(UInt8(ascii: "}")) else { throw error("',' or '}' is missing in an object") }
      return
    }
  }

  private mutating func parseArray(at place: JSONKeyShapes.Index) throws(JSONError) {
    try enter()
    skipSpace()
    if take(UInt8(ascii: "]")) {
      depth -= 1
      stack.push(.array([]))
      return
    }
    let base = stack.count
    while true {
      try parseValue(at: place)
      skipSpace()
      if take(UInt8(ascii: ",")) { continue }
      guard take(UInt8(ascii: "]")) else { throw error("',' or ']' is missing in an array") }
      depth -= 1
      guard stack.count - base > Self.manyValues else {
        stack.push(.array(stack.pop(from: base, with: &values)))
        return
      }
      return try endLongArray(from: base)
    }
  }

  /// Values that are moved between two looks.
  private static let manyValues = 16 << 10

  /// Makes the array of many values, piece by piece.
  @inline(never)
  private mutating func endLongArray(from base: Int) throws(JSONError) {
    let look = look
    let array = stack.pop(from: base, pieces: Self.manyValues) {
      look?.report(Look.interval, 0) != false
    }
    guard let array else { throw stopped(at: position) }
    stack.push(.array(array))
  }

  private mutating func enter() throws(JSONError) {
    guard depth < JSONValue.maximumDepth else {
      throw error("nested deeper than \(JSONValue.maximumDepth)")
    }
    depth += 1
    position += 1
  }

  // MARK: Scalars

  private mutating func parseWord(
    _ word: StaticString, _ value: JSONValue
  ) throws(JSONError) {
    let end = position + word.utf8CodeUnitCount
    guard end <= count else { throw error("unexpected word") }
    for index in 0..<word.utf8CodeUnitCount where bytes[position + index] != word.utf8Start[index] {
      throw error("unexpected word")
    }
    position = end
    stack.push(value)
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
    // Reading more digits than any double needs would take long.
    guard position - start <= Self.longestNumber else {
      throw error("the number has too many digits", at: start)
    }
    let digits = UnsafeBufferPointer(start: bytes + start, count: position - start)
    guard let value = Double(String(decoding: digits, as: UTF8.self)), value.isFinite else {
      throw error("the number is out of range", at: start)
    }
    return .double(value)
  }

  /// Bytes of a number that is no plain 64-bit integer.
  private static let longestNumber = 4096

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
    while position < count, bytes[position] &- UInt8(ascii: "0") <= 9 { position += 1 }
  }

  private func integer(in digits: Range<Int>, isNegative: Bool) -> Int64? {
    guard digits.count <= 19 else { return nil }
    var value: UInt64 = 0
    for index in digits { value = value &* 10 &+ UInt64(bytes[index] &- UInt8(ascii: "0")) }
    guard isNegative else { return Int64(exactly: value) }
    if value == UInt64(Int64.max) + 1 { return Int64.min }
    return Int64(exactly: value).map { -$0 }
  }

  // MARK: Bytes

  @inline(__always)
  private mutating func skipSpace() {
    guard position < count, bytes[position] <= 0x20 else { return }
    skipSomeSpace()
  }

  private mutating func skipSomeSpace() {
    while position < count {
      switch bytes[position] {
      case 0x20, 0x0A, 0x0D, 0x09:
        position += 1
        // What is left of the space is no value: the parser stops there.
        if position >= nextLook, !canGoOn(at: position) { return }
      default: return
      }
    }
  }

  @inline(__always)
  private mutating func take(_ byte: UInt8) -> Bool {
    guard position < count, bytes[position] == byte else { return false }
    position += 1
    return true
  }

  /// The error of a parser that was told to stop. Nobody asks for its place, so the lines before it are
  /// not counted.
  func stopped(at offset: Int) -> JSONError {
    JSONError(message: "stopped", offset: offset, line: 0, column: 0)
  }

  @inline(never)
  func error(_ message: String, at offset: Int? = nil) -> JSONError {
    let offset = min(offset ?? position, count)
    let place = TextPlace(of: offset, in: UnsafeBufferPointer(start: bytes, count: count))
    return JSONError(
      message: message, offset: offset, line: place.line, column: offset - place.lineStart + 1)
  }

  private static func name(of byte: UInt8) -> String {
    (0x21...0x7E).contains(byte)
      ? "'\(Unicode.Scalar(byte))'" : "byte 0x\(String(byte, radix: 16, uppercase: true))"
  }
}

/// Collects an object's pairs. Few keys are searched one by one, many by a dictionary, so that a
/// large object costs no quadratic time.
struct PairCollector {
  private var keys: [String]
  private var values: [JSONValue]
  private var places: [String: Int] = [:]
  private static let linearLimit = 24

  /// Begins with pairs whose keys are known to be unique.
  init(uniqueKeys keys: [String] = [], values: [JSONValue] = []) {
    self.keys = keys
    self.values = values
    if keys.count > Self.linearLimit { index() }
  }

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
