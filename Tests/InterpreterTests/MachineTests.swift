// The machine by itself: sizes, collection, limits, cancellation, fibers.

import Lexer
import Synchronization
import Testing

@testable import Interpreter

/// A library with just what these tests call.
private func library() -> Library {
  var library = Library()
  library.add(
    HostFunction(
      Signature("give", [.init("value")]), .suspending { $0["value"] ?? .null }))
  library.add(
    HostFunction(
      Signature("hang"),
      .suspending { _ in
        try await Task.sleep(for: .seconds(3600))
        return .null
      }))
  library.addMethod(
    of: "list",
    HostFunction(
      Signature("append", [.init("list"), .init("value")]),
      .immediate { call in
        call[0].asList.append(call[1], call.heap)
        try call.heap.reserve(0)
        return call[0]
      }))
  return library
}

private func run(
  _ text: String, limits: Limits = Limits(), session: Session? = nil
) async throws -> ScriptValue {
  let session = session ?? Session(library: library(), limits: limits) { _ in }
  return try await session.run(Source(name: "test.msh", text: text)).value
}

private func error(_ text: String, limits: Limits = Limits()) async -> ScriptError? {
  do {
    _ = try await run(text, limits: limits)
    return nil
  } catch {
    return error as? ScriptError
  }
}

private func int(_ value: ScriptValue) -> Int64? {
  if case .int(let int) = value { int } else { nil }
}

@Suite("Machine")
struct MachineTests {
  @Test("a value takes 16 bytes and an instruction 8") func sizes() {
    #expect(MemoryLayout<Value>.size <= 16)
    #expect(MemoryLayout<Value>.stride == 16)
    #expect(MemoryLayout<Instruction>.size == 8)
    #expect(MemoryLayout<Instruction>.stride == 8)
  }

  @Test("garbage is freed while a loop makes it") func garbageIsFreed() async throws {
    var limits = Limits()
    limits.memory = 32 << 20
    let text = """
      var kept = []
      for i in 0..<400000 { let piece = ["a", {i: i}]
        if i % 1000 == 0 { kept.append(piece) } }
      kept[399][1].i
      """
    #expect(int(try await run(text, limits: limits)) == 399_000)
  }

  @Test("cycles and deep nesting are freed without recursion") func deepNesting() async throws {
    let text = """
      var outer = 0
      for n in 0..<3 {
        var deep = null
        for i in 0..<200000 { deep = [deep] }
        let cycle = {}
        cycle.me = cycle
        outer += 1
      }
      outer
      """
    #expect(int(try await run(text)) == 3)
  }

  @Test("the memory cap ends a script that no catch can save") func memoryLimit() async {
    var limits = Limits()
    limits.memory = 16 << 20
    let text = "var xs = []\ntry { while true { xs.append([1, 2, 3]) } } catch e { 1 }"
    let error = await error(text, limits: limits)
    #expect(error?.kind == "memory")
    #expect(error?.code == "E0414")
  }

  @Test("the step limit ends a loop") func stepLimit() async {
    var limits = Limits()
    limits.instructions = 100_000
    #expect(await error("while true { }", limits: limits)?.kind == "instructions")
    #expect(
      await error("fn f() { f2() }\nfn f2() { }\nwhile true { f() }", limits: limits)?.kind
        == "instructions")
  }

  @Test("recursion without an end is an error that can be caught") func callDepth() async throws {
    #expect(await error("fn f(n) => f(n + 1)\nf(0)")?.kind == "depth")
    #expect(int(try await run("fn f(n) => f(n + 1)\ntry { f(0) } catch e { 7 }")) == 7)
  }

  @Test("a session works on after a limit was hit") func recovery() async throws {
    var limits = Limits()
    limits.instructions = 50_000
    let session = Session(library: library(), limits: limits) { _ in }
    await #expect(throws: ScriptError.self) { try await run("while true { }", session: session) }
    #expect(int(try await run("1 + 1", session: session)) == 2)
  }

  @Test("cancelling stops a loop that never waits") func cancelLoop() async {
    let task = Task { try await run("while true { }") }
    task.cancel()
    await #expect(throws: CancellationError.self) { try await task.value }
  }

  @Test("cancelling stops host calls that wait") func cancelWait() async {
    let task = Task { try await run("parallel for i in 0..<10 { hang() }") }
    task.cancel()
    await #expect(throws: CancellationError.self) { try await task.value }
  }

  @Test("ten thousand fibers wait at once") func manyFibers() async throws {
    let text = """
      var total = 0
      parallel(10000) for i in 0..<10000 { let got = give(i)
        total += got }
      total
      """
    #expect(int(try await run(text)) == 49_995_000)
  }

  @Test("at most the limit of items runs at once") func parallelLimit() async throws {
    let running = Mutex((now: 0, most: 0))
    var library = library()
    library.add(
      HostFunction(
        Signature("work"),
        .suspending { _ in
          running.withLock {
            $0.now += 1
            $0.most = max($0.most, $0.now)
          }
          await Task.yield()
          running.withLock { $0.now -= 1 }
          return .null
        }))
    let session = Session(library: library) { _ in }
    _ = try await run("parallel(3) for i in 0..<50 { work() }", session: session)
    #expect(running.withLock { $0.most } <= 3)
    #expect(running.withLock { $0.most } >= 1)
  }

  @Test("an error names every call that led to it, through parallel") func stack() async {
    let text = "fn inner() => [1][9]\nfn outer() { parallel for i in [1] { inner() } }\nouter()"
    let error = await error(text)
    guard case .list(let failures)? = error?.details.first?.value,
      case .map(let pairs) = failures.first, case .error(let cause) = pairs[1].value
    else {
      Issue.record("the error has no failures: \(String(describing: error))")
      return
    }
    #expect(cause.stack.map(\.function) == ["inner", "parallel for 1", "outer"])
  }

  @Test("a capability that is not granted is refused by name") func capability() async {
    var library = library()
    library.add(HostFunction(Signature("peek", capability: "env"), .immediate { _ in .null }))
    var limits = Limits()
    limits.capabilities = ["network"]
    let session = Session(library: library, limits: limits) { _ in }
    await #expect {
      try await run("peek()", session: session)
    } throws: { error in
      (error as? ScriptError)?.code == "E0418"
    }
  }
}

@Suite("Interactive session")
struct InteractiveSessionTests {
  private func session() -> Session { Session(library: library(), isInteractive: true) { _ in } }

  @Test("inputs see the names of earlier ones, and may declare them again") func names()
    async throws
  {
    let session = session()
    _ = try await run("let x = 1\nfn f() => x", session: session)
    #expect(int(try await run("f() + x", session: session)) == 2)
    _ = try await run("let x = 5", session: session)
    #expect(int(try await run("x", session: session)) == 5)
    _ = try await run("var n = 1", session: session)
    _ = try await run("n += 4", session: session)
    #expect(int(try await run("n", session: session)) == 5)
  }

  @Test("_ is the last value") func lastValue() async throws {
    let session = session()
    _ = try await run("20 + 1", session: session)
    #expect(int(try await run("_ * 2", session: session)) == 42)
  }

  @Test("a failed input leaves the session usable") func failure() async throws {
    let session = session()
    _ = try await run("let a = 3", session: session)
    await #expect(throws: ScriptError.self) { try await run("let b = [1][5]", session: session) }
    await #expect(throws: ScriptError.self) { try await run("b", session: session) }
    #expect(int(try await run("a", session: session)) == 3)
  }

  @Test("unfinished input is told from wrong input") func unfinished() {
    let session = session()
    for text in ["if true {", "f(1,", "let x =", "[1, 2"] {
      #expect {
        try session.check(Source(name: "<repl>", text: text))
      } throws: { error in
        (error as? Diagnostics)?.all.contains { $0.isUnfinished } == true
      }
    }
    #expect {
      try session.check(Source(name: "<repl>", text: "let = 3"))
    } throws: { error in
      (error as? Diagnostics)?.all.contains { $0.isUnfinished } == false
    }
  }
}

@Suite("Parameter texts")
struct ParameterTextTests {
  @Test("durations are read as in the language") func durations() {
    #expect(Notation.nanoseconds("1h30m") == 5_400_000_000_000)
    #expect(Notation.nanoseconds("250ms") == 250_000_000)
    for wrong in ["", "30m1h", "1.5h", "5", "5x", "m", "99999999999d"] {
      #expect(Notation.nanoseconds(wrong) == nil, "\(wrong)")
    }
  }

  @Test("values are read by their parameter's type") func types() async throws {
    let session = Session(library: library()) { _ in }
    let text =
      "param n = 1\nparam on = false\nparam xs = []\nparam t = 1s\nparam s: string\n[n, on, xs, t, s]"
    let set = ["n": "7", "on": "true", "xs": "a,b", "t": "2m", "s": "7"]
    let value = try await session.run(Source(name: "p.msh", text: text), parameters: set).value
    guard case .list(let parts) = value, parts.count == 5 else {
      Issue.record("no list")
      return
    }
    #expect(int(parts[0]) == 7)
    if case .bool(true) = parts[1] {} else { Issue.record("no bool") }
    if case .list(let xs) = parts[2] { #expect(xs.count == 2) } else { Issue.record("no list") }
    if case .duration(120_000_000_000) = parts[3] {} else { Issue.record("no duration") }
    if case .string("7") = parts[4] {} else { Issue.record("no string") }
  }

  @Test("a wrong value or an unknown parameter is an error that names it") func wrong() async {
    let session = Session(library: library()) { _ in }
    let source = Source(name: "p.msh", text: "param count = 1")
    await #expect {
      try await session.run(source, parameters: ["count": "x"])
    } throws: { error in
      (error as? ScriptError)?.message.contains("\"count\"") == true
    }
    await #expect {
      try await session.run(source, parameters: ["cuont": "1"])
    } throws: { error in
      (error as? Diagnostics)?.all.first?.notes == ["did you mean \"count\"?"]
    }
  }
}
