// What the tests of the lexer share: tokens and errors as short strings.

import Lexer

/// The tokens of a text as strings, without the end: `kind(text)`, or the bare sign or keyword.
func tokens(_ text: String) -> [String] {
  let lexed = Lexer.lex(Source(name: "t.msh", text: text))
  return lexed.tokens.dropLast().map { token in
    let written = lexed.source.text(token.span)
    switch token.kind {
    case .identifier: return "name(\(written))"
    case .int: return "int(\(token.payload))"
    case .float: return "float(\(Double(bitPattern: token.payload)))"
    case .duration: return "duration(\(Int64(bitPattern: token.payload)))"
    case .string: return "string(\(lexed.strings[Int(token.payload)]))"
    case .stringHead: return "head(\(lexed.strings[Int(token.payload)]))"
    case .stringMiddle: return "middle(\(lexed.strings[Int(token.payload)]))"
    case .stringTail: return "tail(\(lexed.strings[Int(token.payload)]))"
    default: return token.kind.rawValue
    }
  }
}

/// The errors of a text as `line:column code message`.
func errors(_ text: String) -> [String] { errors(Array(text.utf8)) }

/// The errors of bytes that need not be a text.
func errors(_ bytes: [UInt8]) -> [String] {
  let source = Source(name: "t.msh", bytes: bytes)
  return Lexer.lex(source).diagnostics.map { diagnostic in
    let position = diagnostic.location.map { source.position(of: $0.span.start) }
    let place = position.map { "\($0.line):\($0.column)" } ?? "-"
    return "\(place) \(diagnostic.code) \(diagnostic.message)"
  }
}
