// Statements: command calls, line breaks, declarations, doc comments.

import Lexer
import Testing

@testable import Interpreter

@Suite struct ParserStatementTests {
  @Test(arguments: [
    ("f -1", "(command f (neg 1))"),
    ("f - 1", "(- f 1)"),
    ("f-1", "(- f 1)"),
    ("f [1]", "(command f [1])"),
    ("f[1]", "(at f 1)"),
    ("f (1), 2", "(command f (group 1) 2)"),
    ("f (1) + 2", "(command f (+ (group 1) 2))"),
    ("f(1)", "(call f 1)"),
    ("f {a: 1}", "(command f (map a:1))"),
    ("f x", "(command f x)"),
    ("f", "f"),
    ("f not x", "(command f (not x))"),
    ("f not in x", "(not in f x)"),
    ("f in x", "(in f x)"),
    ("f ...xs", "(command f ...xs)"),
    ("f ... xs", "(... f xs)"),
    ("a.b.c x, y: 1", "(command (. (. a b) c) x y:1)"),
    ("a.for x", "(command (. a for) x)"),
    ("a?.b", "(chain (?. a b))"),
    ("wait for: \"x\"", "(command wait for:\"x\")"),
    ("wait in: 1, not: 2", "(command wait in:1 not:2)"),
    ("link a <-> b", "(command link (link a <-> b))"),
    ("print a or b", "(command print (or a b))"),
    ("f if a { 1 } else { 2 }", "(command f (if a {1} {2}))"),
    ("f x => g x, 1", "(command f (lambda (x) {(command g x 1)}))"),
    ("f \"a${b}\"", "(command f (str \"a\" b))"),
    ("f a,\n  b,\n\n  # c\n  d", "(command f a b d)"),
    ("f a,\n  k: 1", "(command f a k:1)"),
    ("let x = f a, b", "(let x (command f a b))"),
    ("x += f a", "(+= x (command f a))"),
    ("return f a", "(return (command f a))"),
    ("throw f a", "(throw (command f a))"),
    ("[x => f x, 3]", "[(lambda (x) {(command f x)}) 3]"),
    ("g(x => f a: 1, 3)", "(call g (lambda (x) {(command f a:1)}) 3)"),
    ("g(x => { f a, b })", "(call g (lambda (x) {(command f a b)}))"),
    ("param p = f a", "(param p (command f a))"),
    ("f a\n-1", "(command f a)\n(neg 1)"),
  ]) func commandCallsNeedASpaceAndAnArgument(text: String, tree: String) {
    #expect(parsed(text) == tree)
  }

  @Test(arguments: [
    ("a\nb", "a\nb"),
    ("a; b;; c;", "a\nb\nc"),
    ("a +\n b", "(+ a b)"),
    ("a\n+b", "2:1 E0203 expected an expression, found `+`"),
    ("a\n  and b\n  or c", "(or (and a b) c)"),
    ("a\n  # c\n\n  ?? b", "(?? a b)"),
    ("a\n  <-> b\n  -> c", "(link a <-> b -> c)"),
    ("a\n.b\n?.c", "(chain (?. (. a b) c))"),
    ("a.\nb", "(. a b)"),
    ("a\n[1]", "a\n[1]"),
    ("a\n(b)", "a\n(group b)"),
    ("a\n-b", "a\n(neg b)"),
    ("(a\n+ b\n)", "(group (+ a b))"),
    ("f(\n a\n , b\n)", "(call f a b)"),
    ("f(x => {\n a\n b\n})", "(call f (lambda (x) {a; b}))"),
    ("[{\n a\n:\n1}]", "[(map a:1)]"),
    ("let x =\n 1", "(let x 1)"),
    ("x =\n# c\n1", "(= x 1)"),
    ("fn f() =>\n 1", "(fn f () {1})"),
    ("return\n1", "(return)\n1"),
    ("{ a }\n{ b; c }", "(block {a})\n(block {b; c})"),
    ("m.in\nb", "(. m in)\nb"),
    ("a == not_b", "(== a not_b)"),
  ]) func lineBreaksEndStatementsUnlessTheyCannot(text: String, tree: String) {
    #expect(parsed(text) == tree)
  }

  @Test(arguments: [
    ("let x = 1", "(let x 1)"),
    ("let [a, {b, c: [d, ...e]}, _] = f()", "(let [a {b:b c:[d ...e]} _] (call f))"),
    ("let {a, b} = m", "(let {a:a b:b} m)"),
    ("var x = {a: 1}", "(var x (map a:1))"),
    ("x = 1", "(= x 1)"),
    ("xs[i] -= 1", "(-= (at xs i) 1)"),
    ("m.k *= 2", "(*= (. m k) 2)"),
    ("x /= 2; x %= 3", "(/= x 2)\n(%= x 3)"),
    ("fn f() {}", "(fn f () {})"),
    ("fn f(a, b = 1, ...rest,) { return a }", "(fn f (a b=1 ...rest) {(return a)})"),
    ("fn f(a) => g a, 1", "(fn f (a) {(command g a 1)})"),
    ("fn f() => {\n a\n}", "(fn f () {a})"),
    ("for x in xs { break }", "(for x xs {(break)})"),
    (
      "for k, [a, b] in m.entries() { continue }",
      "(for k, [a b] (call (. m entries)) {(continue)})"
    ),
    ("for x in {a: 1} { x }", "(for x (map a:1) {x})"),
    ("while a < b { c }", "(while (< a b) {c})"),
    ("while f (x) { c }", "(while (call f x) {c})"),
    ("defer { a }", "(defer {a})"),
    ("throw {kind: \"x\"}", "(throw (map kind:\"x\"))"),
    ("param a: string", "(param a:string)"),
    ("param a: duration = 5s", "(param a:duration 5000000000ns)"),
    ("import \"a.msh\"", "(import a.msh)"),
    ("import \"std/mesh\" as mesh, x: 1, for: [2]", "(import std/mesh as mesh x:1 for:[2])"),
  ]) func statementsAreReadAsWritten(text: String, tree: String) {
    #expect(parsed(text) == tree)
  }

  @Test func docCommentsBelongToTheDeclarationTheyTouch() {
    func docs(_ text: String) -> [String?] {
      Parser.parse(Source(name: "t", text: text)).program.statements.map(\.doc)
    }
    #expect(docs("## A.\n##  B.\nparam a = 1") == ["A.\n B."])
    #expect(docs("param a = 1 ## beside\nparam b = 2") == ["beside", nil])
    #expect(docs("param a = 1; ## beside\nparam b = 2") == ["beside", nil])
    #expect(docs("## old\n\n## new\nfn f() { ## head\n  1\n}") == ["new\nhead"])
    #expect(docs("## file\n# plain\n## doc\nlet a = 1") == ["doc"])
    #expect(docs("## lost\nprint 1\nlet a = 1") == [nil, nil])
    #expect(docs("# plain\nlet a = 1 # plain") == [nil])
    #expect(docs("let a = [ ## head\n  1, ## inside\n] ## end") == ["head\nend"])
  }

  @Test func linesThatOpenAFileAreAboutTheFile() {
    func docs(_ text: String) -> [String?] {
      let program = Parser.parse(Source(name: "t", text: text)).program
      return [program.doc, program.statements.first?.doc]
    }
    #expect(docs("#!/usr/bin/env msh\n## file\nparam a = 1  ## own") == ["file", "own"])
    #expect(docs("## file\n\nparam a = 1") == ["file", nil])
    #expect(docs("## file\n# plain\n## doc\nlet a = 1") == ["file", "doc"])
    #expect(docs("## doc\nparam a = 1") == [nil, "doc"])
    #expect(docs("## doc\nfn f() { ## head\n  1\n}") == [nil, "doc\nhead"])
  }

  @Test func docCommentsOfInnerDeclarationsStayInside() {
    let text = "fn f() {\n  ## inner\n  let a = 1 ## beside\n}"
    let (program, _) = Parser.parse(Source(name: "t", text: text))
    #expect(program.statements[0].doc == nil)
    guard case .function(_, let function) = program.statements[0].kind else {
      return #expect(Bool(false), "not a function")
    }
    #expect(function.body.statements[0].doc == "inner\nbeside")
  }

  @Test func theFirstScriptOfTheManualIsUnderstood() {
    let text = """
      #!/usr/bin/env msh
      ## Joins on-prem clusters into one mesh.
      param revision = "asm-198-6"          ## control-plane revision label
      param clusters = contexts("onprem-*") ## which kubeconfig contexts

      parallel for c in clusters {
        gateway c, mesh: "mesh1", network: "network-${c.name}", revision: revision
        expose c
      }
      link clusters                          # full mesh; link a <-> b for one pair
      verify clusters
      """
    #expect(
      parsed(text) == """
        (param revision "asm-198-6")
        (param clusters (call contexts "onprem-*"))
        (parallel for c clusters {(command gateway c mesh:"mesh1" network:(str "network-" (. c name)) revision:revision); (command expose c)})
        (command link clusters)
        (command verify clusters)
        """)
  }
}
