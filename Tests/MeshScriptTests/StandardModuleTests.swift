// The modules that ship with the library, and imports through an engine.

import MeshScript
import Testing

@Suite("Modules of an engine")
struct StandardModuleTests {
  @Test("every module of the library compiles, without a capability")
  func libraryModules() throws {
    let engine = Engine()
    let paths = engine.library.modules.keys.sorted()
    #expect(paths.contains("std/mesh"))
    for path in paths {
      let warnings = try engine.check(Source(name: "a.msh", text: "import \"\(path)\" as m"))
        .warnings
      #expect(warnings.isEmpty, "\(path)")
    }
  }

  @Test("calls of a library module are checked before anything runs")
  func checkedCalls() {
    let source = Source(
      name: "a.msh", text: "import \"std/mesh\"\nmesh.join(revison: \"x\")\nmesh.jion()")
    do {
      _ = try Engine().check(source)
      Issue.record("no error")
    } catch {
      let found = (error as? Diagnostics)?.all ?? []
      #expect(
        found.map(\.label)
          == ["did you mean \"revision\"?", "did you mean \"join\"?"])
    }
  }

  @Test("files are imported with the capability, and not without") func files() {
    let source = Source(name: "a.msh", text: "import \"nowhere.msh\"")
    for (capabilities, code) in [([], "E0418"), ([.files], "E0319")]
      as [(Set<EngineOptions.Capability>, String)]
    {
      var options = EngineOptions()
      options.capabilities = capabilities
      do {
        _ = try Engine(options).check(source)
        Issue.record("no error")
      } catch {
        #expect((error as? Diagnostics)?.all.map(\.code) == [code])
      }
    }
  }
}
