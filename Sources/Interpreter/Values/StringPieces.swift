// Strings taken apart and put together: splitting, joining, replacing.
//
// The loops stand here, beside the heap, and not in the library: they run once for each piece.

extension UnsafeMutablePointer where Pointee == StringObject {
  /// The bytes from `start` up to `end`, which are whole scalars, as a string of its own.
  ///
  /// - Throws: when the run passes its memory or must stop.
  @inline(__always)
  public func piece(
    _ start: Int, _ end: Int, _ heap: Heap
  ) throws(ScriptError) -> StringReference {
    let from = bytes + start
    let size = end &- start
    if size > Heap.workPiece {
      return try heap.makeText(UnsafeBufferPointer(start: from, count: size))
    }
    return heap.makeString(byteCount: size, isASCII: pointee.isASCII) {
      $0.update(from: from, count: size)
    }
  }

  /// The pieces between separators, which are not empty.
  ///
  /// - Throws: when the run must stop.
  public func split(_ separator: StringReference, _ heap: Heap) throws(ScriptError) -> ListReference
  {
    let result = heap.makeList()
    var start = 0
    while let end = try find(separator, from: start, heap) {
      try heap.charge()
      result.append(Value(try piece(start, end, heap)), heap)
      start = end &+ separator.pointee.byteCount
    }
    result.append(Value(try piece(start, pointee.byteCount, heap)), heap)
    return result
  }

  /// The string with `new` for every occurrence of `old`, which is not empty.
  ///
  /// - Throws: when the run passes its memory or must stop.
  public func replace(
    _ old: StringReference, _ new: StringReference, _ heap: Heap
  ) throws(ScriptError) -> StringReference {
    let text = heap.text
    text.begin()
    var start = 0
    while let end = try find(old, from: start, heap) {
      try text.append(UnsafeBufferPointer(start: bytes + start, count: end &- start))
      try text.append(new)
      start = end &+ old.pointee.byteCount
    }
    if start == 0 {
      text.begin()
      return self
    }
    try text.append(
      UnsafeBufferPointer(start: bytes + start, count: pointee.byteCount &- start))
    return try text.finish()
  }
}

extension UnsafeMutablePointer where Pointee == ListObject {
  /// The texts of the elements, with a separator between them.
  ///
  /// - Throws: when the run passes its memory or must stop, or an element is nested too deeply.
  public func join(_ separator: StringReference?, _ heap: Heap) throws(ScriptError)
    -> StringReference
  {
    let text = heap.text
    text.begin()
    for index in 0..<count {
      if index > 0, let separator { try text.append(separator) }
      let element = self[item: index]
      if element.tag == .string {
        try text.append(element.asString)
      } else {
        try element.write(to: text, heap)
      }
    }
    return try text.finish()
  }
}
