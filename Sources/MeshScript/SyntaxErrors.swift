// The lexer's and the parser's error codes, by a file that knows no other layer's `ErrorCode`.

import enum Lexer.ErrorCode

/// Codes of the text and the grammar, with their meaning.
enum SyntaxErrors {
  static var rows: [(code: String, meaning: String)] {
    ErrorCode.allCases.map { ($0.rawValue, $0.description) }
  }
}
