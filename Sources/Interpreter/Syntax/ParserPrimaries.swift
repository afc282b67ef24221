// What expressions are made of: literals, lists, maps, and the blocks that have a value.

import Lexer

extension Parser {
  /// primary = literal | NAME | interpolation | group | list | map | if | match | try | parallel.
  ///
  /// literal = INT | FLOAT | DURATION | STRING | "true" | "false" | "null".
  mutating func primary() throws(Failure) -> Expression {
    guard !isAtBreak else { throw unexpected("an expression", .expectedExpression) }
    switch kind {
    case .identifier:
      let start = current.span.start
      let name = takeWord()
      return try node(.name(name.text), from: start, over: 0)
    case .int: return try int()
    case .float: return try leaf(.float(Double(bitPattern: current.payload)))
    case .duration: return try leaf(.duration(Int64(bitPattern: current.payload)))
    case .string: return try leaf(.string(lexed.strings[Int(current.payload)]))
    case .true: return try leaf(.bool(true))
    case .false: return try leaf(.bool(false))
    case .null: return try leaf(.null)
    case .stringHead: return try interpolation()
    case .leftParenthesis: return try group()
    case .leftBracket: return try list()
    case .leftBrace: return try map()
    case .if: return try conditional()
    case .match: return try match()
    case .try: return try attempt()
    case .parallel: return try parallel()
    default: throw missingExpression()
    }
  }

  private mutating func missingExpression() -> Failure {
    if isTailOfBrokenHead { return Failure() }
    var notes: [String] = []
    switch kind {
    case .not: notes = ["put the `not …` in parentheses here"]
    case .return, .throw, .break, .continue:
      notes = ["`\(kind.rawValue)` is a statement; put it in braces: `{ \(kind.rawValue) … }`"]
    case .closedRange: notes = ["`...` spreads inside lists, maps and calls"]
    case .comma where current.isAfterNewline:
      notes = ["a list of arguments goes on when the line before ends with its comma"]
    case .else: notes = ["`else` belongs to an `if` before it"]
    default: break
    }
    return unexpected("an expression", .expectedExpression, notes: notes)
  }

  private mutating func leaf(_ kind: Expression.Kind) throws(Failure) -> Expression {
    let start = current.span.start
    advance()
    return try node(kind, from: start, over: 0)
  }

  mutating func int() throws(Failure) -> Expression {
    guard let value = Int64(exactly: current.payload) else {
      throw fail(
        .numberOutOfRange, "the integer does not fit in 64 bits", current.span,
        notes: ["the largest integer is 9223372036854775807"])
    }
    return try leaf(.int(value))
  }

  /// interpolation = HEAD expression { MIDDLE expression } TAIL.
  private mutating func interpolation() throws(Failure) -> Expression {
    let start = current.span.start
    var parts: [StringPart] = []
    var tallest = 0
    appendText(current, to: &parts)
    let outer = try open(ignoringNewlines: true)
    while true {
      if kind == .stringMiddle || kind == .stringTail {
        throw fail(.expectedExpression, "expected an expression inside `${}`", foundSpan)
      }
      parts.append(.expression(try expression()))
      tallest = max(tallest, height)
      appendText(current, to: &parts)
      guard kind == .stringMiddle else { break }
      advance()
    }
    try close(outer)
    return try node(.interpolation(parts), from: start, over: tallest)
  }

  private func appendText(_ token: Token, to parts: inout [StringPart]) {
    switch token.kind {
    case .stringHead, .stringMiddle, .stringTail:
      let text = lexed.strings[Int(token.payload)]
      if !text.isEmpty { parts.append(.text(text)) }
    default: break
    }
  }

  /// Records that a plain string is wanted.
  mutating func interpolationFailure(_ what: String) -> Failure {
    fail(
      .unexpectedInterpolation, "\(what) is a plain string, without `${…}`", current.span)
  }

  /// group = "(" expression ")".
  private mutating func group() throws(Failure) -> Expression {
    let start = current.span.start
    let outer = try open(ignoringNewlines: true)
    let inner = try expression()
    if kind == .comma {
      throw unexpected("`)`", notes: ["a list is written in brackets: `[a, b]`"])
    }
    try close(outer)
    return try node(.group(inner), from: start, over: height)
  }

  // MARK: Lists and maps

  /// list = "[" [ element { "," element } [ "," ] ] "]".
  ///
  /// element = [ "..." ] expression.
  private mutating func list() throws(Failure) -> Expression {
    let start = current.span.start
    var elements: [Element] = []
    var tallest = 0
    try delimited { (parser) throws(Failure) in
      let isSpread = parser.skip(.closedRange)
      let value = try parser.expression()
      elements.append(isSpread ? .spread(value) : .value(value))
      tallest = max(tallest, parser.height)
    }
    return try node(.list(elements), from: start, over: tallest)
  }

  /// map = "{" [ entry { "," entry } [ "," ] ] "}".
  private mutating func map() throws(Failure) -> Expression {
    let start = current.span.start
    var entries: [Entry] = []
    var seen: [ExactText: Span] = [:]
    var tallest = 0
    try delimited { (parser) throws(Failure) in
      let entry = try parser.entry(&seen)
      entries.append(entry)
      tallest = max(tallest, parser.height)
    }
    return try node(.map(entries), from: start, over: tallest)
  }

  /// entry = key ":" expression | "[" expression "]" ":" expression | "..." expression.
  private mutating func entry(_ seen: inout [ExactText: Span]) throws(Failure) -> Entry {
    if skip(.closedRange) { return .spread(try expression()) }
    if kind == .leftBracket {
      let outer = try open(ignoringNewlines: true)
      let key = try expression()
      try close(outer)
      let tallest = height
      try expect(.colon)
      let value = try expression()
      height = max(tallest, height)
      return .computed(key: key, value)
    }
    let key = try key()
    if let first = seen.updateValue(key.span, forKey: ExactText(key.text)) {
      _ = fail(
        .duplicateKey, "the map has the key \"\(key.text)\" twice", key.span,
        labels: [label(first, "first here")])
    }
    try expect(.colon, notes: ["the entries of a map are written `key: value`"])
    return .pair(key: key, try expression().bound(to: key.text))
  }

  /// key = WORD | STRING.
  mutating func key() throws(Failure) -> Name {
    switch kind {
    case .string:
      let name = Name(lexed.strings[Int(current.payload)], current.span)
      advance()
      return name
    case .stringHead:
      throw fail(
        .unexpectedInterpolation, "a key is a plain string, without `${…}`", current.span,
        notes: ["a computed key stands in brackets: `[\"…\"]: value`"])
    case .int, .float, .duration:
      throw unexpected("a key", notes: ["keys are strings: `\"\(source.text(current.span))\": …`"])
    default:
      return try word("a key")
    }
  }

  // MARK: Expressions with blocks

  /// if = "if" head block { "else" "if" head block } [ "else" block ].
  ///
  /// The chain is read in a loop and put together from its end, so its length costs no stack.
  private mutating func conditional() throws(Failure) -> Expression {
    var branches: [(start: UInt32, condition: Expression, then: Block, height: Int)] = []
    var otherwise: Block?
    var tallest = 0
    while true {
      let start = current.span.start
      try expect(.if)
      let condition = try head()
      let conditionHeight = height
      let then = try block()
      branches.append((start, condition, then, max(conditionHeight, height)))
      guard kind == .else, !isAtBreak else { break }
      advance()
      if kind == .if, !isAtBreak { continue }
      guard kind == .leftBrace, !isAtBreak else { throw unexpected("`{` or `if`") }
      otherwise = try block()
      tallest = height
      break
    }
    while let branch = branches.popLast() {
      let kind = Expression.Kind.conditional(
        condition: branch.condition, then: branch.then, otherwise: otherwise)
      let made = try node(kind, from: branch.start, over: max(tallest, branch.height))
      if branches.isEmpty { return made }
      let statement = Statement(.expression(made), made.span)
      otherwise = Block(statements: [statement], span: made.span)
      // The block and its statement are walked as well.
      tallest = height + 1
    }
    throw Failure()
  }

  /// match = "match" head "{" { arm } "}".
  private mutating func match() throws(Failure) -> Expression {
    let start = current.span.start
    advance()
    let subject = try head()
    var tallest = height
    guard kind == .leftBrace, !isAtBreak else { throw unexpected("`{`") }
    let outer = try open(ignoringNewlines: false)
    var arms: [MatchArm] = []
    while !isAtEnd, kind != .rightBrace {
      if kind == .semicolon {
        advance()
        continue
      }
      if closesOuter { break }
      if let arm = armOrRecover() { arms.append(arm) }
      tallest = max(tallest, height)
    }
    try close(outer)
    return try node(.match(subject, arms), from: start, over: tallest)
  }

  private mutating func armOrRecover() -> MatchArm? {
    let saved = context
    let start = index
    continuesAfterPrevious = true
    do throws(Failure) {
      let arm = try arm()
      if !endsStatement {
        throw unexpected(
          "the end of the arm", .expectedEndOfStatement,
          notes: kind == .comma ? ["arms end at a line break or `;`"] : [])
      }
      return arm
    } catch {
      recoverStatement(saved)
      if index == start, !isAtEnd, kind != .rightBrace { advance() }
      return nil
    }
  }

  /// arm = pattern { "," pattern } [ "if" head ] "=>" ( block | simple ).
  private mutating func arm() throws(Failure) -> MatchArm {
    let start = current.span.start
    var patterns = [try pattern("a pattern")]
    var tallest = height
    while skip(.comma) {
      patterns.append(try pattern("a pattern"))
      tallest = max(tallest, height)
    }
    let condition = skip(.if) ? try head() : nil
    tallest = max(tallest, height)
    guard kind == .lambdaArrow, !isAtBreak else {
      throw unexpected(condition == nil ? "`=>`, `,` or `if`" : "`=>`")
    }
    try descend()
    let body = try armBody()
    nesting -= 1
    height = max(tallest, height)
    return MatchArm(
      patterns: patterns, guardCondition: condition, body: body, span: span(from: start))
  }

  private mutating func armBody() throws(Failure) -> Block {
    advance()
    if kind == .leftBrace { return try block() }
    let start = current.span.start
    let kind = try simpleStatement()
    let span = span(from: start)
    try grow(over: height, span)
    return Block(statements: [Statement(kind, span)], span: span)
  }

  /// try = "try" block [ "catch" [ NAME ] block ] [ "finally" block ].
  private mutating func attempt() throws(Failure) -> Expression {
    let start = current.span.start
    advance()
    let body = try block()
    var tallest = height
    var error: Name?
    var handler: Block?
    var finally: Block?
    if skip(.catch) {
      if kind == .identifier, !isAtBreak { error = takeWord() }
      guard kind == .leftBrace, !isAtBreak else {
        throw unexpected(error == nil ? "a name or `{`" : "`{`")
      }
      handler = try block()
      tallest = max(tallest, height)
    }
    if skip(.finally) {
      finally = try block()
      tallest = max(tallest, height)
    }
    if handler == nil, finally == nil {
      throw fail(
        .missingHandler, "expected `catch` or `finally`, found \(found)", foundSpan,
        notes: ["except", "rescue"].contains(source.text(current.span))
          ? ["write `catch e { }`"] : [], isUnfinished: isAtEnd)
    }
    return try node(
      .attempt(body: body, error: error, handler: handler, finally: finally), from: start,
      over: tallest)
  }

  /// parallel = "parallel" [ "(" expression ")" ] ( loop | block ).
  private mutating func parallel() throws(Failure) -> Expression {
    let start = current.span.start
    advance()
    var limit: Expression?
    var tallest = 0
    if kind == .leftParenthesis, !isAtBreak {
      let outer = try open(ignoringNewlines: true)
      limit = try expression()
      tallest = height
      try close(outer)
    }
    if kind == .for, !isAtBreak {
      let (variables, sequence, body) = try loop()
      return try node(
        .parallelFor(limit: limit, variables: variables, sequence: sequence, body: body),
        from: start, over: max(tallest, height))
    }
    guard kind == .leftBrace, !isAtBreak else { throw unexpected("`for` or `{`") }
    let body = try block()
    return try node(
      .parallelBlock(limit: limit, body), from: start, over: max(tallest, height))
  }
}
