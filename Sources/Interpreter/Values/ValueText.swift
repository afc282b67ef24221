// How values read: what `print`, `str` and interpolation write.

extension Value {
  /// Appends the text that `print` writes: strings plain, but quoted and escaped inside a list or map.
  ///
  /// - Throws: when the value is nested too deeply, or the run must stop.
  public func write(to buffer: TextBuffer, _ heap: Heap) throws(ScriptError) {
    if tag == .string { return try buffer.append(asString) }
    var writer = ValueWriter(buffer: buffer, heap: heap)
    try writer.write(self, depth: 0)
  }

  /// The text that `print` writes.
  ///
  /// - Throws: when the value is nested too deeply, or the run must stop.
  public func text(_ heap: Heap) throws(ScriptError) -> String {
    if tag == .string { return try asString.text(heap) }
    heap.text.begin()
    try write(to: heap.text, heap)
    return String(decoding: heap.text.utf8, as: UTF8.self)
  }

  /// The beginning of the value's text as it stands inside a collection, strings quoted.
  ///
  /// - Parameter room: bytes after which the rest is left out.
  func quotedText(_ heap: Heap, room: Int) throws(ScriptError) -> String {
    heap.text.begin()
    var writer = ValueWriter(buffer: heap.text, heap: heap, room: room)
    try writer.write(self, depth: 0)
    return String(decoding: heap.text.utf8, as: UTF8.self)
  }
}

/// Writes values as scripts would write them. A list or map inside itself is written `[...]`, `{...}`.
struct ValueWriter {
  let buffer: TextBuffer
  let heap: Heap
  /// Nothing begins after so many bytes.
  let room: Int
  /// The lists and maps around what is being written.
  private var open: [UInt64] = []

  init(buffer: TextBuffer, heap: Heap, room: Int = .max) {
    self.buffer = buffer
    self.heap = heap
    self.room = room
  }

  mutating func write(_ value: Value, depth: Int) throws(ScriptError) {
    if depth > 500 { throw .value("the value is nested too deeply to be printed") }
    guard buffer.count < room else { return }
    try heap.charge()
    switch value.tag {
    case .undefined, .null, .box: try buffer.append("null")
    case .bool: try buffer.append(value.asBool ? "true" : "false")
    case .int: try buffer.append(String(value.asInt))
    case .float: try buffer.append(Notation.text(value.asDouble))
    case .duration: try buffer.append(Notation.text(nanoseconds: value.asInt))
    case .string: try writeQuoted(value.asString)
    case .native: try buffer.append("<function>")
    case .closure:
      let prototype = value.asClosure.pointee.body.pointee.owner.takeUnretainedValue()
      try buffer.append("<fn \(prototype.name)>")
    case .list, .map: try writeCollection(value, depth)
    case .range:
      let (start, end, isClosed) = value.rangeBounds
      try buffer.append("\(start)\(isClosed ? "..." : "..<")\(end)")
    case .link: try write(value.asLink, depth)
    case .error: try buffer.append("error: \(value.asError.message)")
    case .host: try buffer.append(value.asHost.description)
    }
  }

  private mutating func writeCollection(_ value: Value, _ depth: Int) throws(ScriptError) {
    if open.contains(value.bits) {
      return try buffer.append(value.tag == .list ? "[...]" : "{...}")
    }
    open.append(value.bits)
    if value.tag == .list {
      try write(value.asList, depth)
    } else {
      try write(value.asMap, depth)
    }
    open.removeLast()
  }

  private mutating func write(_ list: ListReference, _ depth: Int) throws(ScriptError) {
    try buffer.append("[")
    for index in 0..<list.count where buffer.count < room {
      if index > 0 { try buffer.append(", ") }
      try write(list[item: index], depth: depth + 1)
    }
    try buffer.append("]")
  }

  private mutating func write(_ map: MapReference, _ depth: Int) throws(ScriptError) {
    try buffer.append("{")
    var position = 0
    var isFirst = true
    while buffer.count < room, let pair = map.next(position) {
      if !isFirst { try buffer.append(", ") }
      isFirst = false
      try writeKey(pair.key)
      try buffer.append(": ")
      try write(pair.value, depth: depth + 1)
      position = pair.next
    }
    try buffer.append("}")
  }

  private mutating func write(
    _ link: UnsafeMutablePointer<LinkObject>, _ depth: Int
  ) throws(ScriptError) {
    try buffer.append("link(")
    for index in 0..<link.pointee.count where buffer.count < room {
      if index > 0 { try buffer.append(", ") }
      try write(link.ends[2 * index], depth: depth + 1)
      try buffer.append(" -> ")
      try write(link.ends[2 * index + 1], depth: depth + 1)
    }
    try buffer.append(")")
  }

  // MARK: Strings

  /// Bytes that are escaped at once; a longer key is written in quotes without a look at its letters.
  private static let piece = 4096

  private func writeKey(_ key: StringReference) throws(ScriptError) {
    guard key.pointee.byteCount <= Self.piece else { return try writeQuoted(key) }
    try buffer.append(Notation.key(key.text))
  }

  private func writeQuoted(_ string: StringReference) throws(ScriptError) {
    let utf8 = string.utf8
    try buffer.append(UInt8(ascii: "\""))
    var start = 0
    while start < utf8.count, buffer.count < room {
      let end = pieceEnd(utf8, start)
      let piece = String(decoding: utf8[start..<end], as: UTF8.self)
      try buffer.append(Notation.escaped(piece))
      try heap.charge((end - start) / 8)
      start = end
    }
    try buffer.append(UInt8(ascii: "\""))
  }

  /// Where a piece ends: between two scalars, and not between a `$` and its brace.
  private func pieceEnd(_ utf8: UnsafeBufferPointer<UInt8>, _ start: Int) -> Int {
    var end = start + Self.piece
    guard end < utf8.count else { return utf8.count }
    while utf8[end] & 0xC0 == 0x80 { end -= 1 }
    return utf8[end - 1] == UInt8(ascii: "$") ? end - 1 : end
  }
}
