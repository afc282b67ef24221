// The JSON writer: bytes or text, compact or indented.

extension JSONValue {
  /// The value as UTF-8 JSON. `indent` is the number of spaces per level, nil writes one line.
  /// `sortedKeys` orders keys by their bytes. A double is written with the fewest digits that read
  /// back as the same double; infinities and NaN, which JSON lacks, become `null`.
  public func bytes(indent: Int? = nil, sortedKeys: Bool = false) -> [UInt8] {
    var writer = JSONWriter(indent: indent, sortedKeys: sortedKeys)
    writer.write(self, level: 0)
    return writer.bytes
  }

  /// The text of a JSON string without its quotes: for writers that have no values of this type.
  public static func escaped(_ text: String) -> [UInt8] {
    var writer = JSONWriter(indent: nil, sortedKeys: false)
    writer.writeEscaped(text)
    return writer.bytes
  }

  /// The value as JSON text; the parameters are those of `bytes(indent:sortedKeys:)`.
  public func text(indent: Int? = nil, sortedKeys: Bool = false) -> String {
    String(decoding: bytes(indent: indent, sortedKeys: sortedKeys), as: UTF8.self)
  }
}

/// Collects the bytes of one value.
struct JSONWriter {
  let indent: Int?
  let sortedKeys: Bool
  private(set) var bytes: [UInt8] = []

  init(indent: Int?, sortedKeys: Bool) {
    self.indent = indent
    self.sortedKeys = sortedKeys
  }

  mutating func write(_ value: JSONValue, level: Int) {
    switch value {
    case .null: add("null")
    case .bool(let bool): add(bool ? "true" : "false")
    case .int(let int): add(String(int))
    case .double(let double): add(double.isFinite ? double.description : "null")
    case .string(let string): write(string)
    case .array(let elements): write(elements, level: level)
    case .object(let object): write(object, level: level)
    }
  }

  private mutating func write(_ elements: [JSONValue], level: Int) {
    bytes.append(UInt8(ascii: "["))
    for (index, element) in elements.enumerated() {
      if index > 0 { bytes.append(UInt8(ascii: ",")) }
      breakLine(level: level + 1)
      write(element, level: level + 1)
    }
    if !elements.isEmpty { breakLine(level: level) }
    bytes.append(UInt8(ascii: "]"))
  }

  private mutating func write(_ object: JSONObject, level: Int) {
    bytes.append(UInt8(ascii: "{"))
    if sortedKeys {
      let order = object.keys.indices.sorted {
        object.keys[$0].utf8.lexicographicallyPrecedes(object.keys[$1].utf8)
      }
      for (place, index) in order.enumerated() {
        write(object, at: index, isFirst: place == 0, level: level)
      }
    } else {
      for index in object.keys.indices {
        write(object, at: index, isFirst: index == 0, level: level)
      }
    }
    if !object.isEmpty { breakLine(level: level) }
    bytes.append(UInt8(ascii: "}"))
  }

  private mutating func write(_ object: JSONObject, at index: Int, isFirst: Bool, level: Int) {
    if !isFirst { bytes.append(UInt8(ascii: ",")) }
    breakLine(level: level + 1)
    write(object.keys[index])
    bytes.append(UInt8(ascii: ":"))
    if indent != nil { bytes.append(UInt8(ascii: " ")) }
    write(object.values[index], level: level + 1)
  }

  private mutating func breakLine(level: Int) {
    guard let indent else { return }
    bytes.append(0x0A)
    bytes.append(contentsOf: repeatElement(0x20, count: indent * level))
  }

  private mutating func add(_ text: String) { bytes.append(contentsOf: text.utf8) }

  /// Writes a string in quotes, with escapes for quotes, backslashes and control characters only.
  mutating func write(_ string: String) {
    bytes.append(UInt8(ascii: "\""))
    writeEscaped(string)
    bytes.append(UInt8(ascii: "\""))
  }

  mutating func writeEscaped(_ string: String) {
    var string = string
    string.withUTF8 { buffer in
      var start = 0
      for index in buffer.indices {
        let byte = buffer[index]
        guard byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") else {
          continue
        }
        bytes.append(contentsOf: buffer[start..<index])
        writeEscape(byte)
        start = index + 1
      }
      bytes.append(contentsOf: buffer[start...])
    }
  }

  private mutating func writeEscape(_ byte: UInt8) {
    switch byte {
    case 0x08: add("\\b")
    case 0x09: add("\\t")
    case 0x0A: add("\\n")
    case 0x0C: add("\\f")
    case 0x0D: add("\\r")
    case UInt8(ascii: "\""): add("\\\"")
    case UInt8(ascii: "\\"): add("\\\\")
    default: add("\\u00" + (byte < 0x10 ? "0" : "") + String(byte, radix: 16))
    }
  }
}
