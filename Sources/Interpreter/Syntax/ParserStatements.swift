// Statements, blocks and declarations.

import Lexer

extension Parser {
  /// program = { statement }.
  ///
  /// Each statement is ended by a line break, `;` or the end.
  mutating func program() -> [Statement] {
    var statements: [Statement] = []
    while !isAtEnd {
      if skipSemicolon() { continue }
      if kind.isCloser {
        continuesAfterPrevious = true
        _ = fail(.unexpectedToken, "unexpected \(found): nothing is open here", foundSpan)
        advance()
        continuesAfterPrevious = false
        continue
      }
      if let statement = statementOrRecover() { statements.append(statement) }
    }
    return statements
  }

  /// block = "{" { statement } "}".
  mutating func block() throws(Failure) -> Block {
    let start = current.span.start
    guard kind == .leftBrace, !isAtBreak else { throw unexpected("`{`") }
    let outer = try open(ignoringNewlines: false)
    // A block counts twice: the way through its statement to the next block is the longest.
    try descend()
    var statements: [Statement] = []
    var tallest = 0
    while !isAtEnd, kind != .rightBrace {
      if skipSemicolon() { continue }
      if closesOuter { break }
      guard let statement = statementOrRecover() else { continue }
      tallest = max(tallest, height)
      statements.append(statement)
    }
    try close(outer)
    let span = span(from: start)
    try grow(over: tallest, span)
    return Block(statements: statements, span: span)
  }

  private mutating func skipSemicolon() -> Bool {
    guard kind == .semicolon else { return false }
    advance()
    return true
  }

  /// One statement with its end; nil after an error, then moved to where the next can start.
  private mutating func statementOrRecover() -> Statement? {
    let saved = context
    let start = index
    // The line break before the first token does not end the statement.
    continuesAfterPrevious = true
    do throws(Failure) {
      let statement = try statement()
      if !endsStatement { throw trailing(statement) }
      return statement
    } catch {
      let failed = index
      if tokens[start].kind == .if || tokens[start].kind == .try { hasBrokenHead = true }
      recoverStatement(saved)
      if index == start, !isAtEnd, failed == start, kind != .rightBrace || saved.openCount == 0 {
        advance()
        recoverStatement(saved)
      }
      return nil
    }
  }

  /// Records that a statement goes on where it should end.
  private mutating func trailing(_ statement: Statement) -> Failure {
    if case .expression(let expression) = statement.kind,
      let failure = foreignKeyword(expression)
    {
      return failure
    }
    if isTailOfBrokenHead { return Failure() }
    let isElif = kind == .identifier && ["elif", "elseif"].contains(source.text(current.span))
    if isElif { return unexpected("`else if`", .foreignKeyword) }
    let isList = kind == .comma
    return unexpected(
      "the end of the statement", .expectedEndOfStatement,
      notes: isList ? ["a list is written in brackets: `[a, b]`"] : callNotes(statement))
  }

  private func callNotes(_ statement: Statement) -> [String] {
    if kind == .string || kind == .stringHead, !current.isAfterSpace {
      return ["strings have no prefixes; `${…}` works in every \"…\""]
    }
    switch statement.kind {
    case .expression(let expression): return callNotes(expression)
    case .declaration(_, _, let value), .assignment(_, _, let value):
      guard case .call(let callee, _, _) = value.kind, case .name(let name) = callee.kind,
        kind == .leftBrace, ForeignWords.keyword(name) != nil
      else { return callNotes(value) }
      return ["a function without a name is written `x => …`"]
    default: return []
    }
  }

  private func callNotes(_ expression: Expression) -> [String] {
    switch (expression.kind, kind) {
    case (.call(_, _, isCommand: true), _) where kind == .identifier || kind.isLiteral:
      return ["arguments have commas between them; a call inside one has parentheses: `f(x)`"]
    case (.index, .string), (.index, .identifier), (.call(_, _, isCommand: false), .identifier),
      (.optionalChain, .identifier), (.optionalChain, .string):
      return ["only names and dotted paths can be called without parentheses"]
    case (_, .else): return ["`else` belongs to an `if` before it"]
    case (_, .catch), (_, .finally): return ["`\(kind.rawValue)` belongs to a `try` before it"]
    default: return []
    }
  }

  /// Records that a statement that goes on starts with a keyword of another language.
  private mutating func foreignKeyword(_ expression: Expression) -> Failure? {
    var callee = expression
    if case .call(let called, _, isCommand: _) = expression.kind { callee = called }
    guard case .name(let name) = callee.kind, let advice = ForeignWords.keyword(name) else {
      return nil
    }
    return fail(
      .foreignKeyword, "`\(name)` is no keyword", callee.span, label: advice)
  }

  /// Whether an `else`, `catch` or `finally` stands here whose `if` or `try` is wrong already.
  var isTailOfBrokenHead: Bool {
    hasBrokenHead && (kind == .else || kind == .catch || kind == .finally)
  }

  // MARK: The statements

  /// statement = let | fn | param | import | while | for | block | defer | simple.
  private mutating func statement() throws(Failure) -> Statement {
    let start = current.span.start
    let firstToken = index
    height = 0
    let kind = try statementKind()
    height += 1
    let span = span(from: start)
    switch kind {
    case .declaration, .function, .parameter:
      return Statement(kind, span, doc: doc(from: firstToken))
    default:
      return Statement(kind, span)
    }
  }

  /// defer = "defer" block.
  private mutating func statementKind() throws(Failure) -> Statement.Kind {
    switch kind {
    case .let: return try declaration(isVariable: false)
    case .var: return try declaration(isVariable: true)
    case .fn: return try function()
    case .param: return try parameter()
    case .import: return try importModule()
    case .while: return try whileLoop()
    case .for: return try forLoop()
    case .leftBrace:
      let start = current.span.start
      let block = try block()
      return .expression(try node(.block(block), from: start, over: height))
    case .defer:
      advance()
      return .deferred(try block())
    default: return try simpleStatement()
    }
  }

  /// simple = return | throw | "break" | "continue" | assignment | value.
  ///
  /// return = "return" [ value ].
  ///
  /// throw = "throw" value.
  ///
  /// These may also follow `=>` in an arm of `match`.
  mutating func simpleStatement() throws(Failure) -> Statement.Kind {
    switch kind {
    case .return:
      advance()
      if endsStatement || kind.isCloser { return .returnValue(nil) }
      return .returnValue(try value())
    case .throw:
      advance()
      return .throwError(try value())
    case .break:
      advance()
      return .breakLoop
    case .continue:
      advance()
      return .continueLoop
    default: return try expressionOrAssignment()
    }
  }

  /// assignment = postfix ( "=" | "+=" | "-=" | "*=" | "/=" | "%=" ) value.
  private mutating func expressionOrAssignment() throws(Failure) -> Statement.Kind {
    let target = try value()
    guard !isAtBreak, let (isAssignment, combined) = assignmentOperator, isAssignment else {
      return .expression(target)
    }
    try checkTarget(target)
    let tallest = height
    advance()
    var value = try value()
    height = max(tallest, height)
    switch target.kind {
    case .name(let name): value = value.bound(to: name)
    case .member(_, let name, _): value = value.bound(to: name.text)
    default: break
    }
    return .assignment(target: target, operator: combined, value: value)
  }

  private var assignmentOperator: (Bool, BinaryOperator?)? {
    switch kind {
    case .assign: (true, nil)
    case .plusAssign: (true, .add)
    case .minusAssign: (true, .subtract)
    case .starAssign: (true, .multiply)
    case .slashAssign: (true, .divide)
    case .percentAssign: (true, .remainder)
    default: nil
    }
  }

  private mutating func checkTarget(_ target: Expression) throws(Failure) {
    switch target.kind {
    case .name, .member(_, _, isOptional: false): return
    case .index(_, let index):
      guard case .range = index.kind else { return }
      throw fail(.invalidTarget, "a slice cannot be assigned to", target.span)
    case .call(let callee, let arguments, isCommand: true):
      if let failure = foreignKeyword(target) { throw failure }
      throw fail(
        .invalidTarget, "a call cannot be assigned to", target.span,
        notes: targetNotes(callee, arguments))
    case .optionalChain:
      throw fail(.invalidTarget, "a member behind `?.` cannot be assigned to", target.span)
    case .list, .map, .group:
      throw fail(
        .invalidTarget, "this cannot be assigned to", target.span,
        notes: ["names are bound by taking a value apart with `let [a, b] = …`"])
    default:
      throw fail(
        .invalidTarget, "this cannot be assigned to", target.span,
        label: "expected a name, a member or an index", notes: ["`==` compares"])
    }
  }

  private func targetNotes(_ callee: Expression, _ arguments: [Argument]) -> [String] {
    let name = source.text(callee.span)
    guard kind == .assign, let last = arguments.last, last.name == nil,
      case .name(let word) = last.value.kind
    else {
      return ["`\(name) …` is a call; an index has no space before its `[`"]
    }
    return arguments.count == 1 && Resolver.parameterTypes.contains(name)
      ? ["a name is declared with `let` or `var`: `let \(word) = …`"]
      : ["a named argument is written `\(word): …`"]
  }

  /// let = ( "let" | "var" ) pattern "=" value.
  private mutating func declaration(isVariable: Bool) throws(Failure) -> Statement.Kind {
    let word = kind.rawValue
    advance()
    let pattern = try bindingPattern("a name, `[…]` or `{…}`")
    guard kind == .assign, !isAtBreak else {
      if endsStatement {
        throw fail(
          .missingValue, "expected `=` and a value, found \(found)", foundSpan,
          notes: ["every `\(word)` has a value; `null` is one"])
      }
      throw unexpected("`=`")
    }
    advance()
    let tallest = height
    var value = try value()
    height = max(tallest, height)
    if case .name(let name) = pattern.kind { value = value.bound(to: name) }
    return .declaration(isVariable: isVariable, pattern: pattern, value: value)
  }

  /// fn = "fn" NAME parameters ( block | "=>" body ).
  private mutating func function() throws(Failure) -> Statement.Kind {
    let start = current.span.start
    advance()
    if kind == .leftParenthesis {
      throw fail(
        .unexpectedToken, "expected a name, found `(`", current.span,
        notes: ["a function without a name is written `x => …` or `(a, b) => …`"])
    }
    let name = try identifier("a function name")
    guard kind == .leftParenthesis, !isAtBreak else { throw unexpected("`(`") }
    let parameters = try parameters()
    let tallest = height
    let body: Block
    if kind == .lambdaArrow, !isAtBreak {
      body = try arrowBody()
    } else {
      guard kind == .leftBrace, !isAtBreak else { throw unexpected("`{` or `=>`") }
      body = try block()
    }
    height = max(tallest, height)
    let function = Function(
      name: name.text, parameters: parameters, body: body, span: span(from: start))
    return .function(name, function)
  }

  /// param = "param" NAME ( "=" value | ":" WORD [ "=" value ] ).
  private mutating func parameter() throws(Failure) -> Statement.Kind {
    advance()
    let name = try identifier("a parameter name")
    var type: Name?
    if skip(.colon) { type = try word("a type, such as `string`") }
    if skip(.assign) { return .parameter(name, type: type, default: try value()) }
    if type == nil {
      throw fail(
        .missingValue, "expected `=` and a default or `:` and a type, found \(found)", foundSpan,
        notes: ["a parameter is typed by its default, or by name: `param \(name.text): string`"])
    }
    return .parameter(name, type: type, default: nil)
  }

  /// import = "import" STRING [ "as" NAME ] { "," WORD ":" expression }.
  private mutating func importModule() throws(Failure) -> Statement.Kind {
    advance()
    guard kind == .string, !isAtBreak else {
      if kind == .stringHead { throw interpolationFailure("the path of an import") }
      throw unexpected("a path in quotes")
    }
    let pathSpan = current.span
    let path = lexed.strings[Int(current.payload)]
    advance()
    let name = skip(.as) ? try identifier("a name") : nil
    var arguments: [Argument] = []
    var tallest = 0
    while skip(.comma) {
      let parameter = try word("a parameter's name")
      try expect(.colon)
      arguments.append(Argument(name: parameter, value: try expression()))
      tallest = max(tallest, height)
    }
    height = tallest
    return .importModule(path: path, pathSpan: pathSpan, name: name, arguments: arguments)
  }

  /// while = "while" head block.
  private mutating func whileLoop() throws(Failure) -> Statement.Kind {
    advance()
    let condition = try head()
    let tallest = height
    let body = try block()
    height = max(tallest, height)
    return .whileLoop(condition: condition, body: body)
  }

  /// for = loop.
  private mutating func forLoop() throws(Failure) -> Statement.Kind {
    let (variables, sequence, body) = try loop()
    return .forLoop(variables: variables, sequence: sequence, body: body)
  }

  /// loop = "for" pattern [ "," pattern ] "in" head block.
  mutating func loop() throws(Failure) -> ([Pattern], Expression, Block) {
    try expect(.for)
    if kind == .leftParenthesis {
      throw fail(
        .unexpectedToken, "expected a name, found `(`", current.span,
        notes: ["a loop is written without parentheses: `for x in xs { }`"])
    }
    var variables = [try bindingPattern("a name")]
    var tallest = height
    if skip(.comma) { variables.append(try bindingPattern("a second name")) }
    tallest = max(tallest, height)
    try expect(.in)
    let sequence = try head()
    tallest = max(tallest, height)
    let body = try block()
    height = max(tallest, height)
    return (variables, sequence, body)
  }

  // MARK: Doc comments

  /// The `##` lines right above a declaration, and those beside it, joined by newlines.
  private mutating func doc(from firstToken: Int) -> String? {
    while claimedDocs < docs.count, docs[claimedDocs].nextToken < firstToken { claimedDocs += 1 }
    let limit = kind == .semicolon ? index + 1 : index
    var above: [Comment] = []
    var earlier: [Comment] = []
    var beside: [Comment] = []
    var next = claimedDocs
    while next < docs.count, docs[next].nextToken <= limit {
      let doc = docs[next]
      if doc.nextToken == firstToken, !doc.isTrailing {
        if let last = above.last, !isNextLine(last.span, doc.span) {
          earlier += above
          above.removeAll()
        }
        above.append(doc)
      } else if doc.isTrailing, doc.nextToken > firstToken,
        doc.nextToken >= index || isSameLine(tokens[firstToken].span, doc.span)
      {
        beside.append(doc)
      }
      next += 1
    }
    if !beside.isEmpty { claimedDocs = next }
    if firstToken == 0 { leaveFileDoc(earlier, &above, hasOwn: !beside.isEmpty) }
    let lines = (above + beside).map { text(of: $0) }
    return lines.isEmpty ? nil : lines.joined(separator: "\n")
  }

  /// What opens a file is about the file: lines apart from the first declaration, and those right above
  /// a `param` that has words of its own beside it.
  private mutating func leaveFileDoc(
    _ earlier: [Comment], _ above: inout [Comment], hasOwn: Bool
  ) {
    var lines = earlier
    let isApart = above.last.map { !isNextLine($0.span, tokens[0].span) } ?? false
    if isApart || (hasOwn && tokens[0].kind == .param) {
      lines += above
      above.removeAll()
    }
    fileDoc = lines.isEmpty ? nil : lines.map { text(of: $0) }.joined(separator: "\n")
  }

  private func text(of comment: Comment) -> String {
    var text = source.text(comment.span).drop { $0 == "#" }
    if text.first == " " { text.removeFirst() }
    while text.last == " " || text.last == "\t" { text.removeLast() }
    return String(text)
  }

  private func isNextLine(_ first: Span, _ second: Span) -> Bool {
    source.lineNumber(of: second.start) == source.lineNumber(of: first.start) + 1
  }

  private func isSameLine(_ first: Span, _ second: Span) -> Bool {
    source.position(of: first.start).line == source.position(of: second.start).line
  }
}
