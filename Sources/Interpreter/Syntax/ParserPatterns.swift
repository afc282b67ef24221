// Patterns: what `let`, `for` and `match` take values apart by.

import Lexer

extension Parser {
  /// A pattern of names only, as `let` and `for` take it.
  mutating func bindingPattern(_ what: String) throws(Failure) -> Pattern {
    let pattern = try pattern(what)
    try checkBinds(pattern)
    return pattern
  }

  private mutating func checkBinds(_ pattern: Pattern) throws(Failure) {
    switch pattern.kind {
    case .wildcard, .name: return
    case .literal, .range:
      throw fail(
        .invalidPattern, "a value cannot be a pattern here", pattern.span,
        label: "expected a name", notes: ["values are compared in `match` only"])
    case .list(let patterns, let rest):
      for part in patterns { try checkBinds(part) }
      if let rest { try checkBinds(rest) }
    case .map(let entries):
      for entry in entries { try checkBinds(entry.pattern) }
    }
  }

  /// pattern = NAME | valuePattern | listPattern | mapPattern.
  mutating func pattern(_ what: String) throws(Failure) -> Pattern {
    guard !isAtBreak else { throw unexpected(what) }
    height = 1
    switch kind {
    case .identifier: return namePattern()
    case .leftBracket: return try listPattern()
    case .leftBrace: return try mapPattern()
    case .minus, .int, .float, .duration, .string, .true, .false, .null:
      return try valuePattern()
    case .stringHead: throw interpolationFailure("a pattern")
    default:
      throw unexpected(what, notes: kind.isKeyword ? ["`\(kind.rawValue)` is a keyword"] : [])
    }
  }

  private mutating func namePattern() -> Pattern {
    let name = takeWord()
    return Pattern(name.text == "_" ? .wildcard : .name(name.text), name.span)
  }

  /// valuePattern = patternLiteral [ ( "..<" | "..." ) patternLiteral ].
  private mutating func valuePattern() throws(Failure) -> Pattern {
    let start = current.span.start
    let low = try patternLiteral()
    guard !isAtBreak, kind == .halfOpenRange || kind == .closedRange else {
      return Pattern(.literal(low), low.span)
    }
    let isClosed = kind == .closedRange
    advance()
    let high = try patternLiteral()
    return Pattern(.range(low, high, isClosed: isClosed), span(from: start))
  }

  /// patternLiteral = [ "-" ] literal.
  ///
  /// Only numbers and durations may have a `-`.
  private mutating func patternLiteral() throws(Failure) -> Expression {
    switch kind {
    case .minus:
      let start = current.span.start
      advance()
      guard kind == .int || kind == .float || kind == .duration else {
        throw unexpected("a number")
      }
      if kind == .int, current.payload == 1 << 63 {
        advance()
        return Expression(.int(.min), span(from: start))
      }
      let number = try primary()
      return Expression(.negate(number), span(from: start))
    case .int, .float, .duration, .string, .true, .false, .null: return try primary()
    default: throw unexpected("a literal")
    }
  }

  /// listPattern = "[" [ pattern { "," pattern } ] [ "," ] [ "..." NAME ] [ "," ] "]".
  private mutating func listPattern() throws(Failure) -> Pattern {
    let start = current.span.start
    var patterns: [Pattern] = []
    var rest: Pattern?
    var tallest = 0
    try delimited { (parser) throws(Failure) in
      if let rest {
        throw parser.fail(
          .invalidPattern, "a pattern stands behind the rest", parser.current.span,
          labels: [parser.label(rest.span, "takes all that is left")])
      }
      if parser.skip(.closedRange) {
        guard parser.kind == .identifier else { throw parser.unexpected("a name") }
        rest = parser.namePattern()
      } else {
        let part = try parser.pattern("a pattern")
        patterns.append(part)
        tallest = max(tallest, parser.height)
      }
    }
    let span = span(from: start)
    try grow(over: tallest, span)
    return Pattern(.list(patterns, rest: rest), span)
  }

  /// mapPattern = "{" [ pair { "," pair } [ "," ] ] "}".
  ///
  /// pair = NAME | key ":" pattern.
  private mutating func mapPattern() throws(Failure) -> Pattern {
    let start = current.span.start
    var entries: [(key: Name, pattern: Pattern)] = []
    var tallest = 0
    try delimited { (parser) throws(Failure) in
      let entry = try parser.mapPatternEntry(entries)
      entries.append(entry)
      tallest = max(tallest, parser.height)
    }
    let span = span(from: start)
    try grow(over: tallest, span)
    return Pattern(.map(entries), span)
  }

  private mutating func mapPatternEntry(
    _ others: [(key: Name, pattern: Pattern)]
  ) throws(Failure) -> (key: Name, pattern: Pattern) {
    if kind == .closedRange {
      throw unexpected("a key", notes: ["a map pattern allows further keys as it is"])
    }
    let isName = kind == .identifier
    let key = try key()
    if let first = others.first(where: { ExactText($0.key.text) == ExactText(key.text) }) {
      _ = fail(
        .duplicateKey, "the pattern has the key \"\(key.text)\" twice", key.span,
        labels: [label(first.key.span, "first here")])
    }
    if skip(.colon) { return (key, try pattern("a pattern")) }
    guard isName else {
      throw unexpected(
        "`:` and a pattern", notes: ["only a name alone binds itself: `{name}`"])
    }
    height = 1
    return (key, Pattern(.name(key.text), key.span))
  }
}
