// The syntax tree: what the parser makes and the resolver and the compiler read.
//
// Trees are values. Names are kept as written; what a name means (a local, a captured variable, a
// builtin) is the resolver's answer and stands in its own table, so the tree never changes.

import Lexer

/// A name as written, with its place.
public struct Name: Sendable {
  /// The identifier.
  public var text: String
  /// Where it stands.
  public var span: Span

  /// Makes a name.
  public init(_ text: String, _ span: Span) {
    self.text = text
    self.span = span
  }
}

/// A whole file, or one line of the REPL.
public struct Program: Sendable {
  /// Where it came from.
  public var source: Source
  /// The statements in order.
  public var statements: [Statement]
  /// The `##` lines that open the file, when they are not the first declaration's.
  public var doc: String?

  /// Makes a program.
  public init(source: Source, statements: [Statement], doc: String? = nil) {
    self.source = source
    self.statements = statements
    self.doc = doc
  }
}

/// `{ … }`: statements with a scope of their own; the last expression statement is its value.
public struct Block: Sendable {
  /// The statements in order.
  public var statements: [Statement]
  /// From `{` to `}`.
  public var span: Span

  /// Makes a block.
  public init(statements: [Statement], span: Span) {
    self.statements = statements
    self.span = span
  }
}

/// One statement.
public struct Statement: Sendable {
  /// What it is.
  public var kind: Kind
  /// All of it, without the doc comment.
  public var span: Span
  /// The `##` lines before it or beside it, joined by newlines; nil without any.
  public var doc: String?

  /// Makes a statement.
  public init(_ kind: Kind, _ span: Span, doc: String? = nil) {
    self.kind = kind
    self.span = span
    self.doc = doc
  }

  /// True for `fn name`.
  var isFunction: Bool { if case .function = kind { true } else { false } }

  /// The statements of the language.
  public indirect enum Kind: Sendable {
    /// An expression for its effect or as a block's value. A command call is an `Expression.call`.
    case expression(Expression)
    /// `let p = e` (`isVariable` false) or `var p = e`.
    case declaration(isVariable: Bool, pattern: Pattern, value: Expression)
    /// `target = e`; `target += e` has the operator. Targets are names, members and indexes.
    case assignment(target: Expression, operator: BinaryOperator?, value: Expression)
    /// `fn name(…) { … }`.
    case function(Name, Function)
    /// `param name: type = default`; at least one of type and default is there.
    case parameter(Name, type: Name?, default: Expression?)
    /// `return e?`.
    case returnValue(Expression?)
    /// `throw e`.
    case throwError(Expression)
    /// `while c { … }`.
    case whileLoop(condition: Expression, body: Block)
    /// `for p in e { … }`, `for k, v in e { … }` (one or two patterns).
    case forLoop(variables: [Pattern], sequence: Expression, body: Block)
    /// `break`.
    case breakLoop
    /// `continue`.
    case continueLoop
    /// `defer { … }`.
    case deferred(Block)
    /// `import "path" as name, x: 1`.
    case importModule(path: String, pathSpan: Span, name: Name?, arguments: [Argument])
  }
}

/// One expression.
public struct Expression: Sendable {
  /// What it is.
  public var kind: Kind
  /// All of it.
  public var span: Span

  /// Makes an expression.
  public init(_ kind: Kind, _ span: Span) {
    self.kind = kind
    self.span = span
  }

  /// The expression as the value of a name or a key: a lambda then goes by that.
  func bound(to name: String) -> Expression {
    guard case .function(var function) = kind else { return self }
    function.boundName = name
    return Expression(.function(function), span)
  }

  /// The expressions of the language.
  public indirect enum Kind: Sendable {
    case null
    case bool(Bool)
    case int(Int64)
    case float(Double)
    /// Nanoseconds.
    case duration(Int64)
    /// Text without interpolation, escapes done.
    case string(String)
    /// `"a ${e} b"`: at least one expression among the parts.
    case interpolation([StringPart])
    case name(String)
    case list([Element])
    case map([Entry])
    /// `x => e`, `(a, b) => e`, `x => { … }`, and the body of every `fn`.
    case function(Function)
    /// `a <-> b -> c`: one operand more than arrows.
    case link(operands: [Expression], arrows: [Arrow])
    /// `a ?? b`.
    case coalesce(Expression, Expression)
    /// `a or b`, `a and b`: short circuit.
    case or(Expression, Expression)
    case and(Expression, Expression)
    case not(Expression)
    case negate(Expression)
    /// The rest of the operators; `operatorSpan` is the operator's own place.
    case binary(BinaryOperator, Expression, Expression, operatorSpan: Span)
    /// `a..<b` (`isClosed` false) and `a...b`.
    case range(Expression, Expression, isClosed: Bool)
    /// `f(a, name: b)`, and a command call (`isCommand`).
    case call(Expression, [Argument], isCommand: Bool)
    /// `x[i]`; an index that is a range literal slices.
    case index(Expression, Expression)
    /// `x.name`, or `x?.name` when `isOptional`. The name may be a keyword.
    case member(Expression, Name, isOptional: Bool)
    /// The whole postfix chain in which a `?.` stands: when its left side is null, all of it is null.
    case optionalChain(Expression)
    /// `if c { } else { }`; `else if` is an else block with one expression statement.
    case conditional(condition: Expression, then: Block, otherwise: Block?)
    /// `match v { p if c => e; … }`.
    case match(Expression, [MatchArm])
    /// `try { } catch e { } finally { }`; at least one of catch and finally.
    case attempt(body: Block, error: Name?, handler: Block?, finally: Block?)
    /// `parallel(n) for p in e { }`; one or two patterns.
    case parallelFor(limit: Expression?, variables: [Pattern], sequence: Expression, body: Block)
    /// `parallel { a; b }`.
    case parallelBlock(limit: Expression?, Block)
    /// `{ … }` at statement start: a scope of its own whose value is its last expression.
    case block(Block)
    /// `( e )`; kept so that `(a <-> b)` and `(m)` can be told from bare ones.
    case group(Expression)
  }
}

/// A piece of an interpolated string.
public enum StringPart: Sendable {
  /// Text, escapes done.
  case text(String)
  /// `${e}`.
  case expression(Expression)
}

/// An element of a list literal.
public enum Element: Sendable {
  case value(Expression)
  /// `...xs`.
  case spread(Expression)
}

/// An entry of a map literal.
public enum Entry: Sendable {
  /// `a: 1`, `"b-c": 2`.
  case pair(key: Name, Expression)
  /// `[k]: 3`.
  case computed(key: Expression, Expression)
  /// `...m`.
  case spread(Expression)
}

/// An argument of a call.
public struct Argument: Sendable {
  /// The parameter's name in `name: e`.
  public var name: Name?
  /// `...xs` when true.
  public var isSpread: Bool
  /// The value.
  public var value: Expression

  /// Makes an argument.
  public init(name: Name? = nil, isSpread: Bool = false, value: Expression) {
    self.name = name
    self.isSpread = isSpread
    self.value = value
  }
}

/// Which way a link goes.
public enum Arrow: Sendable {
  /// `<->`.
  case both
  /// `->`.
  case forward
}

/// Operators that take two values and always evaluate both.
public enum BinaryOperator: String, Sendable {
  case add = "+"
  case subtract = "-"
  case multiply = "*"
  case divide = "/"
  case remainder = "%"
  case equal = "=="
  case notEqual = "!="
  case less = "<"
  case lessOrEqual = "<="
  case greater = ">"
  case greaterOrEqual = ">="
  case contains = "in"
  case notContains = "not in"
}

/// The parameters and the body of a `fn` or a lambda.
public struct Function: Sendable {
  /// Its name; nil for a lambda.
  public var name: String?
  /// What a lambda is called in a call stack: the name or key that it is the value of.
  public var boundName: String?
  /// The parameters in order; a rest parameter is last.
  public var parameters: [Parameter]
  /// The statements; `=> e` is a block with that one expression.
  public var body: Block
  /// Head and body.
  public var span: Span

  /// Makes a function.
  public init(name: String?, parameters: [Parameter], body: Block, span: Span) {
    self.name = name
    self.parameters = parameters
    self.body = body
    self.span = span
  }

  /// One parameter.
  public struct Parameter: Sendable {
    /// Its name.
    public var name: Name
    /// Evaluated at each call that lacks it.
    public var defaultValue: Expression?
    /// `...rest` when true.
    public var isRest: Bool

    /// Makes a parameter.
    public init(name: Name, defaultValue: Expression? = nil, isRest: Bool = false) {
      self.name = name
      self.defaultValue = defaultValue
      self.isRest = isRest
    }
  }
}

/// One arm of a `match`.
public struct MatchArm: Sendable {
  /// `p1, p2`: any of them.
  public var patterns: [Pattern]
  /// `if c`.
  public var guardCondition: Expression?
  /// After `=>`; a `{ … }` there is a block.
  public var body: Block
  /// All of it.
  public var span: Span

  /// Makes an arm.
  public init(patterns: [Pattern], guardCondition: Expression?, body: Block, span: Span) {
    self.patterns = patterns
    self.guardCondition = guardCondition
    self.body = body
    self.span = span
  }
}

/// What a value is taken apart by, in `let`, `for`, and `match`.
public struct Pattern: Sendable {
  /// What it is.
  public var kind: Kind
  /// All of it.
  public var span: Span

  /// Makes a pattern.
  public init(_ kind: Kind, _ span: Span) {
    self.kind = kind
    self.span = span
  }

  /// The patterns of the language; `let` and `for` take only `_`, names, lists and maps of these.
  public indirect enum Kind: Sendable {
    /// `_`.
    case wildcard
    /// Binds a name.
    case name(String)
    /// A literal (with `-` for numbers); compared with `==`.
    case literal(Expression)
    /// `a..<b`, `a...b` with literal ends.
    case range(Expression, Expression, isClosed: Bool)
    /// `[a, b]`; `rest` is `...r`'s name pattern, after the others.
    case list([Pattern], rest: Pattern?)
    /// `{kind: "Pod", metadata}`: key and pattern; `metadata` alone binds that name.
    case map([(key: Name, pattern: Pattern)])
  }
}
