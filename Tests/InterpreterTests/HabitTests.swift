// What people bring along from other languages: the error names what stands there and the way here.

import Lexer
import Testing

@testable import Interpreter

@Suite("Habits of other languages")
struct HabitTests {
  @Test(
    "have an error of their own with the way to write it here",
    arguments: [
      ("if a { }\nelif b { }", "2:1 E0215 `elif` is no keyword", "write `else if`"),
      ("if a { } elseif b { }", "1:10 E0215 expected `else if`, found name `elseif`", ""),
      ("def f(x) { x }", "1:1 E0215 `def` is no keyword", "declared with `fn`"),
      ("function f(x) { x }", "1:1 E0215 `function` is no keyword", "declared with `fn`"),
      ("const x = 3", "1:1 E0215 `const` is no keyword", "declared with `let`"),
      ("class A { }", "1:1 E0215 `class` is no keyword", "use maps"),
      ("switch a { }", "1:1 E0215 `switch` is no keyword", "match v"),
      ("from std import mesh", "1:1 E0215 `from` is no keyword", "import \"path.msh\""),
      ("raise x y", "1:1 E0215 `raise` is no keyword", "`throw`"),
      ("a && b", "1:3 E0104 `&&` is not an operator", "write `and`"),
      ("a || b", "1:3 E0104 `||` is not an operator", "write `or`"),
      ("f(!x)", "1:3 E0104 `!` is not an operator", "write `not`"),
      ("a === b", "1:3 E0104 `===` is not an operator", "write `==`"),
      ("a <> b", "1:3 E0104 `<>` is not an operator", "write `!=`"),
      ("var y := 4", "1:7 E0104 `:=` is not an operator", "write `=`"),
      ("i++", "1:2 E0104 `++` is not an operator", "write `+= 1`"),
      ("++i", "1:1 E0104 `++` is not an operator", "write `+= 1`"),
      ("i--; j", "1:2 E0104 `--` is not an operator", "write `-= 1`"),
      ("2 ** 3", "1:3 E0104 `**` is not an operator", "no power operator"),
      ("for i in 0..10 { }", "1:11 E0104 `..` is not an operator", "`..<`"),
      ("link a <--> b", "1:8 E0104 `<-->` is not an operator", "write `<->`"),
      ("link a --> b", "1:8 E0104 `-->` is not an operator", "write `->`"),
      ("let a = 1 // two", "1:11 E0104 `//` is not an operator", "`#`"),
      ("/* a */ print 1", "1:1 E0104 `/*` is not an operator", "`#`"),
      ("print “hello”", "1:7 E0103 unexpected character `“` (U+201C)", "straight quotes"),
      ("let s = `a`", "1:9 E0103 unexpected character \"`\"", "straight quotes"),
      ("let b = a ? 1 : 2", "1:11 E0103 unexpected character `?`", "if a { b } else { c }"),
      ("print $x", "1:7 E0103 unexpected character `$`", "the bare name"),
      ("2 ^ 3", "1:3 E0103 unexpected character `^`", "no operators for bits or powers"),
      ("if a == 1:\n  x\nelse:\n  y", "1:10 E0201 expected `{`, found `:`", "in braces"),
      ("if (a) print 1", "1:8 E0201 expected `{`, found name `print`", "in braces"),
      ("if a is null { }", "1:6 E0201 expected `{`, found name `is`", "`==`"),
      ("while a = 2 { }", "1:9 E0201 expected `{`, found `=`", "`==` compares"),
      ("for x of xs { }", "1:7 E0201 expected `in`, found name `of`", "write `in`"),
      ("for (x in xs) { }", "1:5 E0201 expected a name, found `(`", "without parentheses"),
      ("let xs = [\n1\n2]", "3:1 E0201 expected `,` or `]`, found number `2`", "comma is missing"),
      ("let x: int = 3", "1:6 E0201 expected `=`, found `:`", "no types"),
      ("fn f(x: int) { }", "1:7 E0201 expected `,` or `)`, found `:`", "no types"),
      ("fn f() -> int { }", "1:8 E0201 expected `{` or `=>`, found `->`", "no type for its result"),
      ("int x = 3", "1:1 E0206 a call cannot be assigned to", "let x = …"),
      ("print a, sep = b", "1:1 E0206 a call cannot be assigned to", "sep: …"),
      ("f(a, sep = b)", "1:10 E0201 expected `,` or `)`, found `=`", "name: value"),
      ("let m = {\"a\" = 1}", "1:14 E0201 expected `:`, found `=`", "key: value"),
      ("match v { 1: 2 }", "1:12 E0201 expected `=>`, `,` or `if`, found `:`", "pattern => value"),
      (
        "let f = function(x) { x }", "1:21 E0204 expected the end of the statement, found `{`",
        "x => …"
      ),
      (
        "let t = f\"a\"", "1:10 E0204 expected the end of the statement, found a string",
        "no prefixes"
      ),
      ("print f 1, 2", "1:9 E0204 expected the end of the statement, found number `1`", "`f(x)`"),
      (
        "try { } except e { }", "1:9 E0212 expected `catch` or `finally`, found name `except`",
        "catch e"
      ),
    ])
  func habits(text: String, error: String, hint: String) throws {
    let source = Source(name: "t", text: text)
    let found = Parser.parse(source).diagnostics
    let first = try #require(found.first)
    let place = try #require(first.location.map { source.position(of: $0.span.start) })
    #expect("\(place.line):\(place.column) \(first.code) \(first.message)" == error)
    #expect(
      hint.isEmpty || ([first.label] + first.notes).contains { $0.contains(hint) }, "\(first)")
    #expect(found.count == 1, "one mistake is one error")
  }

  @Test(
    "names of other languages are answered with the one here",
    arguments: [
      ("let x = nil", "write `null`"), ("let x = None", "write `null`"),
      ("let x = undefined", "write `null`"), ("let x = True", "write `true`"),
      ("let x = len([1])", "write `x.count()`"), ("println(1)", "write `print`"),
      ("for i in range(3) { }", "a range is written `0..<n`"),
    ])
  func names(text: String, label: String) {
    let session = Session(library: Library()) { _ in }
    do {
      _ = try session.check(Source(name: "t", text: text))
      Issue.record("it has no error")
    } catch let found as Diagnostics {
      #expect(found.all.map(\.code) == ["E0301"])
      #expect(found.all.first?.label == label)
    } catch {
      Issue.record("\(error)")
    }
  }

  @Test("arithmetic that looks like a step is arithmetic")
  func noStep() {
    #expect(
      Parser.parse(Source(name: "t", text: "let c = a --b\nlet d = a - -b")).diagnostics.isEmpty)
  }
}
