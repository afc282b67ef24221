// The parser: makes the syntax tree of a source by recursive descent, one function per rule.
//
// `mutating` functions consume tokens; what they return covers what they consumed. The grammar is in
// docs/language.md, rule by rule.
//
// Line breaks. A token knows whether a break stands before it; whether that break ends the statement
// is decided here, by the innermost bracket (`ignoresNewlines`) and by the tokens on both sides.
//
// Errors. An error is recorded where it is found and a `Failure` is thrown to the nearest rule that
// knows where to go on: an element of a bracketed list, an arm, or a statement. Each of them moves at
// least one token, so every loop ends. At most 20 errors are kept, one a line; the rest are counted.
//
// Depth. Later passes walk the tree recursively, so the tree's height is limited as well as the
// parser's own nesting: `((((…` and `1 + 1 + 1 + …` end in an error, never in a stack overflow.

import Lexer

/// Makes a program from a source.
public struct Parser {
  /// An error was recorded; somebody above goes on.
  struct Failure: Error {}

  /// Brackets, blocks, lambdas, prefix operators and right operands inside one another. Optimized,
  /// that many take less than half a mebibyte of stack, which is what a thread may have.
  static let nestingLimit = 200
  /// Nodes on the longest way from a statement to a leaf.
  static let heightLimit = 1000

  let source: Source
  let lexed: LexedSource
  let tokens: [Token]
  /// The current token's index; the last token is the end of the file and is never passed.
  var index = 0
  /// True inside `( )`, `[ ]`, `${ }` and the braces of a map.
  var ignoresNewlines = false
  /// True when the last token cannot end a statement, such as an operator.
  var continuesAfterPrevious = false
  var nesting = 0
  /// True after a wrong `if` or `try`, whose `else` or `catch` then is no mistake of its own.
  var hasBrokenHead = false
  /// Height of the expression, block or statement that was made last.
  var height = 0
  /// Token indexes of the brackets that are open.
  var openers: [Int] = []
  /// Indexes of doc comments, and how many of them found their declaration.
  var docs: [Comment]
  var claimedDocs = 0
  /// The `##` lines that open the file and are about all of it.
  var fileDoc: String?

  var diagnostics: [Diagnostic]
  private var errorLines: Set<Int> = []
  /// Errors beyond those that are kept.
  private var furtherErrors = 0
  /// True when nothing more is to be reported because the text is nested too deeply.
  var isAborted = false

  /// Parses a whole file or one entry of a REPL.
  ///
  /// - Parameter source: the text.
  /// - Returns: the tree, and the lexer's and the parser's errors in source order. The tree holds
  ///   what could be understood; run it only when there are no errors. When the text just ended too
  ///   early, there is one error and its `isUnfinished` is true.
  public static func parse(_ source: Source) -> (program: Program, diagnostics: [Diagnostic]) {
    var parser = Parser(source)
    let statements = parser.program()
    let program = Program(source: source, statements: statements, doc: parser.fileDoc)
    return (program, parser.finishedDiagnostics())
  }

  private init(_ source: Source) {
    self.source = source
    lexed = Lexer.lex(source)
    tokens = lexed.tokens
    docs = lexed.comments.filter(\.isDoc)
    diagnostics = []
    for diagnostic in lexed.diagnostics { record(diagnostic) }
  }

  // MARK: The cursor

  var current: Token { tokens[index] }
  var kind: Token.Kind { tokens[index].kind }

  /// The token `distance` after the current one, or the end of the file.
  func peek(_ distance: Int = 1) -> Token { tokens[min(index + distance, tokens.count - 1)] }

  var isAtEnd: Bool { kind == .endOfFile }

  /// End of the last consumed token.
  var previousEnd: Int { index == 0 ? 0 : Int(tokens[index - 1].span.end) }

  /// Moves to the next token.
  mutating func advance() {
    guard !isAtEnd else { return }
    continuesAfterPrevious = kind.continuesAfter
    index += 1
  }

  /// Moves to the next token if it is of this kind.
  mutating func skip(_ wanted: Token.Kind) -> Bool {
    guard kind == wanted, !isAtBreak else { return false }
    advance()
    return true
  }

  /// Whether the statement ends before the current token because a new line starts.
  var isAtBreak: Bool {
    current.isAfterNewline && !ignoresNewlines && !continuesAfterPrevious
      && !kind.continuesBefore
  }

  /// Whether no further part of the statement follows.
  var endsStatement: Bool {
    isAtBreak || kind == .semicolon || kind == .rightBrace || isAtEnd
  }

  /// The source from a token's start to the last consumed token's end.
  func span(from start: UInt32) -> Span { Span(Int(start), max(Int(start), previousEnd)) }

  // MARK: Tokens

  /// Consumes a token of this kind or reports what stands there instead.
  mutating func expect(
    _ wanted: Token.Kind, _ what: String? = nil, notes: [String] = []
  ) throws(Failure) {
    guard kind == wanted, !isAtBreak else {
      throw unexpected(what ?? "`\(wanted.rawValue)`", notes: notes)
    }
    advance()
  }

  /// Consumes an identifier.
  mutating func identifier(_ what: String) throws(Failure) -> Name {
    guard kind == .identifier, !isAtBreak else {
      let notes = kind.isKeyword && !isAtBreak ? ["`\(kind.rawValue)` is a keyword"] : []
      throw unexpected(what, notes: notes)
    }
    return takeWord()
  }

  /// Consumes an identifier or a keyword in the place of a label, a key or a member's name.
  mutating func word(_ what: String) throws(Failure) -> Name {
    guard kind.isWord, !isAtBreak else { throw unexpected(what) }
    return takeWord()
  }

  /// Consumes a word; a keyword that is a name here does not continue the statement.
  mutating func takeWord() -> Name {
    let name = Name(source.text(current.span), current.span)
    advance()
    continuesAfterPrevious = false
    return name
  }

  // MARK: Brackets and depth

  /// What has to be put back when a rule is left by an error.
  struct Context {
    var ignoresNewlines: Bool
    var nesting: Int
    var openCount: Int
  }

  var context: Context {
    Context(ignoresNewlines: ignoresNewlines, nesting: nesting, openCount: openers.count)
  }

  /// Consumes an opening bracket; pass what it returns to `close`.
  mutating func open(ignoringNewlines: Bool) throws(Failure) -> Context {
    let outer = context
    try descend()
    openers.append(index)
    advance()
    ignoresNewlines = ignoringNewlines
    return outer
  }

  /// Consumes the closing bracket of the innermost open one.
  mutating func close(_ outer: Context, _ what: String? = nil) throws(Failure) {
    let opener = openers[openers.count - 1]
    guard let closer = tokens[opener].kind.closer, kind == closer else {
      throw unclosed(opener, what)
    }
    openers.removeLast()
    advance()
    ignoresNewlines = outer.ignoresNewlines
    nesting = outer.nesting
  }

  /// Goes one level deeper; whoever calls it restores `nesting` behind.
  mutating func descend() throws(Failure) {
    nesting += 1
    if nesting > Self.nestingLimit { throw tooDeep("nested too deeply", current.span) }
  }

  /// Reports the limit and gives up: what follows would be guesses.
  mutating func tooDeep(_ message: String, _ span: Span) -> Failure {
    let failure = fail(
      .nestedTooDeeply, message, span,
      notes: ["give parts of it names with `let`, or move them into functions"])
    isAborted = true
    index = tokens.count - 1
    return failure
  }

  /// Makes a node over parts whose tallest has the given height.
  mutating func node(
    _ kind: Expression.Kind, from start: UInt32, over tallest: Int
  ) throws(Failure) -> Expression {
    let span = span(from: start)
    try grow(over: tallest, span)
    return Expression(kind, span)
  }

  /// Notes the height of a node over parts whose tallest has the given height.
  mutating func grow(over tallest: Int, _ span: Span) throws(Failure) {
    height = tallest + 1
    if height > Self.heightLimit { throw tooDeep("the expression is too long", span) }
  }

  // MARK: Errors

  /// Keeps an error unless its line has one; counts it when there are enough.
  mutating func record(_ diagnostic: Diagnostic) {
    guard !isAborted else { return }
    if let location = diagnostic.location {
      let line = source.lineNumber(of: location.span.start)
      guard errorLines.insert(line).inserted else { return }
    }
    if diagnostics.count < [Diagnostic].limit {
      diagnostics.append(diagnostic)
    } else {
      furtherErrors += 1
    }
  }

  private func finishedDiagnostics() -> [Diagnostic] {
    var found = diagnostics.sorted { first, second in
      (first.location?.span.start ?? 0) < (second.location?.span.start ?? 0)
    }
    guard found.count > 1 else { return found }
    for index in found.indices { found[index].isUnfinished = false }
    if furtherErrors > 0 { found[found.count - 1].addCount(furtherErrors) }
    return found
  }
}
