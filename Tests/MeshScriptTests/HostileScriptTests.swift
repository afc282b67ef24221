// Scripts that want all of what they run on: each ends at its limit with the right error, at its place, and the
// same engine runs the next script.

import MeshScript
import Testing

@Suite("Hostile scripts")
struct HostileScriptTests {
  /// Ways to go on for ever, or close to it.
  static let endless = [
    "while true { }", "fn f() { f2() }\nfn f2() { }\nwhile true { f() }",
    "for i in 0..<9000000000000000000 { }", "var n = 0\nwhile true { n = (n + 1) % 7 }",
    "fn fib(n) { if n < 2 { n } else { fib(n - 1) + fib(n - 2) } }\nfib(90)",
    "while true { try { throw \"x\" } catch e { } }", "while true { sleep 0s }",
    "[...0..<3000].map(a => [...0..<3000].map(b => [...0..<3000].map(c => a + b + c).sum()).sum())",
    "while true { parallel for i in [1, 2, 3] { i } }",
    "parallel(1000) for i in 0..<1000 { while true { } }",
    "let t = \"a\".repeat(30)\nwhile true { try { t.matches(\"(a+)+b\") } catch e { } }",
    "while true { json.parse(json.format([...0..<1000])) }",
    "try { while true { } } finally { while true { } }",
    "fn f() { defer { while true { } }\nwhile true { } }\nf()",
  ]

  /// Ways to fill the memory.
  static let greedy = [
    "var x = [1]\nwhile true { x = [x, x] }", "var s = \"ab\"\nwhile true { s += s }",
    "let m = {}\nvar i = 0\nwhile true { i += 1\nm[str(i)] = [i] }",
    "let fs = []\nwhile true { fs.append(() => fs) }", "let xs = [...0..<9000000000000]",
    "\"x\".repeat(9000000000000)", "\"\".padLeft(9000000000000)",
    "[...0..<10000].pairs()", "let xs = [1, 2]\nwhile true { for x in [...xs] { xs.append(x) } }",
    "let t = \"[1\" + \",[1]\".repeat(100000) + \"]\"\njson.parse(t)",
    "let t = \"a: [1\" + \",[1]\".repeat(90000) + \"]\"\nyaml.parse(t)",
    "let x = [[...0..<10000]]\nfor i in 0..<12 { x.append(x.slice(0)) }\nstr(x).count()",
    "parallel(1000000) for i in 0..<1000000 { sleep 1h }",
    "let t = \"x\".repeat(100000)\nlet a = [t]\nwhile true { a.append(t.replace(\"x\", \"yy\")) }",
  ]

  private func engine(_ change: (inout Limits) -> Void) -> Engine {
    var options = EngineOptions()
    change(&options.limits)
    return Engine(options)
  }

  /// What the script failed with; afterwards the engine must run another one.
  private func failure(_ engine: Engine, _ text: String) async -> ScriptError? {
    let outcome = await engine.run(Source(name: "hostile.msh", text: text))
    let next = await engine.run(Source(name: "next.msh", text: "[1, 2].map(x => x + 1).sum()"))
    #expect(next.value == 5, "after \(text)")
    guard case .failed(let error)? = outcome.failure else {
      Issue.record("\(text) ended with \(String(describing: outcome.failure))")
      return nil
    }
    #expect(error.location?.source.name == "hostile.msh", "\(text): \(error.message)")
    return error
  }

  @Test("end at the instruction budget", arguments: endless)
  func instructions(_ text: String) async {
    let error = await failure(engine { $0.instructions = 100_000 }, text)
    #expect(error?.code == "E0415", "\(error?.message ?? "")")
  }

  @Test("end at the deadline", arguments: endless)
  func deadline(_ text: String) async {
    let error = await failure(engine { $0.duration = .milliseconds(50) }, text)
    #expect(error?.code == "E0430", "\(error?.message ?? "")")
  }

  @Test("end at the memory cap", arguments: greedy)
  func memory(_ text: String) async {
    let error = await failure(engine { $0.memory = 8 << 20 }, text)
    #expect(error?.code == "E0414", "\(error?.message ?? "")")
  }

  @Test(
    "end at the call depth",
    arguments: [
      "fn f() { f() }\nf()", "fn f(n) => [n].map(x => f(x))\nf(1)",
      "fn f() { parallel { f() } }\nf()", "fn f() { try { f() } finally { f() } }\nf()",
    ])
  func depth(_ text: String) async {
    let limited = engine {
      $0.callDepth = 200
      $0.instructions = 100_000
    }
    let error = await failure(limited, text)
    #expect(["E0413", "E0416", "E0415"].contains(error?.code ?? ""), "\(error?.message ?? "")")
  }

  @Test("end when they are cancelled, wherever they are", arguments: endless)
  func cancellation(_ text: String) async {
    let engine = Engine()
    let started = AsyncStream<Void>.makeStream()
    engine.register("begin") { _ = started.continuation.yield() }
    let task = Task { await engine.run(Source(name: "hostile.msh", text: "begin()\n" + text)) }
    for await _ in started.stream { break }
    task.cancel()
    #expect(await task.value.exitCode == 130)
    let next = await engine.run(Source(name: "next.msh", text: "1 + 1"))
    #expect(next.value == 2)
  }
}
