// Keeps the documentation true: its scripts compile, its tables are those of the source.

import MeshScript
import Testing

@Suite("The documentation")
struct DocumentationTests {
  @Test(
    "every script in it compiles", arguments: ["README.md", "docs/language.md", "docs/verbs.md"])
  func scripts(file: String) throws {
    guard let text = try? Folder.package.child(file).text() else { return }
    let scripts = Self.blocks(of: "msh", in: text)
    #expect(file != "README.md" || scripts.count >= 2)
    for script in scripts {
      let source = Source(name: "\(file):\(script.line)", text: script.text)
      do { _ = try Engine().check(source) } catch let error as Diagnostics {
        Issue.record("\(DiagnosticRenderer(color: false).render(error.all))")
      }
    }
  }

  @Test("docs/errors.md is what the tables say; run with MSH_WRITE_DOCS=1 to write it")
  func errors() async throws {
    let page = Folder.package.child("docs/errors.md")
    let text = await ErrorManual.page()
    if Folder.environment("MSH_WRITE_DOCS") != nil { try page.write(text) }
    #expect(try page.text() == text)
  }

  @Test("docs/verbs.md is what the verbs say; run with MSH_WRITE_DOCS=1 to write it")
  func verbs() throws {
    let page = Folder.package.child("docs/verbs.md")
    if Folder.environment("MSH_WRITE_DOCS") != nil { try page.write(VerbManual.page) }
    #expect(try page.text() == VerbManual.page)
    #expect(VerbManual.page.contains("## gateway"))
  }

  @Test("no code means two things")
  func codes() {
    let codes = ErrorManual.groups.flatMap(\.rows).map(\.code)
    #expect(Set(codes).count == codes.count)
    #expect(codes.allSatisfy { $0.count == 5 && $0.hasPrefix("E") })
    #expect(ErrorManual.meaning(of: "E0202") != nil)
    #expect(ErrorManual.meaning(of: "E9999") == nil)
  }

  /// Fenced blocks with the language's name, and the line where each begins.
  private static func blocks(of name: String, in text: String) -> [(line: Int, text: String)] {
    var blocks: [(line: Int, text: String)] = []
    var isInside = false
    for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated()
    {
      if line.hasPrefix("```") {
        if line == "```\(name)" { blocks.append((index + 2, "")) }
        isInside = line == "```\(name)"
      } else if isInside {
        blocks[blocks.count - 1].text += line + "\n"
      }
    }
    return blocks
  }
}
