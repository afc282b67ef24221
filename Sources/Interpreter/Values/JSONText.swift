// Values as JSON text, written straight from the heap: no tree of JSON data is made in between.

import JSON

extension Value {
  /// Appends the value as JSON; `indent` is the number of spaces per level, nil writes one line.
  ///
  /// - Throws: when something in it is no data (a function, a cluster, a float that is not finite), when it
  ///   is nested more than 500 levels deep, cycles included, or when the run must stop.
  public func writeJSON(
    to buffer: TextBuffer, _ heap: Heap, indent: Int? = nil
  ) throws(ScriptError) {
    try JSONTextWriter(buffer: buffer, heap: heap, indent: indent).write(self, level: 0)
  }
}

/// Writes values as `JSONValue.bytes` writes the same data.
private struct JSONTextWriter {
  let buffer: TextBuffer
  let heap: Heap
  let indent: Int?

  func write(_ value: Value, level: Int) throws(ScriptError) {
    if level > 500 { throw .value("the value is nested too deeply, or contains itself") }
    try heap.charge()
    switch value.tag {
    case .undefined, .null: try buffer.append("null")
    case .bool: try buffer.append(value.asBool ? "true" : "false")
    case .int: try buffer.append(String(value.asInt))
    case .float:
      guard value.asDouble.isFinite else {
        throw .value("JSON has no \(Notation.text(value.asDouble))")
      }
      try buffer.append(JSONValue.double(value.asDouble).text())
    case .duration:
      try buffer.append("\"\(Notation.text(nanoseconds: value.asInt))\"")
    case .string: try write(value.asString)
    case .list: try write(value.asList, level)
    case .map: try write(value.asMap, level)
    default: throw .value("\(ScriptError.article(value.typeName)) is no data and has no JSON")
    }
  }

  private func write(_ list: ListReference, _ level: Int) throws(ScriptError) {
    try buffer.append("[")
    for index in 0..<list.count {
      if index > 0 { try buffer.append(",") }
      try breakLine(level + 1)
      try write(list[item: index], level: level + 1)
    }
    if list.count > 0 { try breakLine(level) }
    try buffer.append("]")
  }

  private func write(_ map: MapReference, _ level: Int) throws(ScriptError) {
    try buffer.append("{")
    var position = 0
    var isFirst = true
    while let pair = map.next(position) {
      if !isFirst { try buffer.append(",") }
      isFirst = false
      try breakLine(level + 1)
      try write(pair.key)
      try buffer.append(indent == nil ? ":" : ": ")
      try write(pair.value, level: level + 1)
      position = pair.next
    }
    if map.count > 0 { try breakLine(level) }
    try buffer.append("}")
  }

  private func breakLine(_ level: Int) throws(ScriptError) {
    guard let indent else { return }
    try buffer.append("\n")
    for _ in 0..<indent * level { try buffer.append(UInt8(ascii: " ")) }
  }

  /// Bytes that are escaped at once.
  private static let piece = 4096

  private func write(_ string: StringReference) throws(ScriptError) {
    let utf8 = string.utf8
    try buffer.append(UInt8(ascii: "\""))
    var start = 0
    // What needs an escape is one byte, so a piece may end anywhere that is no middle of a scalar.
    while start < utf8.count {
      var end = min(start + Self.piece, utf8.count)
      while end < utf8.count, utf8[end] & 0xC0 == 0x80 { end -= 1 }
      try writeEscaped(UnsafeBufferPointer(rebasing: utf8[start..<end]))
      start = end
    }
    try buffer.append(UInt8(ascii: "\""))
  }

  private func writeEscaped(_ piece: UnsafeBufferPointer<UInt8>) throws(ScriptError) {
    let isPlain = piece.allSatisfy { $0 >= 0x20 && $0 != 0x22 && $0 != 0x5C }
    if isPlain { return try buffer.append(piece) }
    let escaped = JSONValue.escaped(String(decoding: piece, as: UTF8.self))
    let result = escaped.withUnsafeBufferPointer { bytes in
      Result { () throws(ScriptError) in try buffer.append(bytes) }
    }
    try result.get()
  }
}
