// Holds docs/language.md to the product: its examples run, its grammar is the parser's, and its tables
// have every function and method of the library.

import Builtins
import Foundation
import Interpreter
import Lexer
import Testing

/// The manual and what stands in it.
enum Manual {
  static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent()

  static let text: String = {
    let url = root.appendingPathComponent("docs/language.md")
    return (try? String(contentsOf: url, encoding: .utf8)) ?? ""
  }()

  /// A fenced block: what stands behind its fence, its line and its text.
  struct Block: Sendable, CustomTestStringConvertible {
    var tag: String
    var line: Int
    var text: String
    var testDescription: String { "line \(line)" }
  }

  static let blocks: [Block] = {
    var found: [Block] = []
    var open: Block?
    for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated()
    {
      if line.hasPrefix("```") {
        if let block = open {
          found.append(block)
          open = nil
        } else {
          open = Block(tag: String(line.dropFirst(3)), line: index + 1, text: "")
        }
      } else {
        open?.text += line + "\n"
      }
    }
    return found
  }()

  /// Rules by name, white space evened out.
  static let grammar: [String: String] = rules(
    blocks.filter { $0.tag == "ebnf" }.map(\.text).joined(), #/(?m)^([a-z]\w*) += (.*) \.$/#)

  /// The rules in the comments of the parser.
  static func parserRules() throws -> [String: String] {
    let folder = root.appendingPathComponent("Sources/Interpreter/Syntax")
    let files = try FileManager.default.contentsOfDirectory(atPath: folder.path)
    let parts = try files.map {
      try String(contentsOf: folder.appendingPathComponent($0), encoding: .utf8)
    }
    return rules(parts.joined(separator: "\n"), #/(?m)^ *\/\/\/ ([a-z]\w*) = (.*)\.$/#)
  }

  private static func rules(
    _ text: String, _ pattern: Regex<(Substring, Substring, Substring)>
  ) -> [String: String] {
    Dictionary(
      text.matches(of: pattern).map {
        (String($0.1), $0.2.split(separator: " ").joined(separator: " "))
      }, uniquingKeysWith: { first, other in first == other ? first : "\(first) ≠ \(other)" })
  }
}

/// What the manual's tables must have.
enum Signatures {
  /// `slice(from, to?)`.
  static func text(_ signature: Signature, isMethod: Bool) -> String {
    let parameters = signature.parameters.dropFirst(isMethod ? 1 : 0).map { parameter in
      parameter.isRest
        ? "...\(parameter.name)" : parameter.name + (parameter.defaultText == nil ? "" : "?")
    }
    return "\(signature.name)(\(parameters.joined(separator: ", ")))"
  }

  /// The signature of a method that is written in the language, from its first line.
  static func text(_ name: String, script: String) -> String? {
    guard let match = script.firstMatch(of: #/fn \w+\(self(?:, )?((?:[^()]|\([^()]*\))*)\)/#) else {
      return nil
    }
    var parameters: [String] = []
    var rest = String(match.1)
    let one = #/(\w+)( = (?:\([^()]*\) => [^,]*|[^,]*))?(?:, )?/#
    while let parameter = rest.prefixMatch(of: one) {
      parameters.append(parameter.1 + (parameter.2 == nil ? "" : "?"))
      rest = String(rest[parameter.range.upperBound...])
    }
    return "\(name)(\(parameters.joined(separator: ", ")))"
  }

  /// Every row by its table: the type of the receiver, or an empty name for functions.
  static func all(_ library: Library) -> [String: Set<String>] {
    var found = ["": Set(library.functions.values.map { text($0.signature, isMethod: false) })]
    found["", default: []].formUnion(library.constants.keys)
    for (type, methods) in library.methods {
      found[type, default: []].formUnion(methods.values.map { text($0.signature, isMethod: true) })
    }
    for (type, methods) in library.scriptMethods {
      found[type, default: []].formUnion(methods.compactMap { text($0, script: $1) })
    }
    return found
  }

  /// The first cells of the manual's tables, by the type that their headings name.
  static func documented() -> [String: Set<String>] {
    var found: [String: Set<String>] = [:]
    var type: String?
    for line in Manual.text.split(separator: "\n") {
      if line.hasPrefix("<!-- functions") { type = "" }
      if line.hasPrefix("<!-- end of functions") { type = nil }
      guard let table = type else { continue }
      if let heading = line.wholeMatch(of: #/### Methods of (\w+)s/#) { type = String(heading.1) }
      if let row = line.prefixMatch(of: #/\| `([^`]+)` \|/#) {
        found[table, default: []].insert(String(row.1))
      }
    }
    return found
  }
}

@Suite("Manual")
struct ManualTests {
  @Test("has examples and a grammar") func isFound() {
    #expect(Manual.blocks.filter { $0.tag.hasPrefix("msh") }.count >= 15)
    #expect(Manual.grammar.count >= 50)
  }

  @Test(
    "its examples do what their comments say",
    arguments: Manual.blocks.filter { $0.tag == "msh" })
  func example(_ block: Manual.Block) async {
    let expected = Annotations(block.text)
    #expect(!expected.output.isEmpty, "an example shows what it prints, or is marked `check`")
    let source = Source(name: "language.md", text: block.text)
    let result = await Program.run(source, [:], Limits())
    #expect(result.differences(from: expected) == [])
  }

  @Test(
    "its other examples follow the grammar",
    arguments: Manual.blocks.filter { $0.tag == "msh check" })
  func checked(_ block: Manual.Block) {
    let (program, diagnostics) = Parser.parse(Source(name: "language.md", text: block.text))
    #expect(!program.statements.isEmpty)
    #expect(diagnostics.isEmpty, "\(diagnostics.map(\.message))")
  }

  @Test("its grammar is the one in the parser's comments") func grammar() throws {
    let rules = try Manual.parserRules()
    #expect(Set(rules.keys).symmetricDifference(Manual.grammar.keys) == [])
    for (name, rule) in rules { #expect(Manual.grammar[name] == rule, "rule \(name)") }
  }

  @Test("every rule that its grammar uses is defined, and every rule but the first is used")
  func closedGrammar() {
    let bodies = Manual.grammar.values.map { $0.replacing(#/"[^"]*"/#, with: "") }
    let used = Set(bodies.flatMap { $0.matches(of: #/\b[a-z]\w*/#).map { String($0.0) } })
    #expect(used.symmetricDifference(Manual.grammar.keys) == ["program"])
  }

  @Test("has every function and method of the library, and no other") func functions() {
    let library = Signatures.all(StandardLibrary.make())
    let documented = Signatures.documented()
    for type in Set(library.keys).union(documented.keys) {
      let (has, says) = (library[type, default: []], documented[type, default: []])
      #expect(has.subtracting(says).sorted() == [], "missing, type \"\(type)\"")
      #expect(says.subtracting(has).sorted() == [], "too many, type \"\(type)\"")
    }
  }
}
