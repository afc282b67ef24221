// Programs are compiled once and run many times; a conversation keeps what a program declared, so that
// Swift can call its functions.

import MeshScript
import Testing

@Suite("A program")
struct ProgramTests {
  @Test("is compiled once and runs many times, each time from the start")
  func runs() async throws {
    let program = try Engine().compile("param n: int = 1\nvar s = 0\nfor i in 0...n { s += i }\ns")
    let engine = Engine()
    for n in 0..<20 {
      let outcome = await engine.run(program, parameters: ["n": .int(Int64(n))])
      #expect(outcome.value == .int(Int64(n * (n + 1) / 2)))
    }
    #expect(program.parameters.map(\.name) == ["n"])
    #expect(program.disassembly.contains("rangeLoop"))
  }

  @Test("takes params as values of their types, or as text")
  func parameters() async throws {
    let engine = Engine()
    let program = try engine.compile(
      "param xs: list\nparam f: float = 1.0\nparam d: duration = 1s\n[xs, f, d]")
    let outcome = await engine.run(
      program, parameters: ["xs": ["a", 2], "f": 3, "d": .duration(5)])
    #expect(outcome.value == [["a", 2], 3.0, .duration(5)])
    let text = await engine.run(program, parameters: ["xs": "a,b", "d": "2m"])
    #expect(text.value == [["a", "b"], 1.0, .duration(120_000_000_000)])
    let wrong = await engine.run(program, parameters: ["xs": 7])
    #expect(wrong.errors.first?.message == "the parameter \"xs\" takes a list, not an int")
    let unknown = await engine.run(program, parameters: ["x": 7])
    #expect(unknown.errors.first?.message == "the script has no parameter \"x\"")
  }

  @Test("that does not compile is Diagnostics with codes and places")
  func rejected() throws {
    let thrown = #expect(throws: Diagnostics.self) {
      try Engine().compile("let a = 1\nlet b = aa + 1\nlet c = d", name: "rules.msh")
    }
    let all = try #require(thrown?.all)
    #expect(all.map(\.code) == ["E0301", "E0301"])
    let location = try #require(all[0].location)
    #expect(location.source.name == "rules.msh")
    #expect(location.source.position(of: location.span.start) == Position(line: 2, column: 9))
    #expect(location.source.text(location.span) == "aa")
  }

  @Test("keeps the functions that it was compiled with")
  func library() async throws {
    let engine = Engine()
    engine.register("version") { 1 }
    let first = try engine.compile("version()")
    engine.register("version") { 2 }
    engine.register("aaa") { 3 }
    #expect(await engine.run(first).value == 1)
    #expect(await engine.run(try engine.compile("version()")).value == 2)
  }

  @Test("fails as a value with code, kind, message, place, notes and stack")
  func failures() async throws {
    let engine = Engine()
    let program = try engine.compile(
      "fn deep(x) { throw {kind: \"odd\", message: \"no ${x}\", notes: [\"why\"], status: 7} }\ndeep(1)",
      name: "f.msh")
    let outcome = await engine.run(program)
    guard case .failed(let error)? = outcome.failure else {
      Issue.record("\(outcome)")
      return
    }
    #expect(error.kind == "odd" && error.message == "no 1" && error.notes == ["why"])
    #expect(error.details.first?.value == 7)
    #expect(error.location?.source.name == "f.msh")
    #expect(error.stack.map(\.function) == ["deep"])
    #expect(throws: ScriptError.self) { try outcome.get() }
  }
}

@Suite("Functions of a script, called from Swift")
struct CallTests {
  private func conversation(_ text: String) async throws -> Conversation {
    let engine = Engine()
    let conversation = engine.conversation()
    let outcome = await conversation.run(try engine.compile(text, keepsNames: true))
    _ = try outcome.get()
    return conversation
  }

  @Test("take and give values, and share the script's variables")
  func calls() async throws {
    let counter = try await conversation(
      "var n = 0\nfn add(by, times = 1) { n += by * times\nreturn n }\nlet limit = 10")
    #expect(await counter.call("add", [2]).value == 2)
    #expect(await counter.call("add", [2], named: ["times": 3]).value == 8)
    #expect(counter["n"] == 8)
    #expect(counter["limit"] == 10)
    #expect(counter["nope"] == nil)
    #expect(counter.declaredNames == ["add", "n", "limit"])
  }

  @Test("may wait, and may be cancelled")
  func waiting() async throws {
    let conversation = try await conversation("fn nap() { sleep 1h }\nfn soon() { sleep 1ms\n5 }")
    #expect(await conversation.call("soon").value == 5)
    let task = Task { await conversation.call("nap") }
    task.cancel()
    guard case .cancelled? = await task.value.failure else {
      Issue.record("not cancelled")
      return
    }
    #expect(await conversation.call("soon").value == 5)
  }

  @Test("that there are none of, or that fail, are failures with their place")
  func failing() async throws {
    let conversation = try await conversation("fn bad(x) { x + \"1\" }\nlet no = 3")
    let unknown = await conversation.call("bed", [1])
    #expect(unknown.errors.first?.message == "the script declares no function \"bed\"")
    #expect(unknown.errors.first?.label == "did you mean \"bad\"?")
    #expect(await conversation.call("no").errors.first?.message == "an int cannot be called")
    #expect(
      await conversation.call("bad").errors.first?.message.contains("missing argument") == true)
    let failed = await conversation.call("bad", [1])
    #expect(failed.errors.first?.location?.source.name == "<script>")
    #expect(failed.errors.first?.message == "cannot apply + to int and string")
  }
}
