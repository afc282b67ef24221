// Depth, length and nonsense: the parser always ends with an answer, soon and without a crash.

import Lexer
import Testing

@testable import Interpreter

@Suite struct ParserLimitTests {
  /// Far beyond every limit, and what would overflow any stack.
  private static let count = 20_000
  private static let great = 100_000

  @Test(arguments: ["(", "[", "{"]) func aHundredThousandBracketsAreOneError(opening: String) {
    let text = String(repeating: opening, count: Self.great)
    let found = Parser.parse(Source(name: "t", text: text)).diagnostics
    #expect(found.map(\.message) == ["nested too deeply"])
  }

  @Test(arguments: [
    "(", "[", "{", "f(", "x[", "[{a: ", "not ", "-", "- -", "x => ", "() => ", "if ", "match ",
    "if a { ", "match v { _ => ", "try { ", "parallel { ", "f x => ", "a + (", "fn f() { ",
    "a <-> b ?? c or d and e == f..<g + h * (",
  ]) func deepNestingIsOneError(opening: String) {
    let text = String(repeating: opening, count: Self.count)
    let found = Parser.parse(Source(name: "t", text: text)).diagnostics
    #expect(found.map(\.code) == ["E0211"], "\(described(found).prefix(200))")
    #expect(found.first?.message == "nested too deeply")
  }

  @Test(arguments: [
    ("let ", "["), ("let ", "{a: "), ("for ", "[_, "), ("match v { ", "["), ("fn f(a = ", "("),
    ("f ", "-"), ("match v { -1 if ", "not "), ("let x = \"\"\"\n", "${\"\"\"\n"),
  ]) func deepNestingInsideAStatementIsOneError(start: String, opening: String) {
    let text = start + String(repeating: opening, count: Self.count)
    let found = Parser.parse(Source(name: "t", text: text)).diagnostics
    #expect(found.first?.code == "E0211", "\(described(found).prefix(200))")
    #expect(found.allSatisfy { !$0.isUnfinished })
  }

  @Test(arguments: [
    ("let x = 1", " + 1"), ("let x = a", ".b"), ("let x = f", "()"), ("let x = f", "[0]"),
    ("let x = a", " or b"), ("let x = a", " ?? b"), ("if a {}", " else if a {}"), ("f", ".b"),
  ]) func longChainsAreOneError(start: String, link: String) {
    let text = start + String(repeating: link, count: Self.count) + (start == "f" ? " 1" : "")
    let found = Parser.parse(Source(name: "t", text: text)).diagnostics
    #expect(found.map(\.code) == ["E0211"], "\(described(found).prefix(200))")
    #expect(found.first?.message == "the expression is too long")
  }

  @Test func whatScriptsReallyHoldIsWithinTheLimits() {
    let sum = "let x = 1" + String(repeating: " + 1", count: 900)
    let nested = String(repeating: "[", count: 190) + String(repeating: "]", count: 190)
    let blocks = String(repeating: "if a { ", count: 90) + String(repeating: "}", count: 90)
    let choices = "if a {}" + String(repeating: " else if a {}", count: 300)
    for text in [sum, nested, blocks, choices] {
      let found = Parser.parse(Source(name: "t", text: text)).diagnostics
      #expect(found.isEmpty, "\(described(found).prefix(200))")
    }
  }

  @Test func longFlatListsAreNoProblem() {
    let list = "let x = [" + String(repeating: "1, ", count: Self.great) + "]"
    let (program, diagnostics) = Parser.parse(Source(name: "t", text: list))
    #expect(diagnostics.isEmpty)
    guard case .declaration(_, _, let value) = program.statements[0].kind,
      case .list(let elements) = value.kind
    else { return #expect(Bool(false), "not a list") }
    #expect(elements.count == Self.great)
    let links = "let x = a" + String(repeating: " <-> a", count: 10_000)
    #expect(Parser.parse(Source(name: "t", text: links)).diagnostics.isEmpty)
  }

  @Test(arguments: [")", "}", "\"${", "\"", "let = ", ", ", "\u{0}", "@", "1h1h ", "\"\"\"${"])
  func repeatedNonsenseEndsSoon(piece: String) {
    let text = String(repeating: piece, count: Self.count)
    let found = Parser.parse(Source(name: "t", text: text)).diagnostics
    #expect((1...20).contains(found.count))
  }

  @Test func randomTokensNeverCrash() {
    var random = SplitMix(state: 42)
    let pieces =
      Token.Kind.allCases.map(\.rawValue)
      + [
        "a", "b", "1", "2.5", "1h", "\"s\"", "\"a${", "}", "\n", "\n", " ", " ", "\"\"\"\n",
        "##d\n",
      ]
    for _ in 0..<1500 {
      let text = (0..<Int.random(in: 1...60, using: &random)).map { _ in
        pieces.randomElement(using: &random) ?? ""
      }.joined(separator: Bool.random(using: &random) ? " " : "")
      check(Array(text.utf8))
    }
  }

  @Test func randomBytesNeverCrash() {
    var random = SplitMix(state: 7)
    for _ in 0..<1500 {
      let count = Int.random(in: 0...80, using: &random)
      check((0..<count).map { _ in UInt8.random(in: 0...255, using: &random) })
    }
  }

  @Test func mutatedProgramsNeverCrash() {
    var random = SplitMix(state: 1)
    let program = Array(Self.program.utf8)
    for _ in 0..<800 {
      var bytes = program
      for _ in 0..<Int.random(in: 1...6, using: &random) {
        let place = Int.random(in: 0..<bytes.count, using: &random)
        switch Int.random(in: 0..<4, using: &random) {
        case 0: bytes.remove(at: place)
        case 1: bytes.insert(program[Int.random(in: 0..<program.count, using: &random)], at: place)
        case 2: bytes[place] = UInt8.random(in: 0...255, using: &random)
        default: bytes.removeSubrange(place..<min(bytes.count - 1, place + 9))
        }
      }
      check(bytes)
    }
  }

  @Test func everyPrefixOfAProgramIsParsedToAnEnd() {
    let program = Array(Self.program.utf8)
    for end in 0...program.count { check(Array(program[..<end])) }
    #expect(Parser.parse(Source(name: "t", bytes: program)).diagnostics.isEmpty)
  }

  /// Parses and renders, and checks what holds for every text.
  private func check(_ bytes: [UInt8]) {
    let source = Source(name: "t", bytes: bytes)
    let (program, diagnostics) = Parser.parse(source)
    #expect(diagnostics.count <= 20)
    if diagnostics.count > 1 { #expect(diagnostics.allSatisfy { !$0.isUnfinished }) }
    let renderer = DiagnosticRenderer(color: false)
    for diagnostic in diagnostics {
      #expect(diagnostic.location != nil)
      #expect(Int(diagnostic.location?.span.end ?? 0) <= bytes.count)
      #expect(renderer.render(diagnostic).contains("^"))
    }
    for statement in program.statements {
      #expect(statement.span.start <= statement.span.end)
      #expect(Int(statement.span.end) <= bytes.count)
      #expect(!SyntaxDump.statement(statement).isEmpty)
    }
  }

  private static let program = """
    ## Doc.
    param names: list = ["a", "b"] ## beside
    import "std/mesh" as mesh, x: 1
    fn f(a, b = 1h30m, ...rest) {
      let [x, {y, z: [_, ...w]}] = a ?? {k: 1, "b-c": 2.5, [k]: -3, ...m}
      var text = \"\"\"
          one ${x + "two ${y}"} \\n
        \"\"\"
      while not x in y and z..<3 != w { x += 1; break }
      return match x { 1, 2...5 => text; [h] if h > 1 => { h }; _ => null }
    }
    let r = try { parallel(4) for i, c in names { f c, b: 2 } } catch e { throw e } finally { }
    link r[0] <-> r[1..<-1] -> m?.a.b(x => g x, (a, b) => a - b)
    """
}

/// A seeded generator, so that a failure can be repeated.
private struct SplitMix: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
    return mixed ^ (mixed >> 31)
  }
}
