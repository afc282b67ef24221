// Every error code with one line that says what it is: docs/errors.md is generated from this table.
//
// A code never changes its meaning and is never used again after its error is gone. Append to the
// section of the layer that finds the error; the layers' sections follow the way of the data.

/// The codes of errors and warnings.
public enum ErrorCode: String, CaseIterable, Sendable {
  // E01xx: the text (lexer).
  case invalidUTF8 = "E0101"
  case nullByte = "E0102"
  case unexpectedCharacter = "E0103"
  case foreignOperator = "E0104"
  case malformedNumber = "E0105"
  case numberOutOfRange = "E0106"
  case malformedDuration = "E0107"
  case unclosedString = "E0108"
  case unknownEscape = "E0109"
  case invalidScalar = "E0110"
  case multilineStringShape = "E0111"
  case multilineIndentation = "E0112"

  // E02xx: the grammar (parser).
  case unexpectedToken = "E0201"
  case unclosedBracket = "E0202"
  case expectedExpression = "E0203"
  case expectedEndOfStatement = "E0204"
  case chainedComparison = "E0205"
  case invalidTarget = "E0206"
  case duplicateKey = "E0207"
  case positionalAfterNamed = "E0208"
  case invalidPattern = "E0209"
  case missingValue = "E0210"
  case nestedTooDeeply = "E0211"
  case missingHandler = "E0212"
  case invalidParameter = "E0213"
  case unexpectedInterpolation = "E0214"
  case foreignKeyword = "E0215"

  // E03xx: names and members (resolver).

  // E04xx: run time (machine).

  // E05xx: mesh and API servers (builtins).

  // E06xx: the command line.

  /// One line that says what the error is.
  public var description: String {
    switch self {
    case .invalidUTF8: "the file is not valid UTF-8"
    case .nullByte: "the file holds a NUL byte"
    case .unexpectedCharacter: "a character that no token starts with"
    case .foreignOperator: "an operator or comment sign of another language, such as `&&`"
    case .malformedNumber: "a number that is not written as numbers are"
    case .numberOutOfRange: "a number or duration that does not fit its type"
    case .malformedDuration: "a duration with an unknown, repeated or misplaced unit"
    case .unclosedString: "a string without its closing quote"
    case .unknownEscape: "a backslash before a character that it does not escape"
    case .invalidScalar: "a `\\u{…}` that is no Unicode scalar"
    case .multilineStringShape: "text on the line of a multi-line string's quotes"
    case .multilineIndentation: "a line of a multi-line string left of its closing quotes"
    case .unexpectedToken: "something else was expected here"
    case .unclosedBracket: "a bracket, brace or `${` that is not closed"
    case .expectedExpression: "a value was expected here"
    case .expectedEndOfStatement: "a statement goes on where it should have ended"
    case .chainedComparison: "comparisons and ranges do not chain"
    case .invalidTarget: "something that cannot be assigned to"
    case .duplicateKey: "a key that a map literal or pattern has already"
    case .positionalAfterNamed: "a positional argument after a named one"
    case .invalidPattern: "a pattern that is not allowed here"
    case .missingValue: "a declaration without a value"
    case .nestedTooDeeply: "brackets, blocks or operators nested too deeply"
    case .missingHandler: "a `try` without `catch` and `finally`"
    case .invalidParameter: "a parameter list that is out of order"
    case .unexpectedInterpolation: "`${…}` where only a plain string may stand"
    case .foreignKeyword: "a keyword of another language, such as `elif`"
    }
  }
}

extension Diagnostic {
  /// Makes a diagnostic with a code of the table.
  public init(
    _ severity: Severity, _ code: ErrorCode, _ message: String,
    at location: Location? = nil, label: String = "", labels: [Label] = [], notes: [String] = [],
    isUnfinished: Bool = false
  ) {
    self.init(
      severity, code: code.rawValue, message, at: location, label: label, labels: labels,
      notes: notes, isUnfinished: isUnfinished)
  }
}
