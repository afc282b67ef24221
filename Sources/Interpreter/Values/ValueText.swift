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

/// Writes values as scripts would write them.
struct ValueWriter {
  var text = ""

  mutating func write(_ value: Value, depth: Int) throws(ScriptError) {
    if depth > 500 { throw .value("the value is nested too deeply to be printed") }
    switch value.tag {
    case .undefined, .null, .box: text += "null"
    case .bool: text += value.asBool ? "true" : "false"
    case .int: text += String(value.asInt)
    case .float: text += Self.text(value.asDouble)
    case .duration: text += Self.text(nanoseconds: value.asInt)
    case .string: text += Self.quoted(value.asString.text)
    case .native: text += "<function>"
    case .closure:
      text += "<fn \(value.asClosure.pointee.body.pointee.owner.takeUnretainedValue().name)>"
    case .list: try write(value.asList, depth)
    case .map: try write(value.asMap, depth)
    case .range:
      let (start, end, isClosed) = value.rangeBounds
      text += "\(start)\(isClosed ? "..." : "..<")\(end)"
    case .link: try write(value.asLink, depth)
    case .error: text += "error: \(value.asError.message)"
    case .host: text += value.asHost.description
    }
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
      text += Self.isIdentifier(key) ? key : Self.quoted(key)
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

  static func isIdentifier(_ key: String) -> Bool {
    guard let first = key.unicodeScalars.first else { return false }
    guard first == "_" || first.properties.isAlphabetic else { return false }
    return key.unicodeScalars.allSatisfy {
      $0 == "_" || $0.properties.isAlphabetic || $0.properties.numericType == .decimal
    }
  }

  /// Quoted and escaped as a string literal.
  static func quoted(_ string: String) -> String {
    var result = "\""
    let scalars = string.unicodeScalars
    for index in scalars.indices {
      let scalar = scalars[index]
      switch scalar {
      case "\"": result += "\\\""
      case "\\": result += "\\\\"
      case "\n": result += "\\n"
      case "\t": result += "\\t"
      case "\r": result += "\\r"
      case "\0": result += "\\0"
      case "$":
        // Only before a brace would it start an interpolation.
        let next = scalars.index(after: index)
        result += next < scalars.endIndex && scalars[next] == "{" ? "\\$" : "$"
      default:
        if scalar.value < 0x20 || scalar.value == 0x7F {
          result += "\\u{\(String(scalar.value, radix: 16, uppercase: true))}"
        } else {
          result.unicodeScalars.append(scalar)
        }
      }
    }
    return result + "\""
  }

  /// Shortest digits that read back the same; always with a fraction or an exponent.
  static func text(_ number: Double) -> String {
    if number.isNaN { return "nan" }
    if number.isInfinite { return number < 0 ? "-inf" : "inf" }
    return "\(number)"
  }

  /// `1h30m`, `250ms`, `0s`; parts smaller than a millisecond as a fraction of one are `us` and `ns`.
  static func text(nanoseconds: Int64) -> String {
    if nanoseconds == 0 { return "0s" }
    var rest = nanoseconds.magnitude
    var result = nanoseconds < 0 ? "-" : ""
    let units: [(UInt64, String)] = [
      (86_400_000_000_000, "d"), (3_600_000_000_000, "h"), (60_000_000_000, "m"),
      (1_000_000_000, "s"), (1_000_000, "ms"), (1000, "us"), (1, "ns"),
    ]
    for (size, name) in units where rest >= size {
      result += "\(rest / size)\(name)"
      rest %= size
    }
    return result
  }
}
