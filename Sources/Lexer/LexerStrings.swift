// Strings: quotes, escapes, `${…}`, and the multi-line forms with their indentation.
//
// A string that is interrupted by `${` waits on a stack until the `}` that belongs to it. Pieces of a
// multi-line string are finished together at its end, because only the closing line says how much
// indentation to strip.

extension Lexer {
  /// A string that is being read.
  struct OpenString {
    var isRaw: Bool
    var isMultiline: Bool
    /// Where its opening quote stands.
    var start: Int
    /// Braces that are open inside the current `${`.
    var braces = 0
    /// What was read of it.
    var pieces: [Piece] = []

    var quote: UInt8 { isRaw ? Ascii.apostrophe : Ascii.quote }
    var quotes: String {
      String(repeating: isRaw ? "'" : "\"", count: isMultiline ? 3 : 1)
    }
  }

  /// Text between two interruptions: its bytes, and the index in `strings` for its value.
  struct Piece {
    var range: Range<Int>
    var string: Int
  }

  /// Reads a string from its opening quote on.
  mutating func openString(isRaw: Bool) {
    let start = offset
    let quote = bytes[offset]
    let isMultiline = bytes[offset + 1] == quote && bytes[offset + 2] == quote
    offset += isMultiline ? 3 : 1
    piece(of: OpenString(isRaw: isRaw, isMultiline: isMultiline, start: start), from: start)
  }

  /// Goes on with the innermost interrupted string behind the `}` at `start`.
  mutating func resumeString(from start: Int) {
    piece(of: openStrings.removeLast(), from: start)
  }

  /// Reads up to the closing quote, the next `${` or the place where the string breaks off. It consumes
  /// the string, since a copy of the pieces each time would make many of them quadratic.
  private mutating func piece(of string: consuming OpenString, from tokenStart: Int) {
    let start = offset
    let isFirst = string.pieces.isEmpty
    let stop = scanPiece(string)
    string.pieces.append(Piece(range: start..<offset, string: output.strings.count))
    switch stop {
    case .interpolation:
      offset += 2
      emit(isFirst ? .stringHead : .stringMiddle, from: tokenStart, text: "")
      finish(string, isClosed: false)
      string.braces = 0
      openStrings.append(string)
    case .closed:
      offset += string.isMultiline ? 3 : 1
      emit(isFirst ? .string : .stringTail, from: tokenStart, text: "")
      finish(string, isClosed: true)
    case .broken:
      emit(isFirst ? .string : .stringTail, from: tokenStart, text: "")
      reportUnclosed(string)
    }
  }

  private enum Stop { case interpolation, closed, broken }

  private mutating func scanPiece(_ string: OpenString) -> Stop {
    let quote = string.quote
    while offset < end {
      let byte = bytes[offset]
      if byte == quote {
        if !string.isMultiline { return .closed }
        if bytes[offset + 1] == quote, bytes[offset + 2] == quote { return .closed }
      } else if byte == Ascii.newline {
        if !string.isMultiline { return .broken }
      } else if !string.isRaw {
        if byte == Ascii.dollar, bytes[offset + 1] == Ascii.leftBrace { return .interpolation }
        if byte == Ascii.backslash, offset + 1 < end, bytes[offset + 1] != Ascii.newline {
          offset += 1
        }
      }
      offset += 1
    }
    return .broken
  }

  private mutating func reportUnclosed(_ string: OpenString) {
    let quotes = string.quotes
    if !string.isMultiline {
      return report(
        .unclosedString, "unclosed string", string.start, offset,
        label: "expected `\(quotes)` before the end of the \(offset >= end ? "file" : "line")",
        notes: ["a string over several lines is written with three quotes"])
    }
    let opener = Span(string.start, string.start + quotes.utf8.count)
    report(
      .unclosedString, "unclosed string", offset, offset,
      label: "expected `\(quotes)` before the end of the file",
      labels: [Diagnostic.Label(Location(source, opener), "the string starts here")],
      isUnfinished: true)
  }

  /// A line ends inside the `${…}` of a one-line string: the string is over.
  mutating func abandonLineStrings() {
    while let string = openStrings.last, !string.isMultiline { abandon(string) }
  }

  /// The source ends inside `${…}`.
  mutating func closeStringsAtEnd() {
    while let string = openStrings.last { abandon(string) }
  }

  private mutating func abandon(_ string: OpenString) {
    openStrings.removeLast()
    let opener = string.pieces.last.map { $0.range.upperBound } ?? string.start
    if string.isMultiline {
      let label = Diagnostic.Label(Location(source, Span(opener, opener + 2)), "opened here")
      report(
        .unclosedString, "unclosed `${` in a string", offset, offset,
        label: "expected `}` before the end of the file", labels: [label], isUnfinished: true)
    } else {
      report(
        .unclosedString, "unclosed `${` in a string", opener, opener + 2,
        label: "expected `}` before the end of the \(offset >= end ? "file" : "line")")
    }
    emit(.stringTail, from: offset, text: "")
  }

  // MARK: Values

  /// Fills in the values of a string's pieces as soon as they are known.
  private mutating func finish(_ string: OpenString, isClosed: Bool) {
    if string.isMultiline {
      if isClosed { finishMultiline(string) }
      return
    }
    guard let piece = string.pieces.last else { return }
    var text: [UInt8] = []
    var index = piece.range.lowerBound
    while index < piece.range.upperBound { unescape(&index, into: &text, string.isRaw) }
    output.strings[piece.string] = String(decoding: text, as: UTF8.self)
  }

  /// Appends the character or escape at `index` and moves past it.
  private mutating func unescape(_ index: inout Int, into text: inout [UInt8], _ isRaw: Bool) {
    let byte = bytes[index]
    guard byte == Ascii.backslash, !isRaw else {
      text.append(byte)
      index += 1
      return
    }
    let start = index
    index += 2
    switch bytes[start + 1] {
    case UInt8(ascii: "n"): text.append(Ascii.newline)
    case UInt8(ascii: "t"): text.append(Ascii.tab)
    case UInt8(ascii: "r"): text.append(Ascii.carriageReturn)
    case UInt8(ascii: "0"): text.append(0)
    case Ascii.backslash, Ascii.quote, Ascii.dollar: text.append(bytes[start + 1])
    case UInt8(ascii: "u"): unicodeEscape(start, &index, into: &text)
    default: unknownEscape(start, &index)
    }
  }

  private mutating func unknownEscape(_ start: Int, _ index: inout Int) {
    let next = scalar(at: start + 1)
    let isLineEnd = bytes[start + 1] == Ascii.newline || bytes[start + 1] == Ascii.carriageReturn
    // A line break stays where it is: the indentation of the next line is still to be stripped.
    index = isLineEnd ? start + 1 : start + 1 + next.length
    report(
      .unknownEscape, "unknown escape in a string", start, isLineEnd ? start + 1 : index,
      notes: [
        #"the escapes are \n \t \r \\ \" \$ \0 and \u{…}; '…' takes backslashes as they are"#
      ])
  }

  private mutating func unicodeEscape(
    _ start: Int, _ index: inout Int, into text: inout [UInt8]
  ) {
    guard bytes[index] == Ascii.leftBrace else {
      return report(
        .invalidScalar, "malformed `\\u` escape", start, index, label: "expected `{` and hex digits"
      )
    }
    index += 1
    let first = index
    var value: UInt32 = 0
    while let digit = bytes[index].digitValue, digit < 16 {
      value = value > 0x10FFFF ? value : value << 4 | UInt32(digit)
      index += 1
    }
    guard bytes[index] == Ascii.rightBrace, index > first else {
      return report(
        .invalidScalar, "malformed `\\u` escape", start, index, label: "expected hex digits and `}`"
      )
    }
    index += 1
    guard let scalar = Unicode.Scalar(value) else {
      let isSurrogate = (0xD800...0xDFFF).contains(value)
      return report(
        .invalidScalar, "the escape is not a Unicode scalar", start, index,
        label: isSurrogate ? "a lone surrogate" : "larger than 10FFFF")
    }
    text.append(contentsOf: Array(String(Character(scalar)).utf8))
  }

  // MARK: Multi-line strings

  private mutating func finishMultiline(_ string: OpenString) {
    guard let first = string.pieces.first, let last = string.pieces.last else { return }
    var contentStart = first.range.lowerBound
    while contentStart < first.range.upperBound, bytes[contentStart].isBlank { contentStart += 1 }
    guard contentStart < first.range.upperBound, bytes[contentStart] == Ascii.newline else {
      return report(
        .multilineStringShape, "text on the opening line of a multi-line string", contentStart,
        contentStart + 1, label: "the text starts on the next line")
    }
    var closing = last.range.upperBound
    while closing > last.range.lowerBound, bytes[closing - 1].isBlank { closing -= 1 }
    guard closing > last.range.lowerBound, bytes[closing - 1] == Ascii.newline else {
      let quotes = last.range.upperBound
      return report(
        .multilineStringShape, "text on the closing line of a multi-line string", quotes,
        quotes + 3, label: "the closing quotes stand on a line of their own")
    }
    let indentation = bytes[closing..<last.range.upperBound]
    for piece in string.pieces {
      let isFirst = piece.range == first.range
      let isLast = piece.range == last.range
      let start = isFirst ? contentStart + 1 : piece.range.lowerBound
      let stop = isLast ? closing - 1 : piece.range.upperBound
      strip(piece, start..<max(start, stop), string, indentation, startsLine: isFirst, isLast)
    }
  }

  /// Gives a piece its value: strips the indentation of its lines, then does the escapes.
  private mutating func strip(
    _ piece: Piece, _ range: Range<Int>, _ string: OpenString, _ indentation: ArraySlice<UInt8>,
    startsLine: Bool, _ isLast: Bool
  ) {
    var text: [UInt8] = []
    var index = range.lowerBound
    var isLineStart = startsLine && (!isLast || !range.isEmpty)
    while index < range.upperBound || isLineStart {
      if isLineStart {
        index = pastIndentation(index, range.upperBound, indentation, isLast)
        isLineStart = false
      } else if bytes[index] == Ascii.newline {
        text.append(Ascii.newline)
        index += 1
        isLineStart = true
      } else if bytes[index] == Ascii.carriageReturn, bytes[index + 1] == Ascii.newline {
        index += 1
      } else {
        unescape(&index, into: &text, string.isRaw)
      }
    }
    output.strings[piece.string] = String(decoding: text, as: UTF8.self)
  }

  /// Where a line's content starts; blank lines may be shorter than the indentation.
  private mutating func pastIndentation(
    _ lineStart: Int, _ limit: Int, _ indentation: ArraySlice<UInt8>, _ isLast: Bool
  ) -> Int {
    var index = lineStart
    for byte in indentation {
      guard index < limit, bytes[index] == byte else { break }
      index += 1
    }
    if index - lineStart == indentation.count { return index }
    var next = index
    while next < limit, bytes[next].isBlank { next += 1 }
    let isBlankLine = next == limit ? isLast : bytes[next] == Ascii.newline
    if isBlankLine { return next }
    let mixes = next - lineStart >= indentation.count
    report(
      .multilineIndentation, "a line of the string is left of its closing quotes", lineStart,
      max(next, lineStart + 1),
      label: mixes
        ? "the indentation mixes tabs and spaces otherwise than the closing line"
        : "expected at least the closing line's indentation")
    return next
  }
}

extension UInt8 {
  /// Whether it is white space inside a line.
  fileprivate var isBlank: Bool {
    self == Ascii.space || self == Ascii.tab || self == Ascii.carriageReturn
  }
}
