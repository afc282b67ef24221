// The engine as an embedder uses it.

import MeshScript
import Synchronization
import Testing

/// Collects what a script prints.
private final class Printed: Sendable {
  private let text = Mutex("")
  func add(_ piece: String) { text.withLock { $0 += piece } }
  var all: String { text.withLock { $0 } }
}

private func engine(_ printed: Printed, functions: [HostFunction] = []) -> Engine {
  var options = EngineOptions()
  options.output = { printed.add($0) }
  return Engine(options, functions: functions)
}

@Suite("The engine")
struct EngineTests {
  @Test("runs a script, gives its value and what it printed")
  func run() async {
    let printed = Printed()
    let outcome = await engine(printed).run(
      Source(name: "a.msh", text: "let a = 20\nprint \"hello\"\na * 2 + 2"))
    guard case .int(42) = outcome.value else {
      Issue.record("value \(outcome.value), errors \(outcome.errors)")
      return
    }
    #expect(printed.all == "hello\n")
    #expect(outcome.exitCode == 0)
    #expect(outcome.report.isEmpty)
  }

  @Test("sets params by their types")
  func parameters() async {
    let printed = Printed()
    let source = Source(name: "a.msh", text: "param n = 1\nparam s = \"x\"\nprint n + 1, s")
    let outcome = await engine(printed).run(source, parameters: ["n": "4", "s": "5"])
    #expect(outcome.errors.isEmpty)
    #expect(printed.all == "5 5\n")
  }

  @Test("gives a script's params without running it")
  func check() throws {
    let source = Source(name: "a.msh", text: "param n = 1 ## how many\nfail \"ran\"")
    let parameters = try Engine().check(source).parameters
    #expect(parameters.map(\.name) == ["n"])
    #expect(parameters.first?.type == "int")
    #expect(parameters.first?.doc == "how many")
  }

  @Test("a script that does not compile ran nothing and is code 1")
  func rejected() async {
    let printed = Printed()
    let outcome = await engine(printed).run(Source(name: "a.msh", text: "print 1\nprint x"))
    guard case .rejected(let diagnostics)? = outcome.failure else {
      Issue.record("\(outcome)")
      return
    }
    #expect(diagnostics.all.count == 1)
    #expect(printed.all == "")
    #expect(outcome.exitCode == 1)
  }

  @Test("a script that throws is a result with a diagnostic")
  func failed() async {
    let outcome = await Engine().run(Source(name: "a.msh", text: "throw \"no luck\""))
    #expect(outcome.errors.first?.message == "no luck")
    #expect(outcome.exitCode == 1)
  }

  @Test("cancelling the task stops the script")
  func cancelled() async {
    let task = Task { await Engine().run(Source(name: "a.msh", text: "while true { }")) }
    task.cancel()
    let outcome = await task.value
    guard case .cancelled? = outcome.failure else {
      Issue.record("\(outcome)")
      return
    }
    #expect(outcome.exitCode == 130)
  }

  @Test("scripts call functions of the embedder")
  func hostFunction() async {
    let printed = Printed()
    let row = HostFunction(
      Signature("double", [Signature.Parameter("n", "int")]),
      .suspending { arguments in
        guard case .int(let n)? = arguments["n"] else { throw ScriptError("no int") }
        return .int(n * 2)
      })
    let outcome = await engine(printed, functions: [row]).run(
      Source(name: "a.msh", text: "print double(21)"))
    #expect(outcome.errors.isEmpty)
    #expect(printed.all == "42\n")
  }

  @Test("runs are independent of each other, also at the same time")
  func independence() async {
    let engine = Engine()
    let values = await withTaskGroup(of: String.self) { group in
      for n in 0..<8 {
        group.addTask {
          let text = "let a = \(n)\nvar s = 0\nfor i in 0..<1000 { s += a }\ns"
          return ValueText.line(await engine.run(Source(name: "a.msh", text: text)).value)
        }
      }
      return await group.reduce(into: Set<String>()) { $0.insert($1) }
    }
    #expect(values == Set((0..<8).map { "\($0 * 1000)" }))
  }

  @Test("a library engine grants nothing")
  func capabilities() async {
    for code in [
      "readFile(\"/etc/hostname\")", "env(\"HOME\")", "now()", "contexts(\"*\")", "exec(\"true\")",
      "print cluster(\"a\")",
    ] {
      let outcome = await Engine().run(Source(name: "a.msh", text: code))
      #expect(outcome.errors.map(\.code) == ["E0418"], "\(code)")
    }
  }
}

@Suite("A conversation")
struct ConversationTests {
  @Test("inputs see the names of those before them, and may declare them again")
  func names() async {
    let conversation = Engine().conversation()
    func value(_ text: String) async -> String {
      ValueText.line(await conversation.run(Source(name: "<repl>", text: text)).value)
    }
    _ = await value("let a = 20")
    #expect(await value("a + 1") == "21")
    _ = await value("let a = \"again\"")
    #expect(await value("a") == "\"again\"")
  }

  @Test("an error in one input leaves the others alone")
  func errors() async {
    let conversation = Engine().conversation()
    _ = await conversation.run(Source(name: "<repl>", text: "let a = 1"))
    let failed = await conversation.run(Source(name: "<repl>", text: "let b = a + \"x\""))
    #expect(failed.exitCode == 1)
    let value = await conversation.run(Source(name: "<repl>", text: "a")).value
    #expect(ValueText.line(value) == "1")
  }

  @Test("an unfinished input is told apart from a wrong one")
  func unfinished() throws {
    let conversation = Engine().conversation()
    for text in ["fn f() {", "let a = [1,", "1 +", "gateway c,", "\"\"\"\nabc"] {
      #expect(Self.isUnfinished(text, in: conversation), "\(text)")
    }
    for text in ["1 + 2", "let = 3", "}", "print )"] {
      #expect(!Self.isUnfinished(text, in: conversation), "\(text)")
    }
  }

  private static func isUnfinished(_ text: String, in conversation: Conversation) -> Bool {
    do {
      try conversation.check(Source(name: "<repl>", text: text))
      return false
    } catch {
      let all = (error as? Diagnostics)?.all ?? []
      return all.count == 1 && all[0].isUnfinished
    }
  }
}
