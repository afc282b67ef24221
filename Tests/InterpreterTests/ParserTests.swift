// Expressions: precedence, postfix chains, literals, and the blocks that have a value.

import Lexer
import Testing

@testable import Interpreter

/// The tree of a text without errors; the errors, one a line, when there are any.
func parsed(_ text: String) -> String {
  let (program, diagnostics) = Parser.parse(Source(name: "t.msh", text: text))
  return diagnostics.isEmpty ? SyntaxDump.program(program) : described(diagnostics)
}

/// Errors as `line:column code message`.
func described(_ diagnostics: [Diagnostic]) -> String {
  diagnostics.map { diagnostic in
    let position = diagnostic.location.map { $0.source.position(of: $0.span.start) }
    let place = position.map { "\($0.line):\($0.column)" } ?? "-"
    return "\(place) \(diagnostic.code) \(diagnostic.message)"
  }.joined(separator: "\n")
}

@Suite struct ParserTests {
  @Test(arguments: [
    ("a + b * c", "(+ a (* b c))"),
    ("a * b + c", "(+ (* a b) c)"),
    ("a - b - c", "(- (- a b) c)"),
    ("a / b % c * d", "(* (% (/ a b) c) d)"),
    ("-a.b + -1", "(+ (neg (. a b)) (neg 1))"),
    ("1 + 2..<3 * 4", "(..< (+ 1 2) (* 3 4))"),
    ("a...b == c", "(== (... a b) c)"),
    ("a < b and c >= d", "(and (< a b) (>= c d))"),
    ("a or b and c", "(or a (and b c))"),
    ("not a == b", "(not (== a b))"),
    ("not not a and b", "(and (not (not a)) b)"),
    ("a in b or a not in c", "(or (in a b) (not in a c))"),
    ("a ?? b or c", "(?? a (or b c))"),
    ("a ?? b ?? c", "(?? (?? a b) c)"),
    ("a ?? b <-> c", "(link (?? a b) <-> c)"),
    ("a <-> b -> c", "(link a <-> b -> c)"),
    ("(a <-> b) -> c", "(link (group (link a <-> b)) -> c)"),
    ("x => x <-> y", "(lambda (x) {(link x <-> y)})"),
    ("x => y => x + y", "(lambda (x) {(lambda (y) {(+ x y)})})"),
    ("a == (b == c)", "(== a (group (== b c)))"),
    ("a != b", "(!= a b)"),
    ("--a", "(neg (neg a))"),
  ]) func operatorsBindByTheTable(text: String, tree: String) {
    #expect(parsed("let r = \(text)") == "(let r \(tree))")
  }

  @Test(arguments: [
    ("f()", "(call f)"),
    ("f(1, ...b, a: 2,)", "(call f 1 ...b a:2)"),
    ("f(for: 1, in: 2)", "(call f for:1 in:2)"),
    ("x[1][a..<b]", "(at (at x 1) (..< a b))"),
    ("x.in.if.a", "(. (. (. x in) if) a)"),
    ("m?.a.b(c)[1]", "(chain (at (call (. (?. m a) b) c) 1))"),
    ("(m?.a).b", "(. (group (chain (?. m a))) b)"),
    ("m?.a + 1", "(+ (chain (?. m a)) 1)"),
    ("f(1)(2)", "(call (call f 1) 2)"),
    ("\"a\".count()", "(call (. \"a\" count))"),
    ("1.abs()", "(call (. 1 abs))"),
    ("[1, 2][0]", "(at [1 2] 0)"),
  ]) func postfixChainsNestToTheLeft(text: String, tree: String) {
    #expect(parsed("let r = \(text)") == "(let r \(tree))")
  }

  @Test(arguments: [
    ("null", "null"), ("true", "true"), ("0xFF", "255"), ("1.5", "1.5"),
    ("1h30m", "5400000000000ns"),
    ("'a$b'", "\"a$b\""), ("-9223372036854775808", "-9223372036854775808"),
    ("9223372036854775807", "9223372036854775807"),
    ("[]", "[]"), ("[1, ...a, [2],]", "[1 ...a [2]]"), ("{}", "(map)"),
    ("{a: 1, \"b-c\": 2, [k]: 3, ...m, for: 4,}", "(map a:1 b-c:2 [k]:3 ...m for:4)"),
    ("{a: {b: [1]}}", "(map a:(map b:[1]))"),
    ("\"a${b}c${\"d${e}\"}\"", "(str \"a\" b \"c\" (str \"d\" e))"),
    ("\"${ {a: 1} }\"", "(str (map a:1))"),
    ("\"${f(\"x\", y: 1)}\"", "(str (call f \"x\" y:1))"),
    ("{\n  a: 1\n  ,\n  b: 2\n}", "(map a:1 b:2)"),
  ]) func literalsAreTheirValues(text: String, tree: String) {
    #expect(parsed("let r = \(text)") == "(let r \(tree))")
  }

  @Test(arguments: [
    ("() => 1", "(lambda () {1})"),
    ("x => { a; b }", "(lambda (x) {a; b})"),
    ("x => ({a: 1})", "(lambda (x) {(group (map a:1))})"),
    ("(a, b = 1, ...c) => a", "(lambda (a b=1 ...c) {a})"),
    ("(a = (1)) => a", "(lambda (a=(group 1)) {a})"),
    ("(a) => a", "(lambda (a) {a})"),
    ("(a)", "(group a)"),
    ("xs.map(x => x * 2, 3)", "(call (. xs map) (lambda (x) {(* x 2)}) 3)"),
    ("x =>\n  x", "(lambda (x) {x})"),
  ]) func lambdasAreTheLowestLevel(text: String, tree: String) {
    #expect(parsed("let r = \(text)") == "(let r \(tree))")
  }

  @Test func ifIsAnExpressionWithBlocks() {
    #expect(
      parsed("let r = if a { 1 } else if b { 2 } else { 3 }")
        == "(let r (if a {1} {(if b {2} {3})}))")
    #expect(parsed("if a { b }\n\n# c\nelse { d }") == "(if a {b} {d})")
    #expect(parsed("f(if a { 1 } else { 2 })") == "(call f (if a {1} {2}))")
    #expect(parsed("if x == {a: 1} { b }") == "(if (== x (map a:1)) {b})")
  }

  @Test func matchArmsEndAtLineBreaksOrSemicolons() {
    #expect(
      parsed("match v { 1, -2 => a; p if a < b => e\n _ => { x } }")
        == "(match v (=1, =(neg 2) => {a}) (p if (< a b) => {e}) (_ => {x}))")
    #expect(
      parsed("match v {\n  1 => print 1, 2\n  2 => return 3\n  3 => x = 4\n}")
        == "(match v (=1 => {(command print 1 2)}) (=2 => {(return 3)}) (=3 => {(= x 4)}))")
    #expect(parsed("match v {}") == "(match v)")
  }

  @Test(arguments: [
    ("_", "_"), ("name", "name"), ("null", "=null"), ("\"Pod\"", "=\"Pod\""),
    ("-1.5", "=(neg 1.5)"),
    ("1..<5", "1..<5"), ("-1s...1s", "(neg 1000000000ns)...1000000000ns"),
    ("-9223372036854775808", "=-9223372036854775808"),
    ("[]", "[]"), ("[a, [_], 1,]", "[a [_] =1]"), ("[first, ...rest]", "[first ...rest]"),
    (
      "{kind: \"Pod\", metadata, \"b-c\": x, for: y}",
      "{kind:=\"Pod\" metadata:metadata b-c:x for:y}"
    ),
  ]) func patternsTakeValuesApart(text: String, pattern: String) {
    #expect(parsed("match v { \(text) => 1 }") == "(match v (\(pattern) => {1}))")
  }

  @Test func tryAndParallelAreExpressions() {
    #expect(
      parsed("let r = try { a } catch e { b } finally { c }")
        == "(let r (try {a} catch e {b} finally {c}))")
    #expect(parsed("try { a }\ncatch { b }") == "(try {a} catch - {b})")
    #expect(parsed("try { a }\nfinally { b }") == "(try {a} finally {b})")
    #expect(
      parsed("let r = parallel(8) for i, x in xs { x }")
        == "(let r (parallel 8 for i, x xs {x}))")
    #expect(parsed("parallel { a; b }") == "(parallel {a; b})")
  }

  @Test func spansCoverWhatWasWritten() {
    let source = Source(name: "t", text: "  let x = f(a)  + g b.c\n")
    let (program, _) = Parser.parse(source)
    #expect(program.statements.isEmpty)
    let good = Source(name: "t", text: "  let x = f(a)  + b.c  # d\n")
    let statement = Parser.parse(good).program.statements[0]
    #expect(good.text(statement.span) == "let x = f(a)  + b.c")
    guard case .declaration(_, let pattern, let value) = statement.kind,
      case .binary(.add, let left, let right, let sign) = value.kind
    else { return #expect(Bool(false), "not a declaration of a sum") }
    #expect(good.text(pattern.span) == "x")
    #expect(good.text(value.span) == "f(a)  + b.c")
    #expect(good.text(left.span) == "f(a)")
    #expect(good.text(right.span) == "b.c")
    #expect(good.text(sign) == "+")
  }
}
