// Writes values as YAML in kubectl's style: two spaces, lists level with their key, keys in the
// value's order, strings in quotes only where they would be read back as something else.

extension YAML {
  /// The value as YAML text that ends in a line break. Strings of several lines become literal
  /// blocks, long ones without lines are in quotes.
  ///
  /// - Parameter look: is told how far the writer has come; see `Look`.
  public static func format(_ value: JSONValue, look: Look? = nil) -> String {
    var writer = YAMLWriter(look)
    writer.write(root: value)
    return writer.text
  }

  /// Several documents, parted by `---`.
  public static func format(documents: [JSONValue]) -> String {
    documents.map { format($0) }.joined(separator: "---\n")
  }
}

/// Collects the text of one document.
private struct YAMLWriter {
  private(set) var text = ""
  private var look: Look?

  init(_ look: Look?) { self.look = look }

  /// False when the writer shall stop; every loop asks it.
  private mutating func canGoOn(after bytes: Int = 0) -> Bool {
    look?.count(bytes: bytes, values: 1) != false
  }

  mutating func write(root value: JSONValue) {
    switch value {
    case .object(let object) where !object.isEmpty: write(object, level: 0)
    case .array(let elements) where !elements.isEmpty: write(elements, level: 0)
    default:
      writeInline(value, level: 0)
      text += "\n"
    }
  }

  /// Writes the pairs, one a line, with the first at the place where the text ends now.
  private mutating func write(_ object: JSONObject, level: Int) {
    var isFirst = true
    for (key, value) in object {
      guard canGoOn() else { return }
      if !isFirst { indent(level) }
      isFirst = false
      writeFlow(key)
      text += ":"
      writeValue(value, level: level)
    }
  }

  private mutating func write(_ elements: [JSONValue], level: Int) {
    for (index, element) in elements.enumerated() {
      guard canGoOn() else { return }
      if index > 0 { indent(level) }
      text += "-"
      switch element {
      case .object(let object) where !object.isEmpty:
        text += " "
        write(object, level: level + 1)
      case .array(let inner) where !inner.isEmpty:
        text += " "
        write(inner, level: level + 1)
      default:
        text += " "
        writeInline(element, level: level + 1)
        text += "\n"
      }
    }
  }

  /// Writes what follows a key's colon, line break included.
  private mutating func writeValue(_ value: JSONValue, level: Int) {
    switch value {
    case .object(let object) where !object.isEmpty:
      text += "\n"
      indent(level + 1)
      write(object, level: level + 1)
    case .array(let elements) where !elements.isEmpty:
      text += "\n"
      indent(level)
      write(elements, level: level)
    default:
      text += " "
      writeInline(value, level: level + 1)
      text += "\n"
    }
  }

  /// Writes a scalar or an empty container; `level` is where the lines of a block go.
  private mutating func writeInline(_ value: JSONValue, level: Int) {
    switch value {
    case .string(let string): write(string, level: level)
    case .object: text += "{}"
    case .array: text += "[]"
    case .double(let double) where !double.isFinite: text += "null"
    case .null, .bool, .int, .double: text += value.text()
    }
  }

  private mutating func write(_ string: String, level: Int) {
    if isLiteral(string) {
      writeLiteral(string, level: max(level, 1))
    } else {
      writeFlow(string)
    }
  }

  /// Writes a string on one line, in quotes where it needs them.
  private mutating func writeFlow(_ string: String) {
    if string.utf8.count <= Self.longestPlain, !YAMLScalar.needsQuotes(string) {
      text += string
      return
    }
    text += "\""
    eachPiece(of: string[...]) { $0.writeEscaped($1) }
    text += "\""
  }

  /// Bytes from which on a string is in quotes, whether it needs them or not.
  private static let longestPlain = 64 << 10
  /// Scalars of a string that are looked at or written between two looks.
  private static let piece = 8 << 10

  /// Calls `body` with pieces of a string, until the writer shall stop.
  private mutating func eachPiece(
    of string: Substring, _ body: (inout YAMLWriter, Substring) -> Void
  ) {
    var rest = string
    while !rest.isEmpty {
      let end = rest.unicodeScalars.index(
        rest.startIndex, offsetBy: Self.piece, limitedBy: rest.endIndex)
      let piece = rest[..<(end ?? rest.endIndex)]
      body(&self, piece)
      guard canGoOn(after: piece.utf8.count) else { return }
      rest = rest[piece.endIndex...]
    }
  }

  private mutating func isLiteral(_ string: String) -> Bool {
    guard string.utf8.count > Self.longestPlain || string.utf8.contains(0x0A) else { return false }
    var hasBreak = false
    var hasText = false
    var isPrintable = true
    eachPiece(of: string[...]) { _, piece in
      for scalar in piece.unicodeScalars where isPrintable {
        if scalar == "\n" { hasBreak = true }
        let isSpace = scalar == "\n" || scalar == "\t"
        if !isSpace, scalar != " " { hasText = true }
        if !isSpace, !YAMLScalar.isPrintable(scalar) { isPrintable = false }
      }
    }
    return hasBreak && hasText && isPrintable
  }

  private mutating func writeLiteral(_ string: String, level: Int) {
    text += "|"
    // A block's indentation is read from its first line unless that starts with white space.
    if let first = string.utf8.first, [0x20, 0x0A, 0x09].contains(first) { text += "2" }
    var rest = string[...]
    if string.utf8.last != 0x0A {
      text += "-"
    } else {
      rest.removeLast()
      if rest.utf8.last == 0x0A { text += "+" }
    }
    while canGoOn() {
      text += "\n"
      let end = rest.utf8.firstIndex(of: 0x0A) ?? rest.endIndex
      if end > rest.startIndex {
        indent(level)
        eachPiece(of: rest[..<end]) { $0.text += $1 }
      }
      guard end < rest.endIndex else { return }
      rest = rest[rest.utf8.index(after: end)...]
    }
  }

  private mutating func indent(_ level: Int) {
    text += String(repeating: "  ", count: level)
  }

  /// Writes text as it stands in double quotes, with everything escaped that is not printable.
  private mutating func writeEscaped(_ piece: Substring) {
    for scalar in piece.unicodeScalars {
      switch scalar {
      case "\"": text += "\\\""
      case "\\": text += "\\\\"
      case "\n": text += "\\n"
      case "\t": text += "\\t"
      case "\r": text += "\\r"
      case _ where YAMLScalar.isPrintable(scalar): text.unicodeScalars.append(scalar)
      default:
        let digits = String(scalar.value, radix: 16)
        let width = scalar.value > 0xFFFF ? 8 : 4
        text += width == 8 ? "\\U" : "\\u"
        text += String(repeating: "0", count: width - digits.count) + digits
      }
    }
  }
}
