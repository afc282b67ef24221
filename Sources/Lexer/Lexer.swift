// The lexer: turns a source's UTF-8 bytes into tokens, and says where the bytes are not a text.
//
// It works on bytes with a sentinel behind the last one, so that looking ahead needs no end check.
// It never stops at an error: it reports and makes the most likely token, so that the parser can go
// on. Whether a line break ends a statement depends on brackets that only the parser understands;
// tokens just say that a break stands before them. Strings with `${…}` become several tokens
// (head, middle, tail), and an explicit stack remembers the open ones, so nesting costs no stack.

/// Splits a source into tokens.
public struct Lexer {
  let source: Source
  /// The source's bytes and four zero bytes behind them.
  let bytes: [UInt8]
  /// Number of bytes of the source itself.
  let end: Int
  var offset = 0
  var output: LexedSource
  var isAfterNewline = false
  var isAfterSpace = false
  /// The strings that are interrupted by a `${` that is still open, outermost first.
  var openStrings: [OpenString] = []

  /// Errors kept at most: the rest of a file that is no script would only cost time.
  private static let errorLimit = 100

  /// Splits a source into tokens; `diagnostics` of the result are in source order.
  public static func lex(_ source: Source) -> LexedSource {
    var lexer = Lexer(source)
    lexer.checkEncoding()
    lexer.run()
    lexer.output.diagnostics.sort { first, second in
      (first.location?.span.start ?? 0) < (second.location?.span.start ?? 0)
    }
    return lexer.output
  }

  private init(_ source: Source) {
    self.source = source
    bytes = source.bytes + [0, 0, 0, 0]
    end = source.bytes.count
    output = LexedSource(source: source)
    output.tokens.reserveCapacity(end / 4 + 8)
  }

  private mutating func run() {
    if end >= 3, bytes[0] == 0xEF, bytes[1] == 0xBB, bytes[2] == 0xBF { offset = 3 }
    while true {
      skipTrivia()
      if offset >= end { break }
      token()
    }
    closeStringsAtEnd()
    emit(.endOfFile, from: end)
  }

  // MARK: White space and comments

  private mutating func skipTrivia() {
    while offset < end {
      switch bytes[offset] {
      case Ascii.space, Ascii.tab, Ascii.carriageReturn, 0:
        offset += 1
        isAfterSpace = true
      case Ascii.newline:
        abandonLineStrings()
        offset += 1
        isAfterSpace = true
        isAfterNewline = true
      case Ascii.hash:
        comment()
        isAfterSpace = true
      default:
        return
      }
    }
  }

  private mutating func comment() {
    let start = offset
    while offset < end, bytes[offset] != Ascii.newline { offset += 1 }
    var last = offset
    while last > start, bytes[last - 1] == Ascii.carriageReturn { last -= 1 }
    output.comments.append(
      Comment(
        span: Span(start, last), isDoc: bytes[start + 1] == Ascii.hash,
        isTrailing: !isAfterNewline && !output.tokens.isEmpty, nextToken: output.tokens.count))
  }

  // MARK: Tokens

  /// Reads one token; the current byte is no white space and not past the end.
  private mutating func token() {
    let start = offset
    let byte = bytes[offset]
    switch byte {
    case Ascii.a...Ascii.z, Ascii.upperA...Ascii.upperZ, Ascii.underscore: word()
    case Ascii.zero...Ascii.nine: number()
    case Ascii.quote: openString(isRaw: false)
    case Ascii.apostrophe: openString(isRaw: true)
    case Ascii.leftBrace:
      offset += 1
      if !openStrings.isEmpty { openStrings[openStrings.count - 1].braces += 1 }
      emit(.leftBrace, from: start)
    case Ascii.rightBrace: rightBrace()
    case 0x80...:
      if scalar(at: offset).isLetter { word() } else { unexpectedScalar() }
    default: sign()
    }
  }

  private mutating func rightBrace() {
    let start = offset
    offset += 1
    guard let open = openStrings.last else { return emit(.rightBrace, from: start) }
    if open.braces == 0 { return resumeString(from: start) }
    openStrings[openStrings.count - 1].braces -= 1
    emit(.rightBrace, from: start)
  }

  private mutating func word() {
    let start = offset
    skipWord()
    emit(keyword(start) ?? .identifier, from: start)
  }

  /// Moves past letters, digits and `_`.
  mutating func skipWord() {
    while true {
      let byte = bytes[offset]
      if byte.isWordByte {
        offset += 1
      } else if byte >= 0x80 {
        let next = scalar(at: offset)
        guard next.isLetter || next.isDigit else { return }
        offset += next.length
      } else {
        return
      }
    }
  }

  private func keyword(_ start: Int) -> Token.Kind? {
    let length = offset - start
    guard length < Self.keywordsByLength.count else { return nil }
    for (spelling, kind) in Self.keywordsByLength[length]
    where spelling.elementsEqual(bytes[start..<offset]) {
      return kind
    }
    return nil
  }

  private static let keywordsByLength: [[(spelling: [UInt8], kind: Token.Kind)]] = {
    let longest = Token.Kind.keywords.map(\.rawValue.utf8.count).max() ?? 0
    var table = Array(repeating: [(spelling: [UInt8], kind: Token.Kind)](), count: longest + 1)
    for kind in Token.Kind.keywords {
      let spelling = Array(kind.rawValue.utf8)
      table[spelling.count].append((spelling, kind))
    }
    return table
  }()

  // MARK: Output

  /// Appends a token that reaches from `start` to the current offset.
  mutating func emit(_ kind: Token.Kind, from start: Int, payload: UInt64 = 0) {
    output.tokens.append(
      Token(
        kind: kind, isAfterNewline: isAfterNewline, isAfterSpace: isAfterSpace,
        span: Span(start, offset), payload: payload))
    isAfterNewline = false
    isAfterSpace = false
  }

  /// Appends a token that carries a text.
  mutating func emit(_ kind: Token.Kind, from start: Int, text: String) {
    output.strings.append(text)
    emit(kind, from: start, payload: UInt64(output.strings.count - 1))
  }

  /// Reports an error at a range of bytes.
  mutating func report(
    _ code: ErrorCode, _ message: String, _ start: Int, _ end: Int, label: String = "",
    labels: [Diagnostic.Label] = [], notes: [String] = [], isUnfinished: Bool = false
  ) {
    guard output.diagnostics.count < Self.errorLimit else { return }
    output.diagnostics.append(
      Diagnostic(
        .error, code, message, at: Location(source, Span(start, end)), label: label, labels: labels,
        notes: notes, isUnfinished: isUnfinished))
  }
}
