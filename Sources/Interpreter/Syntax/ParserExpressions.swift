// Expressions by precedence: lambda, link, the binary operators, prefix operators, postfix chains,
// and the calls without parentheses.

import Lexer

/// How tightly the binary operators bind.
private enum Level {
  static let coalesce = 1
  static let or = 2
  static let and = 3
  static let not = 4
  static let compare = 5
  static let range = 6
  static let sum = 7
  static let product = 8
}

extension Parser {
  /// value = command | expression.
  ///
  /// It stands at statement start and behind `=`, `=>`, `return`, `throw`.
  mutating func value() throws(Failure) -> Expression {
    if let arguments = commandArguments { return try command(arguments) }
    return try expression()
  }

  /// expression = lambda | link.
  mutating func expression() throws(Failure) -> Expression {
    if isAtLambda { return try lambda() }
    return try link()
  }

  /// head = link.
  ///
  /// It is the condition, subject or sequence before a block.
  mutating func head() throws(Failure) -> Expression {
    try descend()
    let head = try link()
    nesting -= 1
    return head
  }

  // MARK: Commands

  /// Index of the first argument when a command call stands here: a dotted path and, on the same
  /// line behind white space, a token that can start an argument.
  private var commandArguments: Int? {
    guard kind == .identifier, !isAtBreak else { return nil }
    var next = index + 1
    while tokens[next].kind == .dot, tokens[next + 1].kind.isWord { next += 2 }
    let token = tokens[next]
    guard token.isAfterSpace, !token.isAfterNewline, startsArgument(next) else { return nil }
    return next
  }

  private func startsArgument(_ position: Int) -> Bool {
    let next = tokens[min(position + 1, tokens.count - 1)]
    switch tokens[position].kind {
    case .identifier, .int, .float, .duration, .string, .stringHead, .true, .false, .null,
      .leftParenthesis, .leftBracket, .leftBrace:
      return true
    case .not: return next.kind != .in
    // `f -1` and `f ...xs` are calls, `f - 1` and `f ... xs` are not.
    case .minus, .closedRange: return !next.isAfterSpace && next.kind != .endOfFile
    case .if, .match, .try, .parallel: return true
    default: return tokens[position].kind.isWord && next.kind == .colon
    }
  }

  /// command = NAME { "." WORD } argument { "," argument }.
  ///
  /// Inside brackets it takes one argument.
  private mutating func command(_ firstArgument: Int) throws(Failure) -> Expression {
    let start = current.span.start
    var callee = try nameExpression()
    while index < firstArgument {
      advance()
      let member = takeWord()
      callee = try node(.member(callee, member, isOptional: false), from: start, over: height)
    }
    var tallest = height
    var arguments: [Argument] = []
    var hasNamed = false
    repeat {
      arguments.append(try argument(&hasNamed))
      tallest = max(tallest, height)
    } while !ignoresNewlines && skip(.comma)
    return try node(.call(callee, arguments, isCommand: true), from: start, over: tallest)
  }

  private mutating func nameExpression() throws(Failure) -> Expression {
    let start = current.span.start
    let name = try identifier("a name")
    return try node(.name(name.text), from: start, over: 0)
  }

  /// argument = [ WORD ":" ] expression | "..." expression.
  ///
  /// - Parameter hasNamed: whether an argument before this one has a name.
  private mutating func argument(_ hasNamed: inout Bool) throws(Failure) -> Argument {
    let start = current.span
    if kind == .closedRange {
      advance()
      let value = try expression()
      if hasNamed { misplaced(start.union(value.span)) }
      return Argument(isSpread: true, value: value)
    }
    if kind.isWord, peek().kind == .colon {
      let name = takeWord()
      advance()
      hasNamed = true
      return Argument(name: name, value: try expression())
    }
    let value = try expression()
    if hasNamed { misplaced(value.span) }
    return Argument(value: value)
  }

  private mutating func misplaced(_ span: Span) {
    _ = fail(
      .positionalAfterNamed, "a positional argument stands behind a named one", span,
      notes: ["arguments are positional first, then named"])
  }

  // MARK: Lambdas

  private var isAtLambda: Bool {
    guard !isAtBreak else { return false }
    switch kind {
    case .identifier: return isArrow(index + 1)
    case .leftParenthesis: return isParameterList
    default: return false
    }
  }

  private func isArrow(_ position: Int) -> Bool {
    let token = tokens[min(position, tokens.count - 1)]
    return token.kind == .lambdaArrow && (!token.isAfterNewline || ignoresNewlines)
  }

  /// Whether the parenthesis at the cursor opens a lambda's parameters.
  private var isParameterList: Bool {
    switch peek().kind {
    case .rightParenthesis: return isArrow(index + 2)
    case .closedRange: return true
    case .identifier: break
    default: return false
    }
    switch peek(2).kind {
    case .rightParenthesis: return isArrow(index + 3)
    case .comma, .assign: return behindParenthesis(index).map { isArrow($0) } ?? true
    default: return false
    }
  }

  /// Index of the token behind the parenthesis that closes the one at `opener`; nil without any.
  private func behindParenthesis(_ opener: Int) -> Int? {
    var depth = 0
    for next in opener..<tokens.count - 1 {
      if tokens[next].kind.isOpener { depth += 1 }
      if tokens[next].kind.isCloser { depth -= 1 }
      if depth == 0 { return next + 1 }
    }
    return nil
  }

  /// lambda = ( NAME | parameters ) "=>" body.
  private mutating func lambda() throws(Failure) -> Expression {
    let start = current.span.start
    let outerNesting = nesting
    try descend()
    let parameters: [Function.Parameter]
    if kind == .leftParenthesis {
      parameters = try self.parameters()
    } else {
      height = 0
      parameters = [Function.Parameter(name: takeWord())]
    }
    let tallest = height
    guard kind == .lambdaArrow else {
      throw unexpected("`=>`")
    }
    let body = try arrowBody()
    nesting = outerNesting
    let function = Function(
      name: nil, parameters: parameters, body: body, span: span(from: start))
    return try node(.function(function), from: start, over: max(tallest, height))
  }

  /// body = block | value.
  mutating func arrowBody() throws(Failure) -> Block {
    advance()
    if kind == .leftBrace { return try block() }
    let expression = try value()
    try grow(over: height, expression.span)
    let statement = Statement(.expression(expression), expression.span)
    return Block(statements: [statement], span: expression.span)
  }

  /// parameters = "(" [ parameter { "," parameter } [ "," ] ] ")".
  mutating func parameters() throws(Failure) -> [Function.Parameter] {
    var parameters: [Function.Parameter] = []
    var tallest = 0
    try delimited { (parser) throws(Failure) in
      let parameter = try parser.functionParameter(after: parameters)
      parameters.append(parameter)
      tallest = max(tallest, parser.height)
    }
    height = tallest
    return parameters
  }

  /// parameter = NAME [ "=" value ] | "..." NAME.
  private mutating func functionParameter(
    after others: [Function.Parameter]
  ) throws(Failure) -> Function.Parameter {
    height = 0
    if let rest = others.last, rest.isRest {
      throw fail(
        .invalidParameter, "a parameter stands behind the rest parameter", current.span,
        labels: [label(rest.name.span, "takes all that is left")])
    }
    let isRest = skip(.closedRange)
    let name = try identifier("a parameter name")
    if kind == .assign, isRest {
      throw fail(.invalidParameter, "a rest parameter has no default", current.span)
    }
    if skip(.assign) {
      return Function.Parameter(name: name, defaultValue: try value())
    }
    // All behind the first one with a default have one, so the last one tells.
    if !isRest, others.last?.defaultValue != nil,
      let optional = others.first(where: { $0.defaultValue != nil })
    {
      throw fail(
        .invalidParameter, "a parameter without a default stands behind one with a default",
        name.span, labels: [label(optional.name.span, "has a default")])
    }
    return Function.Parameter(name: name, isRest: isRest)
  }

  // MARK: Operators

  /// link = default { ( "<->" | "->" ) default }.
  mutating func link() throws(Failure) -> Expression {
    let start = current.span.start
    let first = try binary(Level.coalesce)
    guard !isAtBreak, kind == .bothWays || kind == .oneWay else { return first }
    var operands = [first]
    var arrows: [Arrow] = []
    var tallest = height
    while !isAtBreak, kind == .bothWays || kind == .oneWay {
      arrows.append(kind == .bothWays ? .both : .forward)
      advance()
      operands.append(try binary(Level.coalesce))
      tallest = max(tallest, height)
    }
    return try node(.link(operands: operands, arrows: arrows), from: start, over: tallest)
  }

  /// The binary operators that bind at least as tightly as `minimum`, by precedence climbing.
  ///
  /// default = or { "??" or }.
  ///
  /// or = and { "or" and }.
  ///
  /// and = negation { "and" negation }.
  ///
  /// comparison = range [ comparator range ].
  ///
  /// range = sum [ ( "..<" | "..." ) sum ].
  ///
  /// sum = product { ( "+" | "-" ) product }.
  ///
  /// product = unary { ( "*" | "/" | "%" ) unary }.
  private mutating func binary(_ minimum: Int) throws(Failure) -> Expression {
    let start = current.span.start
    var left =
      kind == .not && minimum <= Level.not && !isAtBreak ? try negation() : try unary()
    var unchainable = 0
    while let level = operatorLevel, level >= minimum {
      if level == unchainable { throw chained(level) }
      if level == Level.compare || level == Level.range { unchainable = level }
      left = try operation(left, level, start)
    }
    return left
  }

  /// The level of the operator at the cursor; nil when there is none.
  ///
  /// comparator = "==" | "!=" | "<" | "<=" | ">" | ">=" | "in" | "not" "in".
  private var operatorLevel: Int? {
    guard !isAtBreak else { return nil }
    switch kind {
    case .coalesce: return Level.coalesce
    case .or: return Level.or
    case .and: return Level.and
    case .equal, .notEqual, .less, .lessOrEqual, .greater, .greaterOrEqual, .in:
      return Level.compare
    case .not: return peek().kind == .in ? Level.compare : nil
    case .halfOpenRange, .closedRange: return Level.range
    case .plus, .minus: return Level.sum
    case .star, .slash, .percent: return Level.product
    default: return nil
    }
  }

  /// Consumes the operator at the cursor and its right side.
  private mutating func operation(
    _ left: Expression, _ level: Int, _ start: UInt32
  ) throws(Failure) -> Expression {
    let leftHeight = height
    let sign = kind
    var place = current.span
    advance()
    if sign == .not {
      place = place.union(current.span)
      advance()
    }
    try descend()
    let right = try binary(level + 1)
    nesting -= 1
    let tallest = max(leftHeight, height)
    let made: Expression.Kind =
      switch sign {
      case .coalesce: .coalesce(left, right)
      case .or: .or(left, right)
      case .and: .and(left, right)
      case .halfOpenRange: .range(left, right, isClosed: false)
      case .closedRange: .range(left, right, isClosed: true)
      case .not: .binary(.notContains, left, right, operatorSpan: place)
      default:
        .binary(
          BinaryOperator(rawValue: sign.rawValue) ?? .equal, left, right, operatorSpan: place)
      }
    return try node(made, from: start, over: tallest)
  }

  private mutating func chained(_ level: Int) -> Failure {
    if level == Level.range {
      return fail(.chainedComparison, "ranges do not chain", current.span)
    }
    return fail(
      .chainedComparison, "comparisons do not chain", current.span,
      notes: ["write `a < b and b < c`"])
  }

  /// negation = "not" negation | comparison.
  private mutating func negation() throws(Failure) -> Expression {
    let start = current.span.start
    try descend()
    advance()
    let operand = try binary(Level.not)
    nesting -= 1
    return try node(.not(operand), from: start, over: height)
  }

  /// unary = "-" unary | postfix.
  private mutating func unary() throws(Failure) -> Expression {
    guard kind == .minus, !isAtBreak else { return try postfix() }
    let start = current.span.start
    advance()
    if let least = try leastInt(from: start) { return least }
    try descend()
    let operand = try unary()
    nesting -= 1
    return try node(.negate(operand), from: start, over: height)
  }

  /// `-9223372036854775808`, whose digits alone do not fit.
  private mutating func leastInt(from start: UInt32) throws(Failure) -> Expression? {
    guard kind == .int, current.payload == 1 << 63 else { return nil }
    advance()
    return try node(.int(.min), from: start, over: 0)
  }

  // MARK: Postfix

  /// postfix = primary { call | index | member }.
  ///
  /// member = ( "." | "?." ) WORD.
  private mutating func postfix() throws(Failure) -> Expression {
    let start = current.span.start
    var base = try primary()
    var isOptional = false
    while !isAtBreak {
      switch kind {
      case .leftParenthesis: base = try call(base, start)
      case .leftBracket: base = try index(base, start)
      case .dot, .questionDot:
        let isMaybe = kind == .questionDot
        isOptional = isOptional || isMaybe
        advance()
        let name = try word("a name behind `.`")
        base = try node(
          .member(base, name, isOptional: isMaybe), from: start, over: height)
      default:
        return isOptional ? try node(.optionalChain(base), from: start, over: height) : base
      }
    }
    return isOptional ? try node(.optionalChain(base), from: start, over: height) : base
  }

  /// call = "(" [ argument { "," argument } [ "," ] ] ")".
  private mutating func call(_ callee: Expression, _ start: UInt32) throws(Failure) -> Expression {
    var arguments: [Argument] = []
    var hasNamed = false
    var tallest = height
    try delimited { (parser) throws(Failure) in
      let argument = try parser.argument(&hasNamed)
      arguments.append(argument)
      tallest = max(tallest, parser.height)
    }
    return try node(.call(callee, arguments, isCommand: false), from: start, over: tallest)
  }

  /// index = "[" expression "]".
  private mutating func index(_ base: Expression, _ start: UInt32) throws(Failure) -> Expression {
    let tallest = height
    let outer = try open(ignoringNewlines: true)
    let index = try expression()
    try close(outer)
    return try node(.index(base, index), from: start, over: max(tallest, height))
  }

  /// A bracketed list of items with commas between; an error in one item does not hide the others.
  mutating func delimited(
    _ item: (inout Parser) throws(Failure) -> Void
  ) throws(Failure) {
    let closer = kind.closer
    let outer = try open(ignoringNewlines: true)
    let inner = context
    while kind != closer {
      if isAtEnd || isAtStatementKeyword { throw unclosed(openers[openers.count - 1]) }
      let start = index
      do throws(Failure) {
        try item(&self)
        if kind != closer, kind != .comma {
          let shown = closer?.rawValue ?? ""
          throw unclosed(openers[openers.count - 1], "`,` or `\(shown)`")
        }
      } catch {
        guard recoverElement(inner) else { throw error }
      }
      if kind == .comma { advance() }
      if index == start { break }
    }
    try close(outer)
  }
}
