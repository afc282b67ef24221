// Operators and punctuation, and the signs of other languages that people type out of habit.

extension Lexer {
  /// Reads an operator or punctuation, longest match first.
  mutating func sign() {
    if foreignSign() { return }
    let start = offset
    let (first, second, third) = (bytes[offset], bytes[offset + 1], bytes[offset + 2])
    if let kind = Self.threeByteSign(first, second, third) {
      offset += 3
      return emit(kind, from: start)
    }
    if let kind = Self.twoByteSign(first, second) {
      offset += 2
      return emit(kind, from: start)
    }
    guard let kind = Self.oneByteSign(first) else { return unexpectedScalar() }
    offset += 1
    emit(kind, from: start)
  }

  private static func threeByteSign(_ a: UInt8, _ b: UInt8, _ c: UInt8) -> Token.Kind? {
    switch (a, b, c) {
    case (Ascii.less, Ascii.minus, Ascii.greater): .bothWays
    case (Ascii.dot, Ascii.dot, Ascii.less): .halfOpenRange
    case (Ascii.dot, Ascii.dot, Ascii.dot): .closedRange
    default: nil
    }
  }

  private static func twoByteSign(_ a: UInt8, _ b: UInt8) -> Token.Kind? {
    switch (a, b) {
    case (Ascii.assign, Ascii.assign): .equal
    case (Ascii.bang, Ascii.assign): .notEqual
    case (Ascii.less, Ascii.assign): .lessOrEqual
    case (Ascii.greater, Ascii.assign): .greaterOrEqual
    case (Ascii.assign, Ascii.greater): .lambdaArrow
    case (Ascii.minus, Ascii.greater): .oneWay
    case (Ascii.question, Ascii.question): .coalesce
    case (Ascii.question, Ascii.dot): .questionDot
    case (Ascii.plus, Ascii.assign): .plusAssign
    case (Ascii.minus, Ascii.assign): .minusAssign
    case (Ascii.star, Ascii.assign): .starAssign
    case (Ascii.slash, Ascii.assign): .slashAssign
    case (Ascii.percent, Ascii.assign): .percentAssign
    default: nil
    }
  }

  private static func oneByteSign(_ byte: UInt8) -> Token.Kind? {
    switch byte {
    case Ascii.leftParenthesis: .leftParenthesis
    case Ascii.rightParenthesis: .rightParenthesis
    case Ascii.leftBracket: .leftBracket
    case Ascii.rightBracket: .rightBracket
    case Ascii.comma: .comma
    case Ascii.semicolon: .semicolon
    case Ascii.colon: .colon
    case Ascii.dot: .dot
    case Ascii.assign: .assign
    case Ascii.less: .less
    case Ascii.greater: .greater
    case Ascii.plus: .plus
    case Ascii.minus: .minus
    case Ascii.star: .star
    case Ascii.slash: .slash
    case Ascii.percent: .percent
    default: nil
    }
  }

  /// Reports `&&` and its like and goes on with the operator that was meant.
  private mutating func foreignSign() -> Bool {
    let (first, second, third) = (bytes[offset], bytes[offset + 1], bytes[offset + 2])
    switch (first, second, third) {
    case (Ascii.ampersand, Ascii.ampersand, _): replace(2, .and)
    case (Ascii.bar, Ascii.bar, _): replace(2, .or)
    case (Ascii.assign, Ascii.assign, Ascii.assign): replace(3, .equal)
    case (Ascii.bang, Ascii.assign, Ascii.assign): replace(3, .notEqual)
    case (Ascii.bang, let next, _) where next != Ascii.assign: replace(1, .not)
    case (Ascii.less, Ascii.greater, _): replace(2, .notEqual)
    case (Ascii.less, Ascii.assign, Ascii.greater): replace(3, .bothWays)
    case (Ascii.less, Ascii.minus, Ascii.minus) where bytes[offset + 3] == Ascii.greater:
      replace(4, .bothWays)
    case (Ascii.minus, Ascii.minus, Ascii.greater): replace(3, .oneWay)
    case (Ascii.colon, Ascii.assign, _): replace(2, .assign)
    case (Ascii.star, Ascii.star, _):
      replace(2, .star, label: "there is no power operator; multiply")
    case (Ascii.dot, Ascii.dot, let next) where next != Ascii.dot && next != Ascii.less:
      replace(2, .halfOpenRange, label: "write `..<` without the end, or `...` with it")
    case (Ascii.plus, Ascii.plus, _): step(.plusAssign)
    case (Ascii.minus, Ascii.minus, _) where isDecrement: step(.minusAssign)
    case (Ascii.slash, Ascii.slash, _), (Ascii.slash, Ascii.star, _): foreignComment()
    default: return false
    }
    return true
  }

  private mutating func replace(_ length: Int, _ kind: Token.Kind, label: String? = nil) {
    let start = offset
    offset += length
    let written = String(decoding: bytes[start..<offset], as: UTF8.self)
    report(
      .foreignOperator, "`\(written)` is not an operator", start, offset,
      label: label ?? "write `\(kind.rawValue)`")
    emit(kind, from: start)
  }

  /// `i++` becomes `i += 1`.
  private mutating func step(_ kind: Token.Kind) {
    replace(2, kind, label: "write `\(kind.rawValue) 1`")
    emit(.int, from: offset, payload: 1)
  }

  /// Whether the `--` here stands right behind a name and ends its statement; `a --b` is arithmetic.
  private var isDecrement: Bool {
    guard offset > 0, bytes[offset - 1].isWordByte else { return false }
    var next = offset + 2
    while bytes[next] == Ascii.space || bytes[next] == Ascii.tab { next += 1 }
    let ends = [Ascii.newline, Ascii.carriageReturn, Ascii.semicolon, Ascii.rightBrace, Ascii.hash]
    return next >= end || ends.contains(bytes[next])
  }

  /// Reports a comment of another language and skips it.
  private mutating func foreignComment() {
    let start = offset
    let isBlock = bytes[offset + 1] == Ascii.star
    while offset < end, bytes[offset] != Ascii.newline {
      offset += 1
      if isBlock, offset > start + 3, bytes[offset - 2] == Ascii.star,
        bytes[offset - 1] == Ascii.slash
      {
        break
      }
    }
    isAfterSpace = true
    report(
      .foreignOperator, "`\(isBlock ? "/*" : "//")` is not an operator", start, start + 2,
      label: "a comment starts with `#`",
      notes: isBlock || output.tokens.isEmpty ? [] : ["a division of ints truncates: `a / b`"])
  }

  /// Reports a string in the quotes of a typewriter's or another language's and goes on with the string.
  private mutating func foreignString(_ opening: Unicode.Scalar) -> Bool {
    guard let closers = Self.foreignClosers(opening) else { return false }
    let start = offset
    var next = offset + scalar(at: offset).length
    let text = next
    while next < end, bytes[next] != Ascii.newline {
      let found = scalar(at: next)
      if let value = found.value, closers.contains(value.value) {
        offset = next + found.length
        report(
          .unexpectedCharacter, "unexpected character \(Self.display(opening))", start, offset,
          label: "write the string in straight quotes: \"…\"")
        emit(.string, from: start, text: String(decoding: bytes[text..<next], as: UTF8.self))
        return true
      }
      next += found.length
    }
    return false
  }

  private static func foreignClosers(_ opening: Unicode.Scalar) -> [UInt32]? {
    switch opening.value {
    case 0x201C, 0x201D, 0x201E: [0x201C, 0x201D, 0x201E]
    case 0x2018, 0x2019, 0x201A: [0x2018, 0x2019]
    case 0xAB: [0xBB]
    case 0x60: [0x60]
    default: nil
    }
  }

  /// Reports and skips characters that start no token; a run of them is one error.
  mutating func unexpectedScalar() {
    let start = offset
    let found = scalar(at: offset)
    if let value = found.value, foreignString(value) { return }
    offset += found.length
    isAfterSpace = true
    // Malformed bytes are reported by the check of the encoding.
    guard let value = found.value else { return }
    report(
      .unexpectedCharacter, "unexpected character \(Self.display(value))", start, offset,
      notes: Self.hint(value).map { [$0] } ?? [])
  }

  private static func display(_ scalar: Unicode.Scalar) -> String {
    let number = String(scalar.value, radix: 16, uppercase: true)
    let code = "U+" + String(repeating: "0", count: max(0, 4 - number.count)) + number
    if scalar == "`" { return "\"`\"" }
    if scalar.isASCII { return scalar.value > 0x20 && scalar.value < 0x7F ? "`\(scalar)`" : code }
    switch scalar.properties.generalCategory {
    case .control, .format, .spaceSeparator, .lineSeparator, .paragraphSeparator, .unassigned,
      .privateUse, .nonspacingMark, .enclosingMark, .surrogate:
      return code
    default: return "`\(scalar)` (\(code))"
    }
  }

  private static func hint(_ scalar: Unicode.Scalar) -> String? {
    switch scalar.value {
    case 0x201C, 0x201D, 0x201E, 0xAB, 0xBB: "strings are written with straight quotes: \"…\""
    case 0x2018, 0x2019, 0x60: "strings are written with straight quotes: \"…\" or '…'"
    case 0x2013, 0x2014, 0x2212: "minus is written `-`"
    case 0xD7: "times is written `*`"
    case 0x2194, 0x27F7: "a link both ways is written `<->`"
    case 0x2192, 0x27F6: "a link one way is written `->`"
    case 0xA0, 0x2000...0x200D, 0x202F, 0x3000, 0xFEFF: "it looks like a space; use a plain one"
    case 0x3F: "there is no `a ? b : c`; write `if a { b } else { c }`"
    case 0x26: "logic is written `and`"
    case 0x7C: "logic is written `or`; calls are chained with `.`"
    case 0x5C: "a line goes on after an operator or a comma, and inside brackets"
    case 0x5E, 0x7E: "there are no operators for bits or powers"
    case 0x24: "`${…}` stands in strings only; elsewhere write the bare name"
    default: nil
    }
  }
}
