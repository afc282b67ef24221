// Limits of the machine by itself: what counts, what a script can catch, and that nothing outlives them.

import Foundation
import Lexer
import Synchronization
import Testing

@testable import Interpreter

private func library() -> Library {
  var library = Library()
  library.add(
    HostFunction(Signature("give", [.init("value")]), .suspending { $0["value"] ?? .null }))
  library.add(
    HostFunction(
      Signature("hang"),
      .suspending { _ in
        try await Task.sleep(for: .seconds(3600))
        return .null
      }))
  library.add(
    HostFunction(
      Signature("work", [.init("steps")]),
      .immediate { call in
        for _ in 0..<call[0].asInt { try call.charge() }
        return .null
      }))
  library.add(
    HostFunction(
      Signature("swallow"),
      .immediate { call in
        while call.heap.canGoOn(after: 1) {}
        return Value(7)
      }))
  library.add(HostFunction(Signature("peek", capability: "env"), .immediate { _ in .null }))
  return library
}

private func failure(
  _ text: String, _ limits: Limits, _ said: Output? = nil
) async -> ScriptError? {
  var library = library()
  let output = Output()
  library.add(
    HostFunction(
      Signature("say", [.init("text")]),
      .immediate { call in
        output.text.withLock { $0 += call[0].string ?? "" }
        return .null
      }))
  let session = Session(library: library, limits: limits) { _ in }
  do {
    _ = try await session.run(Source(name: "test.msh", text: text))
    return nil
  } catch let error as ScriptError {
    said?.text.withLock { $0 = output.text.withLock { $0 } }
    // Whatever happened, the next script runs.
    let next = try? await session.run(Source(name: "next.msh", text: "1 + 1")).value
    guard case .int(2)? = next else {
      Issue.record("the session is of no use after \(error.message)")
      return error
    }
    return error
  } catch {
    Issue.record("\(error)")
    return nil
  }
}

private final class Output: Sendable {
  let text = Mutex("")
}

@Suite("Limits")
struct LimitTests {
  @Test(
    "the step limit bounds every way to go on",
    arguments: [
      "while true { }", "for i in 0..<9000000000000 { }", "fn f() { }\nwhile true { f() }",
      "fn f(n) { if n > 0 { f(n - 1)\nf(n - 1) } }\nf(60)", "work(1000000000)", "swallow()",
      "while true { give(1) }", "while true { parallel for i in [1] { give(i) } }",
      "parallel(2) for i in 0..<100000 { var n = 0\nfor j in 0..<100 { n += j } }",
      "while true { try { throw \"x\" } catch e { } }", "try { while true { } } finally { 1 }",
    ])
  func steps(_ text: String) async {
    var limits = Limits()
    limits.instructions = 50_000
    let error = await failure(text, limits)
    #expect(error?.kind == "instructions")
    #expect(error?.isCatchable == false)
    #expect(error?.location != nil)
  }

  @Test("steps are counted within a look of what was taken") func precision() async throws {
    let session = Session(library: library()) { _ in }
    for count in [1000, 5000, 100_000] {
      _ = try await session.run(Source(name: "a", text: "for i in 0..<\(count) { i }"))
      #expect(abs(session.stepsTaken - count) <= 512, "\(session.stepsTaken) for \(count)")
      _ = try await session.run(Source(name: "b", text: "work(\(count))"))
      #expect(abs(session.stepsTaken - count) <= 512, "\(session.stepsTaken) for \(count)")
    }
  }

  @Test(
    "a time limit ends loops and waits",
    arguments: [
      "while true { }", "hang()", "parallel for i in 0..<100 { hang() }", "work(100000000000)",
      "swallow()", "while true { give(1) }",
    ])
  func deadline(_ text: String) async {
    var limits = Limits()
    limits.duration = .milliseconds(30)
    let error = await failure(text, limits)
    #expect(error?.kind == "deadline")
    #expect(error?.message == "the script ran longer than its 30ms")
    #expect(error?.location != nil)
  }

  @Test("no catch, finally or defer runs after a hard limit") func nothingRuns() async {
    let text = """
      fn f() { defer { say("defer") }
        try { while true { } } catch e { say("catch") } finally { say("finally") } }
      try { f() } catch e { say("outer") }
      say("after")
      """
    for limit in ["instructions", "deadline", "memory"] {
      var limits = Limits()
      if limit == "instructions" { limits.instructions = 10_000 }
      if limit == "deadline" { limits.duration = .milliseconds(10) }
      var text = text
      if limit == "memory" {
        limits.memory = 4 << 20
        text = text.replacing("while true { }", with: "var x = [1]\nwhile true { x = [x, x] }")
      }
      let said = Output()
      said.text.withLock { $0 = "nothing" }
      let error = await failure(text, limits, said)
      #expect(error?.kind == limit)
      #expect(said.text.withLock { $0 } == "")
    }
  }

  @Test(
    "the call depth is an error that a script can catch, wherever the calls are",
    arguments: [
      "fn f(n) => f(n + 1)\nf(0)", "fn f(n) => [f(n)]\nf(0)", "fn f(n) => \"${f(n)}\"\nf(0)",
      "let m = {}\nm.f = n => m.f(n)\nm.f(1)",
      "fn f(n) { parallel for i in [1] { f(n) } }\nf(0)",
    ])
  func depth(_ text: String) async throws {
    var limits = Limits()
    limits.callDepth = 500
    let error = await failure(text, limits)
    #expect(["depth", "parallel"].contains(error?.kind ?? ""))
    let lines = text.split(separator: "\n").map(String.init)
    let caught = (lines.dropLast() + ["try { \(lines.last ?? "") } catch e { 7 }"])
      .joined(separator: "\n")
    let session = Session(library: library(), limits: limits) { _ in }
    guard case .int(7) = try await session.run(Source(name: "t", text: caught)).value else {
      Issue.record("not caught")
      return
    }
  }

  @Test("nothing is allowed by default, and the error names what is missing") func denied() async {
    let error = await failure("peek()", Limits())
    #expect(error?.code == "E0418")
    #expect(error?.message.contains("\"env\"") == true)
    var limits = Limits()
    limits.capabilities = ["env"]
    #expect(await failure("peek()", limits) == nil)
  }

  @Test("cancelling ends a library function that only polls") func cancelNative() async {
    let running = Mutex<Task<ScriptValue, any Error>?>(nil)
    var library = library()
    library.add(
      HostFunction(
        Signature("spin"),
        .immediate { call in
          // A thread of its own cancels: this one never lets go of the pool's.
          Thread.detachNewThread {
            while true {
              if let task = running.withLock({ $0 }) { return task.cancel() }
            }
          }
          while true { try call.charge() }
        }))
    let task = Task { [library] in
      let session = Session(library: library) { _ in }
      return try await session.run(Source(name: "t", text: "spin()")).value
    }
    running.withLock { $0 = task }
    await #expect(throws: CancellationError.self) { try await task.value }
  }
}
