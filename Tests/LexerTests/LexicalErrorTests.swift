// Every lexical error with its place, its code and its words.

import Lexer
import Testing

@Suite struct LexicalErrorTests {
  @Test(arguments: [
    ("a\n \u{0}b", ["2:2 E0102 the source holds a NUL byte"]),
    ("a @ b", ["1:3 E0103 unexpected character `@`"]),
    ("x ? a : b", ["1:3 E0103 unexpected character `?`"]),
    (
      "“a”",
      [
        "1:1 E0103 unexpected character `“` (U+201C)"
      ]
    ),
    ("a\u{A0}b", ["1:2 E0103 unexpected character U+00A0"]),
    ("a\u{1}", ["1:2 E0103 unexpected character U+0001"]),
    (
      "a && b || !c",
      [
        "1:3 E0104 `&&` is not an operator", "1:8 E0104 `||` is not an operator",
        "1:11 E0104 `!` is not an operator",
      ]
    ),
    ("a === b", ["1:3 E0104 `===` is not an operator"]),
    ("0b12", ["1:1 E0105 malformed number"]),
    ("0x", ["1:1 E0105 malformed number"]),
    ("1__0 1_", ["1:1 E0105 malformed number", "1:6 E0105 malformed number"]),
    ("1_.5", ["1:1 E0105 malformed number"]),
    ("9223372036854775809", ["1:1 E0106 the integer does not fit in 64 bits"]),
    ("99999999999999999999999", ["1:1 E0106 the integer does not fit in 64 bits"]),
    ("0xFFFFFFFFFFFFFFFFF", ["1:1 E0106 the integer does not fit in 64 bits"]),
    ("1e999", ["1:1 E0106 the float does not fit in 64 bits"]),
    ("106752d", ["1:1 E0106 the duration does not fit in 64 bits of nanoseconds"]),
    ("106751d24h", ["1:1 E0106 the duration does not fit in 64 bits of nanoseconds"]),
    (
      "99999999999999999999s",
      [
        "1:1 E0106 the duration does not fit in 64 bits of nanoseconds"
      ]
    ),
    ("30m1h", ["1:1 E0107 malformed duration"]),
    ("1h1h", ["1:1 E0107 malformed duration"]),
    ("1.5h", ["1:1 E0107 malformed duration"]),
    ("5min", ["1:1 E0107 malformed number or duration"]),
    ("5µs", ["1:1 E0107 malformed number or duration"]),
    ("1h30", ["1:1 E0105 malformed number or duration"]),
    ("x = \"ab\ny", ["1:5 E0108 unclosed string"]),
    ("'ab", ["1:1 E0108 unclosed string"]),
    ("\"a${b\nc", ["1:3 E0108 unclosed `${` in a string"]),
    ("\"\"\"\na", ["2:2 E0108 unclosed string"]),
    ("\"\"\"\n${a", ["2:4 E0108 unclosed `${` in a string"]),
    (
      #""a\q\'""#,
      [
        "1:3 E0109 unknown escape in a string", "1:5 E0109 unknown escape in a string",
      ]
    ),
    ("\"\"\"\n  a\\\n  \"\"\"", ["2:4 E0109 unknown escape in a string"]),
    (#""\u{D800}""#, ["1:2 E0110 the escape is not a Unicode scalar"]),
    (#""\u{110000}""#, ["1:2 E0110 the escape is not a Unicode scalar"]),
    (#""\u{FFFFFFFFFFFF}""#, ["1:2 E0110 the escape is not a Unicode scalar"]),
    (
      #""\u{} \u{x} \u1""#,
      [
        "1:2 E0110 malformed `\\u` escape", "1:7 E0110 malformed `\\u` escape",
        "1:13 E0110 malformed `\\u` escape",
      ]
    ),
    ("\"\"\"a\n\"\"\"", ["1:4 E0111 text on the opening line of a multi-line string"]),
    ("\"\"\"a\"\"\"", ["1:4 E0111 text on the opening line of a multi-line string"]),
    ("'''\na'''", ["2:2 E0111 text on the closing line of a multi-line string"]),
    (
      "\"\"\"\n  a\n b\n  \"\"\"",
      [
        "3:1 E0112 a line of the string is left of its closing quotes"
      ]
    ),
    (
      "\"\"\"\n\ta\n    \"\"\"",
      [
        "2:1 E0112 a line of the string is left of its closing quotes"
      ]
    ),
  ]) func errorsHaveAPlaceACodeAndWords(text: String, expected: [String]) {
    #expect(errors(text) == expected)
  }

  @Test func malformedBytesAreFoundEverywhere() {
    #expect(
      errors([0x61, 0x0A, 0x23, 0xFF]) == [
        "2:2 E0101 the source is not valid UTF-8: unexpected byte 0xFF"
      ])
    #expect(
      errors([0x22, 0xC3, 0x22]) == [
        "1:2 E0101 the source is not valid UTF-8: unexpected byte 0xC3"
      ])
    for bytes: [UInt8] in [
      [0xED, 0xA0, 0x80], [0xC0, 0x80], [0xF4, 0x90, 0x80, 0x80], [0xE2, 0x82], [0x80],
    ] {
      #expect(errors([0x27] + bytes + [0x27]).map { $0.prefix(9) } == ["1:2 E0101"])
    }
  }

  @Test func theDurationAtTheLimitFits() {
    #expect(errors("106751d23h47m16s854ms") == [])
  }

  @Test func onlyMultilineStringsAreUnfinishedAtTheEnd() {
    func isUnfinished(_ text: String) -> [Bool] {
      Lexer.lex(Source(name: "t", text: text)).diagnostics.map(\.isUnfinished)
    }
    #expect(isUnfinished("\"\"\"\nabc") == [true])
    #expect(isUnfinished("'''") == [true])
    #expect(isUnfinished("\"\"\"\n${f(") == [true])
    #expect(isUnfinished("\"abc") == [false])
    #expect(isUnfinished("\"${f(") == [false])
  }

  @Test func foreignSignsBecomeTheOperatorsThatWereMeant() {
    #expect(tokens("a && !b") == ["name(a)", "and", "not", "name(b)"])
  }

  @Test func anEndlessRunOfErrorsIsCut() {
    #expect(errors(String(repeating: "@", count: 5000)).count == 100)
  }

  @Test func everyCodeIsUniqueAndDescribed() {
    #expect(Set(ErrorCode.allCases.map(\.rawValue)).count == ErrorCode.allCases.count)
    for code in ErrorCode.allCases {
      #expect(code.rawValue.count == 5 && code.rawValue.hasPrefix("E0"))
      #expect(!code.description.isEmpty && !code.description.hasSuffix("."))
    }
  }
}
