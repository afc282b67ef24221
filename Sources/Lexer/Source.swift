// One text to compile: its name and its UTF-8 bytes, and how byte offsets become lines and columns.
//
// Every span in the project is a pair of byte offsets into one source. Lines are found only when a
// diagnostic is printed, so the hot passes never count them.

import Synchronization

/// A half-open range of UTF-8 byte offsets into one `Source`.
public struct Span: Hashable, Sendable, BitwiseCopyable {
  /// Offset of the first byte.
  public var start: UInt32
  /// Offset after the last byte; equal to `start` for a place between two bytes.
  public var end: UInt32

  /// Makes the span from `start` up to, not including, `end` (byte offsets).
  public init(_ start: Int, _ end: Int) {
    self.start = UInt32(truncatingIfNeeded: start)
    self.end = UInt32(truncatingIfNeeded: end)
  }

  /// The smallest span that covers both.
  public func union(_ other: Span) -> Span {
    Span(Int(min(start, other.start)), Int(max(end, other.end)))
  }
}

/// A line and a column, both counted from 1; the column counts Unicode scalars.
public struct Position: Hashable, Sendable {
  /// Line number, from 1.
  public var line: Int
  /// Column in Unicode scalars, from 1.
  public var column: Int

  /// Makes a position from a line and a column, both from 1.
  public init(line: Int, column: Int) {
    self.line = line
    self.column = column
  }
}

/// A named text. A class, so that programs, spans and errors share one copy.
public final class Source: Sendable {
  /// What errors call it: a path, `<command>`, `<stdin>` or `<repl>`.
  public let name: String
  /// The text's bytes as read; not yet known to be valid UTF-8.
  public let bytes: [UInt8]
  /// Offset of the first byte of every line, once somebody has asked for one.
  private let knownLineStarts = Mutex<[UInt32]>([])

  /// Makes a source from raw bytes, which need not be valid UTF-8 (the lexer says where they are not).
  public init(name: String, bytes: [UInt8]) {
    self.name = name
    self.bytes = bytes
  }

  /// Makes a source from a string.
  public convenience init(name: String, text: String) {
    self.init(name: name, bytes: Array(text.utf8))
  }

  private var lineStarts: [UInt32] {
    knownLineStarts.withLock { known in
      if known.isEmpty {
        known = [0]
        for (offset, byte) in bytes.enumerated() where byte == 0x0A {
          known.append(UInt32(offset + 1))
        }
      }
      return known
    }
  }

  /// Number of lines, at least 1.
  public var lineCount: Int { lineStarts.count }

  /// Line and column of a byte offset; an offset past the end counts as the end.
  public func position(of offset: UInt32) -> Position {
    let line = lineNumber(of: offset)
    let offset = min(offset, UInt32(bytes.count))
    let scalars = bytes[Int(lineStarts[line - 1])..<Int(offset)].count { $0 & 0xC0 != 0x80 }
    return Position(line: line, column: scalars + 1)
  }

  /// Line and column as editors count them (Language Server Protocol): both from 0, the column in
  /// UTF-16 code units. An offset past the end counts as the end.
  public func editorPosition(of offset: UInt32) -> (line: Int, character: Int) {
    let line = lineNumber(of: offset)
    let offset = min(Int(offset), bytes.count)
    let before = bytes[Int(lineStarts[line - 1])..<offset]
    // A scalar of four bytes in UTF-8 has two units in UTF-16; every other has one.
    let units = before.reduce(0) { count, byte in
      byte & 0xC0 == 0x80 ? count : count + (byte >= 0xF0 ? 2 : 1)
    }
    return (line - 1, units)
  }

  /// Line of a byte offset, from 1; unlike `position(of:)` its cost does not grow with the line.
  public func lineNumber(of offset: UInt32) -> Int {
    let lineStarts = lineStarts
    var low = 0
    var high = lineStarts.count - 1
    while low < high {
      let middle = (low + high + 1) / 2
      if lineStarts[middle] <= offset { low = middle } else { high = middle - 1 }
    }
    return low + 1
  }

  /// The bytes of a line (counted from 1), without its line break.
  public func line(_ number: Int) -> ArraySlice<UInt8> {
    let lineStarts = lineStarts
    guard number >= 1, number <= lineStarts.count else { return [] }
    let start = Int(lineStarts[number - 1])
    var end = number < lineStarts.count ? Int(lineStarts[number]) - 1 : bytes.count
    if end > start, bytes[end - 1] == 0x0D { end -= 1 }
    return bytes[start..<end]
  }

  /// The text that a span covers, with invalid UTF-8 repaired.
  public func text(_ span: Span) -> String {
    let end = min(Int(span.end), bytes.count)
    guard Int(span.start) < end else { return "" }
    return String(decoding: bytes[Int(span.start)..<end], as: UTF8.self)
  }
}
