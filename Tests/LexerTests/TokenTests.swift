// Tokens of every kind.

import Lexer
import Testing

@Suite struct TokenTests {
  @Test func everyKeywordIsItsOwnKind() {
    for keyword in Token.Kind.keywords {
      #expect(tokens(keyword.rawValue) == [keyword.rawValue])
      #expect(tokens(keyword.rawValue + "s") == ["name(\(keyword.rawValue)s)"])
      #expect(keyword.isKeyword && keyword.isWord)
    }
    #expect(Token.Kind.keywords.count == 27)
  }

  @Test func theKeywordListAndThePropertyAgree() {
    #expect(Set(Token.Kind.allCases.filter(\.isKeyword)) == Set(Token.Kind.keywords))
  }

  @Test func identifiersAreUnicodeLettersDigitsAndUnderscores() {
    #expect(
      tokens("_ a1 größe 名前 x٣ _9") == [
        "name(_)", "name(a1)", "name(größe)", "name(名前)", "name(x٣)", "name(_9)",
      ])
  }

  @Test func signsTakeTheLongestMatch() {
    #expect(
      tokens("a<->b->c<-d") == [
        "name(a)", "<->", "name(b)", "->", "name(c)", "<", "-", "name(d)",
      ])
    #expect(
      tokens("..< ... . ?. ?? => == = != <= >= < >") == [
        "..<", "...", ".", "?.", "??", "=>", "==", "=", "!=", "<=", ">=", "<", ">",
      ])
    #expect(
      tokens("+=-=*=/=%=+-*/%()[]{},;:") == [
        "+=", "-=", "*=", "/=", "%=", "+", "-", "*", "/", "%", "(", ")", "[", "]", "{", "}", ",",
        ";", ":",
      ])
  }

  @Test func integersMayHaveABaseAndSeparators() {
    #expect(
      tokens("0 42 1_000 0xFF 0Xff 0b101 0o17 007") == [
        "int(0)", "int(42)", "int(1000)", "int(255)", "int(255)", "int(5)", "int(15)", "int(7)",
      ])
    #expect(tokens("9223372036854775807") == ["int(9223372036854775807)"])
  }

  @Test func floatsNeedADigitBehindTheDot() {
    #expect(
      tokens("1.5 2e-3 1E2 1_0.2_5 0.0") == [
        "float(1.5)", "float(0.002)", "float(100.0)", "float(10.25)", "float(0.0)",
      ])
    #expect(tokens("1..<5") == ["int(1)", "..<", "int(5)"])
    #expect(tokens("1...5") == ["int(1)", "...", "int(5)"])
    #expect(tokens("1.abs") == ["int(1)", ".", "name(abs)"])
    #expect(tokens("1.5..<2.5") == ["float(1.5)", "..<", "float(2.5)"])
  }

  @Test func durationsAreNanoseconds() {
    #expect(
      tokens("250ms 30s 5m 2h 7d") == [
        "duration(250000000)", "duration(30000000000)", "duration(300000000000)",
        "duration(7200000000000)", "duration(604800000000000)",
      ])
    #expect(
      tokens("1h30m 1d2h3m4s5ms") == [
        "duration(5400000000000)", "duration(93784005000000)",
      ])
    #expect(tokens("1s..<2s") == ["duration(1000000000)", "..<", "duration(2000000000)"])
  }

  @Test func tokensKnowTheSpaceAndTheLineBreakBeforeThem() {
    let lexed = Lexer.lex(Source(name: "t", text: "a -b# c\n\n# d\ne"))
    let flags = lexed.tokens.map { ($0.isAfterSpace, $0.isAfterNewline) }
    #expect(flags.map(\.0) == [false, true, false, true, false])
    #expect(flags.map(\.1) == [false, false, false, true, false])
  }

  @Test func spansAreByteOffsets() {
    let lexed = Lexer.lex(Source(name: "t", text: "é + \"ü\""))
    #expect(lexed.tokens.map(\.span) == [Span(0, 2), Span(3, 4), Span(5, 9), Span(9, 9)])
  }

  @Test func aByteOrderMarkAndCarriageReturnsAreWhiteSpace() {
    #expect(tokens("\u{FEFF}a\r\nb\r") == ["name(a)", "name(b)"])
    #expect(errors("\u{FEFF}a\r\nb\r") == [])
  }

  @Test func commentsAreKeptBesideTheTokens() {
    let lexed = Lexer.lex(Source(name: "t", text: "#!/usr/bin/env msh\n## doc\na ## beside\r\n#"))
    #expect(lexed.tokens.map(\.kind) == [.identifier, .endOfFile])
    #expect(
      lexed.comments.map { lexed.source.text($0.span) } == [
        "#!/usr/bin/env msh", "## doc", "## beside", "#",
      ])
    #expect(lexed.comments.map(\.isDoc) == [false, true, true, false])
    #expect(lexed.comments.map(\.isTrailing) == [false, false, true, false])
    #expect(lexed.comments.map(\.nextToken) == [0, 0, 1, 1])
  }

  @Test func anEmptySourceIsItsEnd() {
    #expect(Lexer.lex(Source(name: "t", text: "")).tokens.map(\.kind) == [.endOfFile])
  }
}
