// Syntax errors: every kind with its place, recovery, and what counts as unfinished.

import Lexer
import Testing

@testable import Interpreter

@Suite struct ParserErrorTests {
  @Test(arguments: [
    ("if a = b { }", "1:6 E0201 expected `{`, found `=`"),
    ("if x\n{ y }", "1:5 E0201 expected `{`, found end of line"),
    ("import foo", "1:8 E0201 expected a path in quotes, found name `foo`"),
    ("let for = 1", "1:5 E0201 expected a name, `[…]` or `{…}`, found keyword `for`"),
    ("fn (x) => 1", "1:4 E0201 expected a name, found `(`"),
    ("for (i, x) in y {}", "1:5 E0201 expected a name, found `(`"),
    ("x.1", "1:3 E0201 expected a name behind `.`, found number `1`"),
    ("(a, 1)", "1:3 E0201 expected `)`, found `,`"),
    ("xs.each(x => n += x)", "1:16 E0201 expected `,` or `)`, found `+=`"),
    ("[1 2]", "1:4 E0201 expected `,` or `]`, found number `2`"),
    ("let m = {a 1}", "1:12 E0201 expected `:`, found number `1`"),
    ("let m = {1: 2}", "1:10 E0201 expected a key, found number `1`"),
    (")", "1:1 E0201 unexpected `)`: nothing is open here"),
    ("parallel f", "1:10 E0201 expected `for` or `{`, found name `f`"),
    ("print(f x)", "1:9 E0201 expected `,` or `)`, found name `x`"),
    ("[1, 2)", "1:6 E0202 expected `,` or `]`, found `)`"),
    ("let q = [1,\nlet r = 3", "1:12 E0202 expected `]`, found keyword `let`"),
    ("\"${a b}\"", "1:6 E0201 expected `}`, found name `b`"),
    ("x = )", "1:5 E0203 expected an expression, found `)`"),
    ("// c", "1:1 E0104 `//` is not an operator"),
    ("let x = return 1", "1:9 E0203 expected an expression, found keyword `return`"),
    ("\"${}\"", "1:4 E0203 expected an expression inside `${}`"),
    ("a + not b", "1:5 E0203 expected an expression, found keyword `not`"),
    ("f a\n, b", "2:1 E0203 expected an expression, found `,`"),
    ("a, b", "1:2 E0204 expected the end of the statement, found `,`"),
    ("return 1 2", "1:10 E0204 expected the end of the statement, found number `2`"),
    ("a b c", "1:5 E0204 expected the end of the statement, found name `c`"),
    ("{a: 1}", "1:3 E0204 expected the end of the statement, found `:`"),
    ("match v { 1 => 2, 3 => 4 }", "1:17 E0204 expected the end of the arm, found `,`"),
    ("if a {}\nb\nelse {}", "3:1 E0204 expected the end of the statement, found keyword `else`"),
    ("a < b < c", "1:7 E0205 comparisons do not chain"),
    ("a == b != c", "1:8 E0205 comparisons do not chain"),
    ("1..<2..<3", "1:6 E0205 ranges do not chain"),
    ("f() = 3", "1:1 E0206 this cannot be assigned to"),
    ("x [0] = 3", "1:1 E0206 a call cannot be assigned to"),
    ("x[0..<1] = 3", "1:1 E0206 a slice cannot be assigned to"),
    ("x?.a = 3", "1:1 E0206 a member behind `?.` cannot be assigned to"),
    ("[a, b] = c", "1:1 E0206 this cannot be assigned to"),
    ("let m = {a: 1, \"a\": 2}", "1:16 E0207 the map has the key \"a\" twice"),
    ("let {a, a: b} = m", "1:9 E0207 the pattern has the key \"a\" twice"),
    ("f(a: 1, 2)", "1:9 E0208 a positional argument stands behind a named one"),
    ("f a: 1, ...b", "1:9 E0208 a positional argument stands behind a named one"),
    ("let 3 = x", "1:5 E0209 a value cannot be a pattern here"),
    ("let [a, 1..<2] = x", "1:9 E0209 a value cannot be a pattern here"),
    ("let [...a, b] = x", "1:12 E0209 a pattern stands behind the rest"),
    ("let x", "1:6 E0210 expected `=` and a value, found end of file"),
    ("param z\n", "1:8 E0210 expected `=` and a default or `:` and a type, found end of file"),
    ("fn f(...r, a) => 1", "1:12 E0213 a parameter stands behind the rest parameter"),
    ("fn f(...r = 1) => 1", "1:11 E0213 a rest parameter has no default"),
    (
      "fn f(a = 1, b) => 1",
      "1:13 E0213 a parameter without a default stands behind one with a default"
    ),
    ("try { }\nx", "1:8 E0212 expected `catch` or `finally`, found end of line"),
    ("import \"a${b}\"", "1:8 E0214 the path of an import is a plain string, without `${…}`"),
    ("let m = {\"${a}\": 1}", "1:10 E0214 a key is a plain string, without `${…}`"),
    ("match v { \"${a}\" => 1 }", "1:11 E0214 a pattern is a plain string, without `${…}`"),
    ("func foo(x) { 1 }", "1:1 E0215 `func` is no keyword"),
    ("const y = 3", "1:1 E0215 `const` is no keyword"),
    ("if a { } elif b { }", "1:10 E0215 expected `else if`, found name `elif`"),
    ("9223372036854775808", "1:1 E0106 the integer does not fit in 64 bits"),
  ]) func errorsSayWhatWasExpectedAndFound(text: String, error: String) {
    #expect(parsed(text) == error)
  }

  @Test(arguments: [
    ("a = b = c", "`==` compares"), ("if a = b {}", "`==` compares"),
    ("func f(x) { 1 }", "`fn`"), ("const y = 3", "`let`"), ("elif b { }", "`else if`"),
    ("// c", "`#`"), ("(a, 1)", "`[a, b]`"), ("a, b", "`[a, b]`"), ("{a: 1}", "parentheses"),
    ("xs.each(x => n += x)", "`x => { n += x }`"), ("a < b < c", "`a < b and b < c`"),
    ("var x", "every `var` has a value"), ("match v { 1 => 2, 3 => 4 }", "`;`"),
    ("fn f()\n{ }", "same line"), ("let x = fn (a) { }", "`x => …`"),
    ("f a\n, b", "the line before"), ("print(f x)", "`f(x)`"), ("x [0] = 3", "no space"),
  ]) func notesHelpOut(text: String, note: String) {
    let (_, diagnostics) = Parser.parse(Source(name: "t", text: text))
    let words = diagnostics.first.map { $0.notes + [$0.label] } ?? []
    #expect(words.contains { $0.contains(note) })
  }

  @Test func anUnclosedBracketShowsItsOpener() {
    let (_, diagnostics) = Parser.parse(Source(name: "t.msh", text: "print [1,\n  (2\n"))
    #expect(
      DiagnosticRenderer(color: false).render(diagnostics) == """
        error[E0202]: expected `)`, found end of file
          --> t.msh:2:5
           |
         2 |   (2
           |     ^
           |   - opened here
        """)
  }

  @Test func oneRunReportsSeveralErrors() {
    let text = """
      let a =
      let x = 1 +* 2
      f(1,
        2 3,
        4 +,
        5)
      fn g() {
        let = 3
        ok
        b c d
      }
      match v {
        ] => 1
        2 => )
        3 => 3
      }
      let fine = 1
      }
      """
    #expect(
      parsed(text) == """
        2:1 E0203 expected an expression, found keyword `let`
        4:5 E0201 expected `,` or `)`, found number `3`
        5:6 E0203 expected an expression, found `,`
        8:7 E0201 expected a name, `[…]` or `{…}`, found `=`
        10:7 E0204 expected the end of the statement, found name `d`
        13:3 E0202 expected a pattern, found `]`
        14:8 E0202 expected `}`, found `)`
        18:1 E0201 unexpected `}`: nothing is open here
        """)
  }

  @Test func whatIsRightBetweenErrorsIsKept() {
    let (program, diagnostics) = Parser.parse(
      Source(name: "t", text: "let a = 1\nlet b = )\nlet c = [1, +, 3]\nlet d = 4"))
    #expect(diagnostics.count == 2)
    #expect(SyntaxDump.program(program) == "(let a 1)\n(let c [1 3])\n(let d 4)")
  }

  @Test func atMostTwentyErrorsAndOneALine() {
    let many = String(repeating: "let = 1\n", count: 100)
    #expect(Parser.parse(Source(name: "t", text: many)).diagnostics.count == 20)
    let oneLine = String(repeating: "let = 1; ", count: 100)
    #expect(Parser.parse(Source(name: "t", text: oneLine)).diagnostics.count == 1)
    let lexical = String(repeating: "@\n", count: 100)
    #expect(Parser.parse(Source(name: "t", text: lexical)).diagnostics.count == 20)
  }

  @Test(arguments: [
    "f(", "f(1,", "f(1", "[1, 2", "let m = {a: 1", "let m = {", "if x {", "if x { y\n", "fn f() {",
    "fn f(a,", "match v {", "match v { 1 => 2\n", "1 +", "a and", "a <->", "let x =", "x +=",
    "f a,",
    "x =>", "m.", "m?.", "a ??", "1 ..<", "try { }", "try { } catch e {", "parallel for x in xs {",
    "\"\"\"\nabc", "'''", "\"\"\"\n${f(", "f(\"a\", [{b: (", "{", "a not in", "x = if a {",
    "f(1, # c",
  ]) func textThatEndsTooEarlyIsUnfinished(text: String) {
    for ending in ["", "\n"] {
      let (_, diagnostics) = Parser.parse(Source(name: "t", text: text + ending))
      #expect(diagnostics.map(\.isUnfinished) == [true], "\(described(diagnostics))")
    }
  }

  @Test(arguments: [
    "let x", "if x", "\"abc", "'abc", "\"${f(", "f)", "let 1 = (", "fn f()", "x = )", "a b c",
    "@ (", "match v", "1 + )", "not", "[1, 2)", "f(\nlet x = 1",
  ]) func otherErrorsAreNot(text: String) {
    let (_, diagnostics) = Parser.parse(Source(name: "t", text: text))
    #expect(!diagnostics.isEmpty)
    #expect(diagnostics.allSatisfy { !$0.isUnfinished }, "\(described(diagnostics))")
  }
}
