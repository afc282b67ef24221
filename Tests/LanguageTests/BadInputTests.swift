// Texts that nobody writes, but that a program may be given: each works, or ends in an error with its
// place, and none crashes.

import Builtins
import Interpreter
import Lexer
import Synchronization
import Testing

@Suite("Bad input")
struct BadInputTests {
  private func run(_ bytes: [UInt8], memory: Int = 1 << 30) async -> Program.Result {
    var limits = Limits()
    limits.memory = memory
    return await Program.run(Source(name: "bad.msh", bytes: bytes), [:], limits)
  }

  private func run(_ text: String) async -> Program.Result { await run(Array(text.utf8)) }

  /// `CODE line:column` of each error.
  private func places(_ result: Program.Result) -> [String] {
    result.reports.map { report in
      let position = report.location.map { $0.source.position(of: $0.span.start) }
      return "\(report.code) \(position?.line ?? 0):\(position?.column ?? 0)"
    }
  }

  // MARK: Bytes

  @Test(
    "text that is not UTF-8 is refused at its first wrong byte",
    arguments: [
      ([0xFF], "E0101 1:1"), (Array("print 1\nlet x = \"".utf8) + [0xC3, 0x22], "E0101 2:10"),
      (Array("# ".utf8) + [0xC0, 0x80], "E0101 1:3"),
      (Array("# ".utf8) + [0xED, 0xA0, 0x80], "E0101 1:3"),
      (Array("x\n\n  ".utf8) + [0xF4, 0x90, 0x80, 0x80], "E0101 3:3"), ([0x80, 0x80], "E0101 1:1"),
    ] as [([UInt8], String)])
  func notUTF8(_ bytes: [UInt8], _ place: String) async {
    let result = await run(bytes)
    #expect(places(result).contains(place))
    #expect(result.output.isEmpty)
  }

  @Test("a NUL byte is refused where it stands")
  func nul() async {
    let result = await run(Array("print 1\nprint ".utf8) + [0] + Array("2".utf8))
    #expect(places(result).first == "E0102 2:7")
    #expect(result.output.isEmpty)
  }

  @Test("an error on a line of millions of characters is shown in a few words")
  func hugeLine() async {
    let text = "let x = \"" + String(repeating: "a", count: 3_000_000) + "\" + nope"
    let result = await run(text)
    #expect(places(result) == ["E0301 1:3000014"])
    let shown = DiagnosticRenderer(color: false).render(result.reports[0])
    #expect(shown.utf8.count < 1000)
    #expect(shown.contains("nope"))
  }

  @Test("a huge line that is right runs")
  func hugeLineRuns() async {
    let text = "print \"" + String(repeating: "é", count: 1_000_000) + "\".count()"
    #expect(await run(text).output == ["1000000"])
  }

  // MARK: Many of one thing

  private static let many = 70_000

  @Test("a list of more elements than an instruction can name works")
  func hugeList() async {
    let elements = (0..<Self.many).map(String.init).joined(separator: ", ")
    let result = await run("let xs = [\(elements)]\nprint xs.count(), xs[-1]")
    #expect(result.output == ["70000 69999"])
  }

  @Test("a list of more strings than a function has constants works or says so")
  func hugeListOfStrings() async {
    let elements = (0..<Self.many).map { "\"s\($0)\"" }.joined(separator: ", ")
    await workOrTooLarge("let xs = [\(elements)]\nprint xs.count(), xs[-1]", ["70000 s69999"])
  }

  @Test("a map of more keys than a function has constants works or says so")
  func hugeMap() async {
    let entries = (0..<Self.many).map { "k\($0): \($0)" }.joined(separator: ", ")
    await workOrTooLarge("let m = {\(entries)}\nprint m.count(), m.k69999", ["70000 69999"])
  }

  @Test("hundreds of arguments, parameters and names work")
  func hundreds() async {
    let names = (0..<400).map { "p\($0)" }
    let text = """
      fn f(\(names.joined(separator: ", "))) {
        \(names.map { "let l\($0) = \($0) + 1" }.joined(separator: "\n"))
        [p0, p399, lp399]
      }
      print f(\((0..<400).map(String.init).joined(separator: ", ")))
      fn g(...all) => all.count()
      print g(\((0..<1000).map(String.init).joined(separator: ", ")))
      """
    #expect(await run(text).output == ["[0, 399, 400]", "1000"])
  }

  @Test(
    "tens of thousands of parameters and arguments work or say so",
    arguments: [
      "fn f(PARAMETERS) => 1\nprint 1", "fn f(DEFAULTS) => 1\nprint f()",
      "fn f(PARAMETERS) => 1\nprint f(NAMED)", "print max(NUMBERS) - 69998",
      "let f = (...all) => all.count() - 69999\nprint f(NUMBERS)",
      "let f = (...all) => all.count() - 59999\nprint f(...0..<60000)",
    ])
  func manyParameters(_ shape: String) async {
    func list(_ item: (Int) -> String) -> String {
      (0..<Self.many).map(item).joined(separator: ", ")
    }
    let text = shape.replacing("PARAMETERS", with: list { "p\($0)" })
      .replacing("DEFAULTS", with: list { "p\($0) = \($0)" })
      .replacing("NAMED", with: list { "p\($0): 1" }).replacing("NUMBERS", with: list { "\($0)" })
    await workOrTooLarge(text, ["1"])
  }

  @Test(
    "a function that is too large is reported where it became so",
    arguments: [
      (text: "print 1\nfn f(ITEMS) => 1", item: "p#", separator: ", "),
      (text: "print 1\nfn f(ITEMS) => 1", item: "p# = #", separator: ", "),
      (text: "print 1\nprint max(ITEMS)", item: "#", separator: ", "),
      (text: "let f = (...all) => all\nprint f(ITEMS)", item: "#", separator: ", "),
      (text: "print 1\nfn f() { ITEMS }", item: "let l# = #", separator: "; "),
    ])
  func placeOfTooLarge(_ text: String, _ item: String, _ separator: String) async throws {
    let items = (0..<Self.many).map { item.replacing("#", with: "\($0)") }
    let result = await run(text.replacing("ITEMS", with: items.joined(separator: separator)))
    #expect(result.reports.count == 1)
    let report = try #require(result.reports.first)
    #expect(report.code == "E0320")
    let location = try #require(report.location)
    let span = Int(location.span.start)..<Int(location.span.end)
    let place = String(decoding: location.source.bytes[span], as: UTF8.self)
    // The name or the number of the first item that was too many.
    let number = try #require(Int(place.filter(\.isNumber).prefix(5)), "\(place)")
    #expect((65_000...65_536).contains(number), "\(place)")
  }

  @Test(
    "more arguments, names or parts than registers are one error with its place",
    arguments: [
      "fn g(...all) => all.count()\nprint g(", "print \"", "print [1", "fn f() {\n",
    ])
  func tooManyRegisters(_ start: String) async {
    let text: String
    switch start {
    case "print \"": text = start + String(repeating: "${1}", count: Self.many) + "\""
    case "print [1": text = start + String(repeating: "].map(x => [1", count: 50) + "]"
    case "fn f() {\n":
      text =
        start + (0..<Self.many).map { "let v\($0) = \($0)" }.joined(separator: "\n") + "\n}\nf()"
    default: text = start + String(repeating: "1, ", count: 3000) + "1)"
    }
    let result = await run(text)
    let isRefused = result.reports.allSatisfy { $0.code.hasPrefix("E0") && $0.location != nil }
    #expect(isRefused)
    #expect(
      result.reports.count <= 1 && result.reports.isEmpty != result.output.isEmpty
        || result.reports.isEmpty)
  }

  @Test(
    "jumps over more code than sixteen bits count work",
    arguments: [
      "if c { BODY } else { n = -1 }", "fn f() { defer { n += 0 }\nBODY }\nf()",
    ])
  func longJumps(_ shape: String) async {
    let body = String(repeating: "n += 1\n", count: 34_000)
    let text = "var n = 0\nlet c = true\n" + shape.replacing("BODY", with: body) + "\nprint n"
    let result = await run(text)
    if result.output.isEmpty {
      #expect(result.reports.count == 1 && result.reports[0].location != nil)
    } else {
      #expect(result.output == ["34000"])
    }
  }

  @Test("tens of thousands of functions and arms work or say so")
  func manyFunctions() async {
    let functions = (0..<Self.many).map { "fn f\($0)() => \($0)" }.joined(separator: "\n")
    await workOrTooLarge(functions + "\nprint f0() + f69999()", ["69999"])
    let arms = (0..<Self.many).map { "\($0) => \"a\($0)\"" }.joined(separator: "\n")
    await workOrTooLarge("print match 69999 {\n\(arms)\n}", ["a69999"])
  }

  private func workOrTooLarge(_ text: String, _ output: [String]) async {
    let result = await run(text)
    if result.reports.isEmpty {
      #expect(result.output == output)
    } else {
      #expect(Set(result.reports.map(\.code)) == ["E0320"])
      #expect(result.reports[0].location != nil)
    }
  }

  // MARK: Deep at run time

  @Test("data nested a hundred thousand deep is made, compared, copied and freed without a crash")
  func deepData() async {
    let text = """
      fn nest(n) { var xs = []
        for i in 0..<n { xs = [xs] }
        xs }
      var a = nest(100000)
      var b = nest(100000)
      fn kind(f) => try { f(); "fine" } catch e { e.kind }
      print kind(() => a == b), kind(() => str(a)), kind(() => a.copy()), kind(() => json.format(a))
      print kind(() => [a].contains(b)), kind(() => [a, b].unique()), kind(() => "${a}")
      a = null
      b = null
      print "freed"
      """
    let output = await run(text).output
    #expect(output == ["value value value value", "value value value", "freed"])
  }

  @Test(
    "ranges at the ends of the integers are finite or refused",
    arguments: [
      (
        "try { for i in 1...9223372036854775807 { } } catch e { print e.kind }", ["overflow"]
      ),
      ("print 5 in 0...9223372036854775807", ["true"]),
      ("print [...9223372036854775806...9223372036854775807].count()", ["2"]),
    ])
  func extremeRanges(_ text: String, _ output: [String]) async {
    #expect(await run(text).output == output)
  }

  @Test(
    "spreading a range that no memory holds ends the run",
    arguments: [
      "let xs = [...0..<9223372036854775807]",
      "let xs = [...(-9223372036854775807)...9223372036854775807]",
      "print(...0...9223372036854775807)", "print parallel for i in 0..<9223372036854775807 { i }",
    ])
  func endlessSpread(_ text: String) async {
    let result = await run(Array(text.utf8), memory: 8 << 20)
    #expect(result.reports.map(\.code) == ["E0414"] || result.reports.map(\.code) == ["E0407"])
    #expect(result.reports.allSatisfy { $0.location != nil })
  }
}
