// Every code has an example, and every example runs into its code.

import Testing

@testable import MeshScript

@Suite("Examples of errors")
struct ErrorExampleTests {
  private static let codes = ErrorManual.groups.flatMap(\.rows).map(\.code)

  @Test("every code has one example, in the order of the codes")
  func completeness() {
    #expect(ErrorManual.examples.map(\.code) == Self.codes)
    #expect(ErrorManual.examples.allSatisfy { !$0.wayOut.isEmpty && $0.wayOut.hasSuffix(".") })
  }

  @Test("the example of a code leads to that error and no other", arguments: Self.codesOfScripts)
  func trigger(code: String) async throws {
    let example = try #require(ErrorManual.examples.first { $0.code == code })
    let found = await example.run()
    #expect(found.map(\.code) == [code], "\(DiagnosticRenderer(color: false).render(found))")
    let entry = try #require(await ErrorManual.entry(of: code))
    #expect(entry.contains(example.wayOut))
    #expect(entry.contains("[\(code)]: "))
  }

  private static let codesOfScripts = ErrorManual.examples.filter { example in
    if case .script = example.place { true } else { false }
  }.map(\.code)

  @Test("a code that takes more than a script has a test that names it")
  func outside() throws {
    let codes = Set(Self.codes).subtracting(Self.codesOfScripts)
    var named: Set<String> = []
    let tests = Folder.package.child("Tests")
    for suite in try tests.children() where suite.name.hasSuffix("Tests") {
      for file in try suite.children() where file.name.hasSuffix("Tests.swift") {
        let text = try file.text()
        named.formUnion(codes.filter { text.contains("\"\($0)\"") })
      }
    }
    for topic in try tests.child("Language").children() {
      for file in try topic.children() where file.name.hasSuffix(".msh") {
        let text = try file.text()
        named.formUnion(codes.filter { text.contains(" \($0):") })
      }
    }
    #expect(codes.subtracting(named).sorted() == [])
  }

  @Test("a run that is stopped says so")
  func cancelled() async throws {
    let task = Task { await Engine().run(Source(name: "t", text: "while true { }")) }
    task.cancel()
    let outcome = await task.value
    guard case .failed(let error)? = outcome.failure else {
      guard case .cancelled? = outcome.failure else {
        Issue.record("the run ended by itself")
        return
      }
      #expect(FaultCode.cancelled.rawValue == "E0424")
      return
    }
    #expect(error.code == "E0424")
  }

  @Test("a file that is not there is named")
  func missingFile() async throws {
    var options = EngineOptions()
    options.capabilities = [.files]
    let path = Folder.package.child("missing.txt").path
    let outcome = await Engine(options).run(
      Source(name: "t", text: "print readFile(\"\(path)\")"))
    let error = try #require(outcome.errors.first)
    #expect(error.code == "E0425" && error.kind == "file")
    #expect(error.message.hasPrefix("\(path): "))
  }

  @Test("a conversation takes one input at a time")
  func busy() async throws {
    var options = EngineOptions()
    let (inputs, started) = AsyncStream.makeStream(of: Void.self)
    options.output = { _ in started.yield() }
    let conversation = Engine(options).conversation()
    let first = Task {
      await conversation.run(Source(name: "a", text: "print 1\nsleep 1h"))
    }
    for await _ in inputs { break }
    let second = await conversation.run(Source(name: "b", text: "print 2"))
    #expect(second.errors.map(\.code) == ["E0602"])
    first.cancel()
    _ = await first.value
  }

  @Test("an error that nothing explains is still shown")
  func unexpected() async {
    struct Surprise: Error {}
    let report = await Engine().run(Source(name: "t", text: "")).report
    let outcome = RunOutcome(
      value: .null, warnings: [], failure: .init(Surprise()), report: report)
    #expect(outcome.errors.map(\.code) == ["E0603"])
    #expect(outcome.exitCode == 1)
  }

  @Test("msh help has no entry for a code that does not exist")
  func unknown() async {
    #expect(await ErrorManual.entry(of: "E9999") == nil)
  }
}
