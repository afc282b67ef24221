// What a terminal shows for whole scripts: each Tests/Golden/diagnostics/NAME.msh prints NAME.txt.
//
//     MSH_WRITE_GOLDENS=1 swift test --filter DiagnosticGoldenTests

import MeshScript
import Testing

@Suite("Errors as a terminal shows them")
struct DiagnosticGoldenTests {
  private static let folder = Folder.package.child("Tests/Golden/diagnostics")

  private static let scripts = ((try? folder.children()) ?? []).map(\.name)
    .filter { $0.hasSuffix(".msh") }

  @Test("there are at least ten") func count() {
    #expect(Self.scripts.count >= 10)
  }

  @Test("are what was reviewed", arguments: scripts)
  func golden(_ script: String) async throws {
    let source = Source(name: script, text: try Self.folder.child(script).text())
    var options = EngineOptions()
    options.capabilities = []
    let outcome = await Engine(options).run(source)
    let renderer = DiagnosticRenderer(color: false, width: 100)
    let text = renderer.render(outcome.warnings + outcome.errors) + "\n"
    let golden = Self.folder.child("\(script.dropLast(4)).txt")
    if Folder.environment("MSH_WRITE_GOLDENS") != nil { try golden.write(text) }
    #expect(try golden.text() == text)
  }
}
