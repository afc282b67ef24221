// The status and the headers of an answer, kept as they came: most headers are never asked for.

/// The status line and the headers of an answer; names are asked for and given in lower case.
struct HTTPHead: Sendable {
  var status = 0
  /// The header lines without their line breaks, each followed by a line feed.
  private var lines: [UInt8] = []

  init(status: Int = 0, headers: [(name: String, value: String)] = []) {
    self.status = status
    for header in headers { append(line: Array("\(header.name): \(header.value)".utf8)) }
  }

  /// Adds a line, with or without its line break.
  mutating func append(line: some Collection<UInt8>) {
    if lines.isEmpty { lines.reserveCapacity(512) }
    lines.append(contentsOf: line)
    while let last = lines.last, last == 0x0A || last == 0x0D { lines.removeLast() }
    lines.append(0x0A)
  }

  /// Adds a field.
  mutating func append(name: UnsafeBufferPointer<UInt8>, value: UnsafeBufferPointer<UInt8>) {
    if lines.isEmpty { lines.reserveCapacity(512) }
    lines.append(contentsOf: name)
    lines.append(UInt8(ascii: ":"))
    lines.append(0x20)
    lines.append(contentsOf: value)
    lines.append(0x0A)
  }

  /// How much there is.
  var byteCount: Int { lines.count }

  /// Every header in its order.
  var headers: [(name: String, value: String)] {
    var found: [(name: String, value: String)] = []
    visit { name, value in
      found.append((Self.text(name).lowercased(), Self.trimmed(value)))
      return true
    }
    return found
  }

  /// The first header of that name.
  func header(_ name: String) -> String? {
    var found: String?
    visit { other, value in
      guard Self.isSame(other, name) else { return true }
      found = Self.trimmed(value)
      return false
    }
    return found
  }

  /// Every header of that name.
  func headers(named name: String) -> [String] {
    var found: [String] = []
    visit { other, value in
      if Self.isSame(other, name) { found.append(Self.trimmed(value)) }
      return true
    }
    return found
  }

  // MARK: Lines

  private typealias Bytes = Slice<UnsafeBufferPointer<UInt8>>

  /// Calls `body` with each line's name and value until it returns false.
  private func visit(_ body: (_ name: Bytes, _ value: Bytes) -> Bool) {
    lines.withUnsafeBufferPointer { bytes in
      var start = 0
      while start < bytes.count, let end = bytes[start...].firstIndex(of: 0x0A) {
        if let colon = bytes[start..<end].firstIndex(of: UInt8(ascii: ":")) {
          guard body(bytes[start..<colon], bytes[(colon + 1)..<end]) else { return }
        }
        start = end + 1
      }
    }
  }

  /// Compares a name with one in lower case.
  private static func isSame(_ name: Bytes, _ other: String) -> Bool {
    guard name.count == other.utf8.count else { return false }
    return zip(name, other.utf8).allSatisfy { byte, lower in
      (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte) ? byte | 0x20 == lower : byte == lower
    }
  }

  private static func text(_ bytes: Bytes) -> String { String(decoding: bytes, as: UTF8.self) }

  private static func trimmed(_ value: Bytes) -> String {
    let isSpace = { (byte: UInt8) in byte == 0x20 || (0x09...0x0D).contains(byte) }
    let start = value.drop(while: isSpace)
    guard let last = start.lastIndex(where: { !isSpace($0) }) else { return "" }
    return text(start[...last])
  }
}
