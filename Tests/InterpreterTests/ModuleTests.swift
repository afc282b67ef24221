// Tests of imports through an embedder's loader, and of imports in a conversation.

import Interpreter
import Lexer
import Synchronization
import Testing

/// Modules in memory; a path is its own identity, except that `./` is dropped.
private final class MemoryModules: ModuleLoader {
  private let texts: Mutex<[String: String]>
  let capability: String?

  init(_ texts: [String: String], capability: String? = nil) {
    self.texts = Mutex(texts)
    self.capability = capability
  }

  func set(_ path: String, _ text: String) { texts.withLock { $0[path] = text } }

  func identity(of source: String) -> String? { source == "<repl>" ? nil : source }

  func load(_ path: String, from importer: String) throws -> ModuleText {
    let identity = path.hasPrefix("./") ? String(path.dropFirst(2)) : path
    guard let text = texts.withLock({ $0[identity] }) else {
      throw ModuleError("\(importer) asked in vain")
    }
    return ModuleText(identity: identity, name: identity, bytes: Array(text.utf8))
  }
}

@Suite("Modules")
struct ModuleTests {
  private func session(
    _ loader: MemoryModules?, isInteractive: Bool = false, capabilities: Set<String>? = nil,
    library: Library = Library()
  ) -> Session {
    var limits = Limits()
    limits.capabilities = capabilities
    return Session(
      library: library, limits: limits, isInteractive: isInteractive, loader: loader
    ) { _ in }
  }

  private func value(_ session: Session, _ text: String, name: String = "main") async throws
    -> Int64?
  {
    let result = try await session.run(Source(name: name, text: text)).value
    if case .int(let number) = result { return number }
    return nil
  }

  private func errors(_ session: Session, _ text: String) -> [Diagnostic] {
    do {
      _ = try session.check(Source(name: "main", text: text))
      return []
    } catch {
      return (error as? Diagnostics)?.all ?? []
    }
  }

  @Test("an embedder's loader gives the text") func loader() async throws {
    let loader = MemoryModules(["a": "let x = 41", "b": "import \"./a\" as a\nlet y = a.x"])
    let session = session(loader)
    #expect(try await value(session, "import \"b\"\nimport \"a\"\na.x + b.y - a.x + 1") == 42)
    // A second run of the same session runs the modules again.
    loader.set("a", "let x = 1")
    #expect(try await value(session, "import \"b\"\nb.y") == 1)
  }

  @Test("what a loader throws is said at the import") func missing() {
    let found = errors(session(MemoryModules([:])), "import \"nope\"")
    #expect(found.map(\.message) == ["cannot import \"nope\": main asked in vain"])
    #expect(found.first?.location?.span == Span(7, 13))
  }

  @Test("without a loader the library's modules can be imported, and no others")
  func libraryOnly() async throws {
    var library = Library()
    library.add(module: "std/one", text: "let x = 1")
    library.add(module: "std/two", text: "import \"std/one\" as one\nfn f() => one.x + 1")
    #expect(try await value(session(nil, library: library), "import \"std/two\" as t\nt.f()") == 2)
    let found = errors(session(nil, library: library), "import \"file.msh\"\nimport \"std/onf\"")
    #expect(found.map(\.code) == ["E0319", "E0319"])
    #expect(found.map(\.label) == ["there is std/one, std/two", "did you mean \"std/one\"?"])
  }

  @Test("a module of the library cannot reach files") func libraryReachesNoFiles() {
    var library = Library()
    library.add(module: "std/bad", text: "import \"a\"")
    let found = errors(
      session(MemoryModules(["a": "let x = 1"]), library: library), "import \"std/bad\"")
    #expect(found.map(\.code) == ["E0319"])
  }

  @Test("a loader that needs a capability is not asked without it") func capability() async throws {
    let loader = MemoryModules(["a": "let x = 7"], capability: "files")
    let refused = errors(session(loader, capabilities: ["network"]), "import \"a\"")
    #expect(refused.map(\.code) == ["E0418"])
    #expect(try await value(session(loader, capabilities: ["files"]), "import \"a\"\na.x") == 7)
  }

  @Test("a cycle shows its chain") func cycle() {
    let loader = MemoryModules(["a": "import \"b\"", "b": "import \"main\"", "main": ""])
    let found = errors(session(loader), "import \"a\"")
    #expect(found.map(\.code) == ["E0318"])
    #expect(found.first?.notes == ["the chain is main -> a -> b -> main"])
    #expect(found.first?.location?.source.name == "b")
  }

  @Test("an endless chain of imports ends in an error") func depth() {
    let loader = MemoryModules(
      Dictionary(uniqueKeysWithValues: (0..<200).map { ("m\($0)", "import \"m\($0 + 1)\"") }))
    let found = errors(session(loader), "import \"m0\"")
    #expect(found.map(\.code) == ["E0324"])
  }

  @Test("errors inside a module say where it is imported, and ask for no further line")
  func errorInside() {
    let loader = MemoryModules(["a": "fn f("])
    let found = errors(session(loader, isInteractive: true), "import \"a\"")
    #expect(found.first?.location?.source.name == "a")
    #expect(found.first?.isUnfinished == false)
    #expect(found.first?.labels.last?.text == "imported here")
    #expect(found.first?.labels.last?.location.source.name == "main")
  }

  @Test("at most twenty errors are reported, over all modules") func errorLimit() {
    let bad = (0..<15).map { "let a\($0) = nope" }.joined(separator: "\n")
    let found = errors(session(MemoryModules(["a": bad])), "import \"a\"\n\(bad)")
    #expect(found.count == 20)
  }

  @Test("a conversation keeps modules, and runs those anew whose text has changed")
  func conversation() async throws {
    let loader = MemoryModules([
      "count": "var n = 0\nfn next() { n += 1; return n }",
      "user": "import \"count\"\nfn next() => count.next()",
    ])
    let session = session(loader, isInteractive: true)
    #expect(try await value(session, "import \"user\"\nuser.next()", name: "<repl>") == 1)
    #expect(try await value(session, "import \"count\"\ncount.next()", name: "<repl>") == 2)
    #expect(try await value(session, "user.next()", name: "<repl>") == 3)
    loader.set("count", "var n = 10\nfn next() { n += 1; return n }")
    #expect(try await value(session, "import \"count\"\ncount.next()", name: "<repl>") == 11)
    // Its user has not changed, but what it imports has.
    #expect(try await value(session, "import \"user\"\nuser.next()", name: "<repl>") == 12)
    // Names behind the dot are checked in later inputs too.
    #expect(errors(session, "count.nxt()").map(\.code) == ["E0302"])
  }

  @Test("a module that failed runs again when it is imported again") func failedOnce() async throws
  {
    let loader = MemoryModules(["a": "let x = 1 / 0"])
    let session = session(loader, isInteractive: true)
    await #expect(throws: ScriptError.self) { try await value(session, "import \"a\"") }
    await #expect(throws: ScriptError.self) { try await value(session, "import \"a\"") }
    loader.set("a", "let x = 5")
    #expect(try await value(session, "import \"a\"\na.x") == 5)
  }

  @Test("a conversation may import with other params") func otherParams() async throws {
    let loader = MemoryModules(["a": "param x = 1\nlet y = x"])
    let session = session(loader, isInteractive: true)
    #expect(try await value(session, "import \"a\"\na.y") == 1)
    #expect(try await value(session, "import \"a\", x: 2\na.y") == 2)
    #expect(try await value(session, "import \"a\"\na.y") == 2)
  }

  @Test("the command line's values are the script's own params, not its modules'")
  func parametersOfModules() async throws {
    let session = session(MemoryModules(["a": "param x = 1\nlet y = x"]))
    let source = Source(name: "main", text: "param x = 5\nimport \"a\"\na.y * 10 + x")
    guard case .int(let result) = try await session.run(source, parameters: ["x": "7"]).value else {
      Issue.record("no int")
      return
    }
    #expect(result == 17)
    #expect(try session.check(source).parameters.map(\.name) == ["x"])
  }
}
