// Reads a list while it arrives: the items of {"kind": …, "items": [ … ]} become values one by one, and
// no more text is held than that of the item under way.
//
// The bytes may be cut anywhere. A scanner finds where items begin and end, by nesting and by quotes
// alone; the parser then reads each item as one text. What stands around the items is kept and read at
// the end, with an empty array in their place. Values and errors, with their places, are those of
// `JSONValue.parse` of the whole text.

/// Reads one JSON text in pieces, its items apart.
public struct JSONListReader: ~Copyable {
  private enum State {
    /// Outside of the items.
    case envelope
    /// After the array's start; its end may follow.
    case beforeFirst
    /// After a comma.
    case beforeItem
    /// Inside of an item with brackets.
    case insideItem
    /// Inside of a number, a word or a string.
    case insideScalar
    /// After an item.
    case afterItem
  }

  /// The items up to now.
  public private(set) var items: [JSONValue] = []

  private var state = State.envelope
  private var text = JSONTextState()
  private var envelope: [UInt8] = []
  private var keys = JSONMemberFinder()
  /// Where parts of the text are missing in the envelope, and the place behind each.
  private var gaps: [(offset: Int, place: JSONPlace)] = []
  /// The beginning of an item whose end has not come.
  private var pending: [UInt8] = []
  private var pendingPlace = JSONPlace()
  /// The place of the next byte to come.
  private var place = JSONPlace()
  private var parser: JSONParser

  /// Makes a reader for a text that begins with the first bytes it gets.
  public init() { parser = JSONParser(textCount: 1 << 20) }

  /// Reads the next bytes.
  ///
  /// - Throws: The first error of the text, as far as it shows in the items. The reader is of no more
  ///   use then.
  public mutating func append(_ bytes: UnsafeBufferPointer<UInt8>) throws(JSONError) {
    var index = 0
    while index < bytes.count {
      switch state {
      case .envelope: scanEnvelope(bytes, &index)
      case .beforeFirst, .beforeItem, .afterItem: try scanBetween(bytes, &index)
      case .insideItem, .insideScalar: try scanItem(bytes, &index, from: index)
      }
    }
    place.advance(over: bytes)
  }

  /// Reads the next bytes, with the same error.
  public mutating func append(_ bytes: ArraySlice<UInt8>) throws(JSONError) {
    let result = bytes.withUnsafeBufferPointer { bytes in
      Result { () throws(JSONError) in try append(bytes) }
    }
    try result.get()
  }

  /// Reads the next bytes, with the same error.
  public mutating func append(_ bytes: [UInt8]) throws(JSONError) { try append(bytes[...]) }

  /// Ends the text and returns the whole value without the items: `items` is an empty array in it, or
  /// whatever the text has there that is no array.
  public consuming func finish() throws(JSONError) -> (envelope: JSONValue, items: [JSONValue]) {
    switch state {
    case .envelope: break
    case .insideItem, .insideScalar:
      let item = pending
      try item.withJSONBytes { bytes throws(JSONError) in try readItem(bytes, at: pendingPlace) }
      throw ended("',' or ']' is missing in an array")
    case .afterItem: throw ended("',' or ']' is missing in an array")
    case .beforeFirst, .beforeItem: throw ended("unexpected end, a value is missing")
    }
    let value = try readEnvelope()
    guard case .array(let unread)? = value[JSONMemberFinder.name] else { return (value, []) }
    return (value, try isLast(ofKeys: value) ? items : unread)
  }

  // MARK: Scanning

  private mutating func scanEnvelope(_ bytes: UnsafeBufferPointer<UInt8>, _ index: inout Int) {
    let start = index
    while index < bytes.count {
      let beginsItems = keys.sees(bytes[index])
      index += 1
      guard beginsItems else { continue }
      envelope.append(contentsOf: UnsafeBufferPointer(rebasing: bytes[start..<index]))
      state = .beforeFirst
      items = []
      return
    }
    envelope.append(contentsOf: UnsafeBufferPointer(rebasing: bytes[start...]))
  }

  private mutating func scanBetween(
    _ bytes: UnsafeBufferPointer<UInt8>, _ index: inout Int
  ) throws(JSONError) {
    let byte = bytes[index]
    switch (byte, state) {
    case (0x20, _), (0x0A, _), (0x0D, _), (0x09, _): index += 1
    case (UInt8(ascii: "]"), .beforeFirst), (UInt8(ascii: "]"), .afterItem):
      gaps.append((envelope.count, place.advanced(over: bytes[..<index])))
      keys.endItems()
      state = .envelope
    case (UInt8(ascii: ","), .afterItem):
      index += 1
      state = .beforeItem
    case (_, .afterItem):
      throw first(
        JSONError("',' or ']' is missing in an array", at: place.advanced(over: bytes[..<index])))
    default:
      text = JSONTextState()
      state = text.begins(with: byte) ? .insideItem : .insideScalar
      let start = index
      index += 1
      try scanItem(bytes, &index, from: start)
    }
  }

  /// Looks for the end of the item under way; `start` is where it begins in these bytes.
  private mutating func scanItem(
    _ bytes: UnsafeBufferPointer<UInt8>, _ index: inout Int, from start: Int
  ) throws(JSONError) {
    let isOver = state == .insideItem ? text.finds(bytes, &index) : text.findsScalar(bytes, &index)
    let part = UnsafeBufferPointer(rebasing: bytes[start..<index])
    guard isOver else {
      if pending.isEmpty { pendingPlace = place.advanced(over: bytes[..<start]) }
      pending.append(contentsOf: part)
      return
    }
    state = .afterItem
    if pending.isEmpty {
      try readItem(part, at: nil, in: bytes, start)
    } else {
      pending.append(contentsOf: part)
      var whole: [UInt8] = []
      swap(&whole, &pending)
      try whole.withJSONBytes { text throws(JSONError) in try readItem(text, at: pendingPlace) }
      // The memory serves the next one.
      whole.removeAll(keepingCapacity: true)
      swap(&whole, &pending)
    }
  }

  // MARK: Reading

  private mutating func readItem(
    _ item: UnsafeBufferPointer<UInt8>, at start: JSONPlace?,
    in bytes: UnsafeBufferPointer<UInt8>? = nil, _ index: Int = 0
  ) throws(JSONError) {
    do {
      items.append(try parser.parse(item, outerDepth: 2))
    } catch {
      let start = start ?? bytes.map { place.advanced(over: $0[..<index]) } ?? place
      throw first(error.moved(to: start))
    }
  }

  private mutating func readEnvelope() throws(JSONError) -> JSONValue {
    let text = envelope
    do {
      return try text.withJSONBytes { bytes throws(JSONError) in try parser.parse(bytes) }
    } catch {
      throw inText(error)
    }
  }

  /// True when the array that was read apart is the one that counts: the key may come again, spelled
  /// with escapes, and was not recognised then.
  private mutating func isLast(ofKeys value: JSONValue) throws(JSONError) -> Bool {
    guard keys.hasEscapes else { return true }
    guard let gap = gaps.last else { return false }
    envelope.insert(UInt8(ascii: "0"), at: gap.offset)
    let zero = try readEnvelope()
    envelope[gap.offset] = UInt8(ascii: "1")
    return try readEnvelope() != zero
  }

  /// The error of the items, or the one in the envelope if that comes before.
  private mutating func first(_ error: JSONError) -> JSONError {
    let text = envelope
    do {
      _ = try text.withJSONBytes { bytes throws(JSONError) in try parser.parse(bytes) }
    } catch let earlier where earlier.offset < text.count {
      return inText(earlier)
    } catch {}
    return error
  }

  /// An error of the envelope, with its place in the text.
  private func inText(_ error: JSONError) -> JSONError {
    guard let gap = gaps.last(where: { $0.offset <= error.offset }) else { return error }
    return envelope.withUnsafeBufferPointer { bytes in
      JSONError(error.message, at: gap.place.advanced(over: bytes[gap.offset..<error.offset]))
    }
  }

  private mutating func ended(_ message: String) -> JSONError {
    first(JSONError(message, at: place))
  }
}

/// A place in a text.
struct JSONPlace {
  var offset = 0
  var line = 1
  var column = 1

  mutating func advance(over bytes: UnsafeBufferPointer<UInt8>) {
    offset += bytes.count
    guard let start = bytes.baseAddress else { return }
    var index = 0
    while index < bytes.count {
      if index &+ 8 <= bytes.count, !JSONBytes.hasLineFeed(JSONBytes.load(start + index)) {
        index &+= 8
        column &+= 8
        continue
      }
      let end = min(index + 8, bytes.count)
      while index < end {
        if bytes[index] == 0x0A {
          line += 1
          column = 1
        } else {
          column += 1
        }
        index += 1
      }
    }
  }

  func advanced(over bytes: UnsafeBufferPointer<UInt8>) -> JSONPlace {
    var place = self
    place.advance(over: bytes)
    return place
  }

  func advanced(over bytes: Slice<UnsafeBufferPointer<UInt8>>) -> JSONPlace {
    advanced(over: UnsafeBufferPointer(rebasing: bytes))
  }
}

extension JSONError {
  init(_ message: String, at place: JSONPlace) {
    self.init(message: message, offset: place.offset, line: place.line, column: place.column)
  }

  /// The error of a text that begins at a place of another.
  fileprivate func moved(to start: JSONPlace) -> JSONError {
    JSONError(
      message: message, offset: start.offset + offset, line: start.line + line - 1,
      column: line == 1 ? start.column + column - 1 : column)
  }
}

extension [UInt8] {
  fileprivate func withJSONBytes<T>(
    _ body: (UnsafeBufferPointer<UInt8>) throws(JSONError) -> T
  ) throws(JSONError) -> T {
    try withUnsafeBufferPointer { bytes in
      Result { () throws(JSONError) in try body(bytes) }
    }.get()
  }
}
