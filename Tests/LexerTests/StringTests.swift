// Strings in their four forms, escapes, interpolation and indentation.

import Lexer
import Testing

@Suite struct StringTests {
  @Test func escapesStandForCharacters() {
    #expect(tokens(#""\n\t\r\\\"\$\0\u{1F680}""#) == ["string(\n\t\r\\\"$\0\u{1F680})"])
    #expect(errors(#""\n\t\r\\\"\$\0\u{1F680}""#) == [])
  }

  @Test func rawStringsTakeEverythingAsItIs() {
    #expect(tokens(#"'\n${x} "'"#) == [#"string(\n${x} ")"#])
    #expect(tokens("''") == ["string()"])
  }

  @Test func aLoneDollarIsADollar() {
    #expect(tokens(#""$ $x $$ a$""#) == ["string($ $x $$ a$)"])
    #expect(tokens(##""\${x}""##) == ["string(${x})"])
  }

  @Test func interpolationSplitsAString() {
    #expect(
      tokens(#""a${b}c${d}e""#) == [
        "head(a)", "name(b)", "middle(c)", "name(d)", "tail(e)",
      ])
    #expect(
      tokens(#""${ {a: {}} }""#) == [
        "head()", "{", "name(a)", ":", "{", "}", "}", "tail()",
      ])
  }

  @Test func stringsNestInsideInterpolation() {
    #expect(
      tokens(#""a${"b${"c"}d"}e""#) == [
        "head(a)", "head(b)", "string(c)", "tail(d)", "tail(e)",
      ])
    #expect(tokens(#""${'}'}""#) == ["head()", "string(})", "tail()"])
    #expect(errors(#""a${"b${"c"}d"}e""#) == [])
  }

  @Test func multilineStringsLoseTheIndentationOfTheirLastLine() {
    #expect(
      tokens("\"\"\"\n    a\n      b\\n\n\n    c \"x\"\n    \"\"\"") == [
        "string(a\n  b\n\n\nc \"x\")"
      ])
    #expect(tokens("'''\n\ta\\n\n\t'''") == ["string(a\\n)"])
  }

  @Test func theFirstAndTheLastLineBreakAreNoContent() {
    #expect(tokens("\"\"\"\n\"\"\"") == ["string()"])
    #expect(tokens("\"\"\"\n\n\"\"\"") == ["string()"])
    #expect(tokens("\"\"\"\n\n\n\"\"\"") == ["string(\n)"])
    #expect(tokens("\"\"\"  \n  a\n  \"\"\"") == ["string(a)"])
  }

  @Test func multilineStringsInterpolateToo() {
    #expect(
      tokens("\"\"\"\n  a ${x}\n    ${y} b\n  \"\"\"") == [
        "head(a )", "name(x)", "middle(\n  )", "name(y)", "tail( b)",
      ])
    #expect(tokens("\"\"\"\n  ${x}\n  \"\"\"") == ["head()", "name(x)", "tail()"])
    #expect(tokens("\"\"\"\n  ${\n x\n}\n  \"\"\"") == ["head()", "name(x)", "tail()"])
  }

  @Test func lineBreaksOfOtherSystemsAreOneNewline() {
    #expect(tokens("\"\"\"\r\n  a\r\n  b\r\n  \"\"\"") == ["string(a\nb)"])
  }

  @Test func blankLinesMayBeShorterThanTheIndentation() {
    #expect(tokens("\"\"\"\n    a\n\n  \n    b\n    \"\"\"") == ["string(a\n\n\nb)"])
    #expect(errors("\"\"\"\n    a\n\n  \n    b\n    \"\"\"") == [])
  }
}
