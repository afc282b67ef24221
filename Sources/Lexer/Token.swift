// The tokens: their kinds, whose raw values are how they are spelled, and what the lexer hands on.

/// One word, literal or sign of a source.
public struct Token: Sendable, BitwiseCopyable {
  /// What it is.
  public var kind: Kind
  /// True when a line break stands between this token and the one before it.
  public var isAfterNewline: Bool
  /// True when white space or a comment stands between this token and the one before it.
  public var isAfterSpace: Bool
  /// Where it stands.
  public var span: Span
  /// An int's magnitude, a float's bits, a duration's nanoseconds, or an index into `strings`.
  public var payload: UInt64

  /// The kinds of tokens; a keyword's or sign's raw value is its spelling.
  public enum Kind: String, Sendable, CaseIterable, BitwiseCopyable {
    case endOfFile = "end of file"
    case identifier = "name"
    case int = "number"
    case float = "float"
    case duration
    /// A whole string without interpolation.
    case string
    /// `"text${`.
    case stringHead = "string with `${`"
    /// `}text${`.
    case stringMiddle = "`}${` in a string"
    /// `}text"`.
    case stringTail = "end of `${…}`"

    case and, `as`, `break`, `catch`, `continue`, `defer`, `else`, `false`, finally, fn
    case `for`, `if`, `import`, `in`, `let`, match, not, null, or, parallel, param
    case `return`, `throw`, `true`, `try`, `var`, `while`

    case leftParenthesis = "("
    case rightParenthesis = ")"
    case leftBracket = "["
    case rightBracket = "]"
    case leftBrace = "{"
    case rightBrace = "}"
    case comma = ","
    case semicolon = ";"
    case colon = ":"
    case dot = "."
    case questionDot = "?."
    case assign = "="
    case plusAssign = "+="
    case minusAssign = "-="
    case starAssign = "*="
    case slashAssign = "/="
    case percentAssign = "%="
    case lambdaArrow = "=>"
    case bothWays = "<->"
    case oneWay = "->"
    case coalesce = "??"
    case equal = "=="
    case notEqual = "!="
    case less = "<"
    case lessOrEqual = "<="
    case greater = ">"
    case greaterOrEqual = ">="
    case halfOpenRange = "..<"
    case closedRange = "..."
    case plus = "+"
    case minus = "-"
    case star = "*"
    case slash = "/"
    case percent = "%"
  }
}

extension Token.Kind {
  /// The reserved words, in the manual's order.
  public static let keywords: [Token.Kind] = [
    .and, .as, .break, .catch, .continue, .defer, .else, .false, .finally, .fn, .for, .if,
    .import, .in, .let, .match, .not, .null, .or, .parallel, .param, .return, .throw, .true,
    .try, .var, .while,
  ]

  /// Whether it is a reserved word; those may still be labels, map keys and names after a dot.
  public var isKeyword: Bool {
    switch self {
    case .and, .as, .break, .catch, .continue, .defer, .else, .false, .finally, .fn, .for, .if,
      .import, .in, .let, .match, .not, .null, .or, .parallel, .param, .return, .throw, .true,
      .try, .var, .while:
      true
    default:
      false
    }
  }

  /// Whether it may be a label, a map key or a name after a dot.
  public var isWord: Bool { self == .identifier || isKeyword }

  /// Whether it is a number, a duration, a string, a bool or null.
  public var isLiteral: Bool {
    switch self {
    case .int, .float, .duration, .string, .stringHead, .true, .false, .null: true
    default: false
    }
  }

  /// Whether a line break after it does not end the statement.
  public var continuesAfter: Bool {
    switch self {
    case .comma, .dot, .questionDot, .assign, .plusAssign, .minusAssign, .starAssign, .slashAssign,
      .percentAssign, .lambdaArrow, .bothWays, .oneWay, .coalesce, .or, .and, .equal, .notEqual,
      .less, .lessOrEqual, .greater, .greaterOrEqual, .in, .halfOpenRange, .closedRange, .plus,
      .minus, .star, .slash, .percent:
      true
    default:
      false
    }
  }

  /// Whether a line that starts with it belongs to the statement before.
  public var continuesBefore: Bool {
    switch self {
    case .dot, .questionDot, .bothWays, .oneWay, .coalesce, .and, .or, .else, .catch, .finally:
      true
    default:
      false
    }
  }

  /// Whether it opens a bracket; `${` counts as one.
  public var isOpener: Bool {
    switch self {
    case .leftParenthesis, .leftBracket, .leftBrace, .stringHead: true
    default: false
    }
  }

  /// Whether it closes a bracket.
  public var isCloser: Bool {
    switch self {
    case .rightParenthesis, .rightBracket, .rightBrace, .stringTail: true
    default: false
    }
  }

  /// What closes this opener; nil for other tokens.
  public var closer: Token.Kind? {
    switch self {
    case .leftParenthesis: .rightParenthesis
    case .leftBracket: .rightBracket
    case .leftBrace: .rightBrace
    case .stringHead: .stringTail
    default: nil
    }
  }
}

/// A comment, kept for documentation and for the formatter.
public struct Comment: Sendable {
  /// From `#` to the end of the line, without the line break.
  public var span: Span
  /// True for `##`.
  public var isDoc: Bool
  /// True when a token stands before it on the same line.
  public var isTrailing: Bool
  /// Index of the token that follows it.
  public var nextToken: Int
}

/// What the lexer made of a source.
public struct LexedSource: Sendable {
  /// The text.
  public var source: Source
  /// All tokens in order; the last one, and only that, is `endOfFile`.
  public var tokens: [Token] = []
  /// The strings that tokens name by index, escapes done.
  public var strings: [String] = []
  /// The comments in order.
  public var comments: [Comment] = []
  /// What is wrong with the text, in source order.
  public var diagnostics: [Diagnostic] = []
}
