// How the parser words its errors, and how it finds its way back after one.

import Lexer

extension Parser {
  /// Records an error and makes the failure to throw.
  mutating func fail(
    _ code: ErrorCode, _ message: String, _ span: Span, label: String = "",
    labels: [Diagnostic.Label] = [], notes: [String] = [], isUnfinished: Bool = false
  ) -> Failure {
    record(
      Diagnostic(
        .error, code, message, at: Location(source, span), label: label, labels: labels,
        notes: notes, isUnfinished: isUnfinished))
    return Failure()
  }

  /// A label at another place of this source.
  func label(_ span: Span, _ text: String) -> Diagnostic.Label {
    Diagnostic.Label(Location(source, span), text)
  }

  /// Records that something else was expected at the current token.
  mutating func unexpected(
    _ what: String, _ code: ErrorCode = .unexpectedToken, notes: [String] = []
  ) -> Failure {
    if let opener = openers.last, isAtEnd || closesOther(than: opener) {
      return unclosed(opener, code == .unexpectedToken ? what : nil)
    }
    // The lexer has said already that the text breaks off.
    if isAtEnd, lexed.diagnostics.contains(where: \.isUnfinished) { return Failure() }
    return fail(
      code, "expected \(what), found \(found)", foundSpan, notes: notes + habitNotes(what),
      isUnfinished: isAtEnd && continuesAfterPrevious)
  }

  /// Records that the bracket at token `opener` is not closed where it should be.
  mutating func unclosed(_ opener: Int, _ what: String? = nil) -> Failure {
    if isAtEnd, lexed.diagnostics.contains(where: \.isUnfinished) { return Failure() }
    let open = tokens[opener].kind
    let closer = open == .stringHead ? "}" : open.closer?.rawValue ?? ""
    let expected = what ?? "`\(closer)`"
    let isUnclosed = isAtEnd || kind.isCloser || isAtStatementKeyword
    let place = isAtStatementKeyword ? Span(previousEnd, previousEnd) : foundSpan
    return fail(
      isUnclosed ? .unclosedBracket : .unexpectedToken, "expected \(expected), found \(found)",
      place, labels: [label(openerSpan(opener), "opened here")], notes: habitNotes(expected),
      isUnfinished: isAtEnd)
  }

  private func openerSpan(_ opener: Int) -> Span {
    let span = tokens[opener].span
    return tokens[opener].kind == .stringHead ? Span(Int(span.end) - 2, Int(span.end)) : span
  }

  private func closesOther(than opener: Int) -> Bool {
    kind.isCloser && tokens[opener].kind.closer != kind
  }

  /// Whether the current token closes a bracket around the innermost open one.
  var closesOuter: Bool {
    switch kind {
    case .stringMiddle, .stringTail: true
    case .rightParenthesis, .rightBracket, .rightBrace:
      openers.dropLast().contains { tokens[$0].kind.closer == kind }
    default: false
    }
  }

  /// Whether a line starts with a keyword that only a statement can start with.
  var isAtStatementKeyword: Bool {
    guard current.isAfterNewline else { return false }
    switch kind {
    case .let, .var, .fn, .param, .import, .for, .while, .return, .throw, .defer:
      return peek().kind != .colon
    default: return false
    }
  }

  /// The current token in words.
  var found: String {
    if isAtEnd { return "end of file" }
    if isAtBreak { return "end of line" }
    switch kind {
    case .identifier: return "name `\(source.text(current.span))`"
    case .int, .float: return "number `\(source.text(current.span))`"
    case .duration: return "duration `\(source.text(current.span))`"
    case .string, .stringHead: return "a string"
    case .stringMiddle, .stringTail: return "the `}` of `${`"
    default:
      return kind.isKeyword ? "keyword `\(kind.rawValue)`" : "`\(kind.rawValue)`"
    }
  }

  /// Where the found thing is: the place behind the last token when the line or the file ended.
  var foundSpan: Span {
    if isAtEnd || isAtBreak { return Span(previousEnd, previousEnd) }
    return current.kind == .stringMiddle || current.kind == .stringTail
      ? Span(Int(current.span.start), Int(current.span.start) + 1) : current.span
  }

  /// Help for what people bring along from other languages.
  private func habitNotes(_ what: String) -> [String] {
    guard !isAtEnd else { return [] }
    if isAtBreak {
      return kind == .leftBrace ? ["the `{` stands on the same line"] : []
    }
    if let note = habitNote(what) { return [note] }
    return what == "`{`" ? ["a block stands in braces: `{ … }`"] : []
  }

  private func habitNote(_ what: String) -> String? {
    let opener = openers.last.map { tokens[$0].kind }
    switch kind {
    case .assign where opener == .leftParenthesis && what.contains("`)`"):
      return "a named argument is written `name: value`; `==` compares"
    case .assign where what == "`:`": return nil
    case .assign: return "`==` compares; `=` assigns and is a statement of its own"
    case .plusAssign, .minusAssign, .starAssign, .slashAssign, .percentAssign:
      return "an assignment is a statement; in a lambda put it in braces: `x => { n += x }`"
    case .lambdaArrow where what == "`:`": return nil
    case .lambdaArrow: return "a lambda inside an expression stands in parentheses"
    case .oneWay where what.contains("`{`"): return "a function declares no type for its result"
    case .oneWay where what.hasPrefix("`=>`"), .colon where what.hasPrefix("`=>`"):
      return "an arm is written `pattern => value`"
    case .colon where what == "`=`" || opener == .leftParenthesis && what.contains("`)`"):
      return "names and parameters have no types"
    case .colon where opener == .leftBrace && what.hasPrefix("the end"):
      return "a `{` at the start of a statement opens a block; put a map there in parentheses"
    case .fn where !current.isAfterNewline: return "a function without a name is written `x => …`"
    case .identifier: return habitNote(source.text(current.span), what, opener)
    default:
      let isNextLine = current.isAfterNewline && what.hasPrefix("`,` or")
      return isNextLine ? "a comma is missing at the end of the line before" : nil
    }
  }

  /// What a name that stands in the wrong place was likely meant as.
  private func habitNote(_ word: String, _ what: String, _ opener: Token.Kind?) -> String? {
    switch (word, what) {
    case ("is", _): return "equality is written `==`, `!=`"
    case ("of", "`in`"): return "write `in`"
    case ("then", _), ("do", _): return "a block stands in braces: `{ … }`"
    case ("except", _), ("rescue", _): return "write `catch e { }`"
    default: break
    }
    if current.isAfterNewline, what.hasPrefix("`,` or") {
      return "a comma is missing at the end of the line before"
    }
    if opener == .leftParenthesis, tokens[index - 1].kind.isWord {
      return "inside parentheses a call has parentheses of its own: `f(x)`"
    }
    return nil
  }

  // MARK: Recovery

  /// Puts back what an error left behind and moves to where a statement can start.
  mutating func recoverStatement(_ saved: Context) {
    var pending = openers[saved.openCount...].map { tokens[$0].kind }
    openers.removeSubrange(saved.openCount...)
    ignoresNewlines = saved.ignoresNewlines
    nesting = saved.nesting
    continuesAfterPrevious = false
    while !isAtEnd {
      if pending.isEmpty {
        if kind == .semicolon || kind == .rightBrace || isAtBreak { return }
      } else if isAtStatementKeyword, !pending.contains(.leftBrace) {
        return
      }
      if kind.isCloser, !Self.closeOne(kind, &pending) {
        if kind == .rightBrace { return }
      }
      if kind.isOpener { pending.append(kind) }
      advance()
      continuesAfterPrevious = false
    }
  }

  /// Moves to the next `,` or the closer of the bracket that is open in `saved`.
  ///
  /// - Returns: false when it is not to be found.
  mutating func recoverElement(_ saved: Context) -> Bool {
    guard !isAborted, saved.openCount > 0 else { return false }
    var pending = openers[saved.openCount...].map { tokens[$0].kind }
    let opener = openers[saved.openCount - 1]
    let start = index
    while !isAtEnd {
      if pending.isEmpty, kind == .comma || kind == tokens[opener].kind.closer { break }
      if isAtStatementKeyword, !pending.contains(.leftBrace) { break }
      if kind.isCloser, !Self.closeOne(kind, &pending) { break }
      if kind.isOpener { pending.append(kind) }
      index += 1
    }
    guard kind == .comma || kind == tokens[opener].kind.closer, pending.isEmpty else {
      index = start
      return false
    }
    openers.removeSubrange(saved.openCount...)
    ignoresNewlines = saved.ignoresNewlines
    nesting = saved.nesting
    return true
  }

  /// Takes brackets off `pending` down to the one that `closer` closes; false when there is none.
  private static func closeOne(_ closer: Token.Kind, _ pending: inout [Token.Kind]) -> Bool {
    guard let match = pending.lastIndex(where: { $0.closer == closer }) else { return false }
    pending.removeSubrange(match...)
    return true
  }
}
