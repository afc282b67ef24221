// Cuts a log into lines: at line feeds only, empty lines too, and never endless ones.

struct LogSplitter {
  /// A line that is longer than this comes in parts.
  static let limit = 1 << 20

  private var rest: [UInt8] = []

  /// Adds bytes and returns the lines that are complete now.
  mutating func append(_ bytes: [UInt8]) -> [[UInt8]] {
    var lines: [[UInt8]] = []
    var start = bytes.startIndex
    while let end = bytes[start...].firstIndex(of: 0x0A) {
      lines.append(rest + bytes[start..<end])
      rest = []
      start = end + 1
    }
    rest += bytes[start...]
    if rest.count >= Self.limit {
      lines.append(rest)
      rest = []
    }
    return lines
  }

  /// What came after the last line feed; nil when there is nothing.
  mutating func finish() -> [UInt8]? {
    defer { rest = [] }
    return rest.isEmpty ? nil : rest
  }
}
