// Writes values as YAML in kubectl's style: two spaces, lists level with their key, keys in the
// value's order, strings in quotes only where they would be read back as something else.

extension YAML {
  /// The value as YAML text that ends in a line break. Strings of several lines become literal
  /// blocks.
  public static func format(_ value: JSONValue) -> String {
    var writer = YAMLWriter()
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
      if !isFirst { indent(level) }
      isFirst = false
      text += YAMLScalar.needsQuotes(key) ? quoted(key) : key
      text += ":"
      writeValue(value, level: level)
    }
  }

  private mutating func write(_ elements: [JSONValue], level: Int) {
    for (index, element) in elements.enumerated() {
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
    if string.utf8.contains(0x0A), isLiteral(string) {
      writeLiteral(string, level: max(level, 1))
    } else {
      text += YAMLScalar.needsQuotes(string) ? quoted(string) : string
    }
  }

  private func isLiteral(_ string: String) -> Bool {
    let scalars = string.unicodeScalars
    guard scalars.contains(where: { $0 != "\n" && $0 != " " && $0 != "\t" }) else { return false }
    return scalars.allSatisfy { $0 == "\n" || $0 == "\t" || YAMLScalar.isPrintable($0) }
  }

  private mutating func writeLiteral(_ string: String, level: Int) {
    text += "|"
    // A block's indentation is read from its first line unless that starts with white space.
    if let first = string.utf8.first, [0x20, 0x0A, 0x09].contains(first) { text += "2" }
    var lines = string.split(separator: "\n" as Character, omittingEmptySubsequences: false)[...]
    if string.utf8.last != 0x0A {
      text += "-"
    } else {
      lines = lines.dropLast()
      if lines.last?.isEmpty == true { text += "+" }
    }
    for line in lines {
      text += "\n"
      guard !line.isEmpty else { continue }
      indent(level)
      text += line
    }
  }

  private mutating func indent(_ level: Int) {
    text += String(repeating: "  ", count: level)
  }

  /// The string in double quotes, with everything escaped that is not printable.
  private func quoted(_ string: String) -> String {
    var result = "\""
    for scalar in string.unicodeScalars {
      switch scalar {
      case "\"": result += "\\\""
      case "\\": result += "\\\\"
      case "\n": result += "\\n"
      case "\t": result += "\\t"
      case "\r": result += "\\r"
      case _ where YAMLScalar.isPrintable(scalar): result.unicodeScalars.append(scalar)
      default:
        let digits = String(scalar.value, radix: 16)
        let width = scalar.value > 0xFFFF ? 8 : 4
        result += width == 8 ? "\\U" : "\\u"
        result += String(repeating: "0", count: width - digits.count) + digits
      }
    }
    return result + "\""
  }
}
