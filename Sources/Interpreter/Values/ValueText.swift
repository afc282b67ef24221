// How values read: what `print`, `str` and interpolation write.

extension Value {
  /// The text that `print` writes: strings plain, but quoted and escaped inside a list or map.
  public func text() throws(ScriptError) -> String {
    if tag == .string { return asString.text }
    var writer = ValueWriter()
    try writer.write(self, depth: 0)
    return writer.text
  }

  /// The text of a value inside a collection: strings quoted.
  public func quotedText() throws(ScriptError) -> String {
    var writer = ValueWriter()
    try writer.write(self, depth: 0)
    return writer.text
  }
}

/// Writes values as scripts would write them. A list or map inside itself is written `[...]`, `{...}`.
struct ValueWriter {
  var text = ""
  /// The lists and maps around what is being written.
  private var open: [UInt64] = []

  mutating func write(_ value: Value, depth: Int) throws(ScriptError) {
    if depth > 500 { throw .value("the value is nested too deeply to be printed") }
    switch value.tag {
    case .undefined, .null, .box: text += "null"
    case .bool: text += value.asBool ? "true" : "false"
    case .int: text += String(value.asInt)
    case .float: text += Notation.text(value.asDouble)
    case .duration: text += Notation.text(nanoseconds: value.asInt)
    case .string: text += Notation.quoted(value.asString.text)
    case .native: text += "<function>"
    case .closure:
      text += "<fn \(value.asClosure.pointee.body.pointee.owner.takeUnretainedValue().name)>"
    case .list, .map: try writeCollection(value, depth)
    case .range:
      let (start, end, isClosed) = value.rangeBounds
      text += "\(start)\(isClosed ? "..." : "..<")\(end)"
    case .link: try write(value.asLink, depth)
    case .error: text += "error: \(value.asError.message)"
    case .host: text += value.asHost.description
    }
  }

  private mutating func writeCollection(_ value: Value, _ depth: Int) throws(ScriptError) {
    if open.contains(value.bits) {
      text += value.tag == .list ? "[...]" : "{...}"
      return
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
    text += "["
    for index in 0..<list.count {
      if index > 0 { text += ", " }
      try write(list[item: index], depth: depth + 1)
    }
    text += "]"
  }

  private mutating func write(_ map: MapReference, _ depth: Int) throws(ScriptError) {
    text += "{"
    var position = 0
    var isFirst = true
    while let pair = map.next(position) {
      if !isFirst { text += ", " }
      isFirst = false
      let key = pair.key.text
      text += Notation.key(key)
      text += ": "
      try write(pair.value, depth: depth + 1)
      position = pair.next
    }
    text += "}"
  }

  private mutating func write(
    _ link: UnsafeMutablePointer<LinkObject>, _ depth: Int
  ) throws(ScriptError) {
    text += "link("
    for index in 0..<link.pointee.count {
      if index > 0 { text += ", " }
      try write(link.ends[2 * index], depth: depth + 1)
      text += " -> "
      try write(link.ends[2 * index + 1], depth: depth + 1)
    }
    text += ")"
  }
}
