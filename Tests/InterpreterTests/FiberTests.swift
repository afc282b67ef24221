// Fibers that sleep, and what the driver does meanwhile.

import Lexer
import Synchronization
import Testing

@testable import Interpreter

private func library(_ said: Said = Said()) -> Library {
  var library = Library()
  library.add(
    HostFunction(Signature("rest", [.init("time")]), .sleeping { $0[0].asInt }))
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
      Signature("say", [.init("text")]),
      .immediate { call in
        said.words.withLock { $0.append(call[0].string ?? "") }
        return .null
      }))
  library.add(
    HostFunction(
      Signature("refuse"), .sleeping { _ in throw ScriptError(kind: "tired", "no sleep") }))
  return library
}

private final class Said: Sendable {
  let words = Mutex<[String]>([])
  var all: [String] { words.withLock { $0 } }
}

@Suite("Sleeping fibers")
struct FiberTests {
  private func run(_ text: String, _ limits: Limits = Limits(), _ said: Said = Said()) async throws
    -> ScriptValue
  {
    let session = Session(library: library(said), limits: limits) { _ in }
    return try await session.run(Source(name: "test.msh", text: text)).value
  }

  @Test("timers come out in the order of their times, equal ones as they went in")
  func heap() {
    var timers = Timers()
    var generator = SystemRandomNumberGenerator()
    var expected: [(due: UInt64, fiber: Int)] = []
    for fiber in 0..<2000 {
      let due = UInt64.random(in: 0..<500, using: &generator)
      timers.add(fiber: fiber, due: due)
      expected.append((due, fiber))
    }
    expected.sort { ($0.due, $0.fiber) < ($1.due, $1.fiber) }
    #expect(timers.count == 2000)
    for time in stride(from: UInt64(49), through: 499, by: 50) {
      #expect(timers.earliest == expected.first?.due)
      while let fiber = timers.takeDue(at: time) { #expect(fiber == expected.removeFirst().fiber) }
      #expect(timers.earliest > time)
    }
    #expect(timers.count == 0 && expected.isEmpty)
  }

  @Test("fibers wake by their times, whatever the order they fell asleep in")
  func order() async throws {
    let said = Said()
    let text = """
      parallel for i in [3, 1, 4, 0, 2] { rest(i * 20ms)
        say("${i}") }
      """
    _ = try await run(text, Limits(), said)
    #expect(said.all == ["0", "1", "2", "3", "4"])
  }

  @Test("a sleep gives null, can be refused, and may be of no time or of all of it")
  func value() async throws {
    #expect(try await run("rest(1ms) == null and rest(0s) == null and rest(-1s) == null") == true)
    #expect(try await run("try { refuse() } catch e { e.kind }") == "tired")
    var limits = Limits()
    limits.duration = .milliseconds(30)
    await #expect(throws: ScriptError.self) {
      try await run("rest(2562047h)", limits)
    }
  }

  @Test("ten thousand sleeps are over together, and each fiber gets its own result")
  func many() async throws {
    let text = "let all = parallel(10000) for i in 0..<10000 { rest(10ms)\ni }\nall[9999] + all[1]"
    #expect(try await run(text) == 10_000)
  }

  @Test("sleeps and calls go on beside each other")
  func mixed() async throws {
    let said = Said()
    let text = """
      parallel {
        { rest(1h) }
        { for i in 0..<200 { give(i) }
          say("calls") }
        { for i in 0..<50 { rest(1ms)
            give(i) }
          say("both") }
        { rest(1ms)
          say("short") }
        { while true { rest(1ms) } }
      }
      """
    let task = Task { try await run(text, Limits(), said) }
    while said.all.count < 3 { await Task.yield() }
    task.cancel()
    await #expect(throws: CancellationError.self) { try await task.value }
    #expect(Set(said.all) == ["calls", "both", "short"])
  }

  @Test(
    "a time limit and cancellation end sleeps, alone and beside calls",
    arguments: ["rest(1h)", "parallel { { rest(1h) }\n{ hang() } }", "while true { rest(0s) }"])
  func ends(_ text: String) async throws {
    var limits = Limits()
    limits.duration = .milliseconds(30)
    do {
      _ = try await run(text, limits)
      Issue.record("it ended by itself")
    } catch let error as ScriptError {
      #expect(error.kind == "deadline")
      #expect(error.location != nil)
    }
    let said = Said()
    let task = Task { try await run("say(\"on\")\n" + text, Limits(), said) }
    while said.all.isEmpty { await Task.yield() }
    task.cancel()
    await #expect(throws: CancellationError.self) { try await task.value }
  }

  @Test("a slice ends in the middle of a loop, and the next one goes on there")
  func slices() async throws {
    let loop = "var n = 0\nfor i in 0..<300000 { n += i }\nn"
    #expect(try await run(loop) == 44_999_850_000)
    let calls = "fn f(n) => n + 1\nvar n = 0\nwhile n < 300000 { n = f(n) }\nn"
    #expect(try await run(calls) == 300_000)
    let methods = "var n = 0\nlet m = {f: x => x + 1}\nwhile n < 300000 { n = m.f(n) }\nn"
    #expect(try await run(methods) == 300_000)
    let nested = """
      let parts = parallel(3) for i in 0..<5 { var n = 0
        for j in 0..<100000 { n += 1 }
        n }
      parts[0] + parts[4]
      """
    #expect(try await run(nested) == 200_000)
  }

  @Test("fibers change places only where they wait, also between slices")
  func turns() async throws {
    let said = Said()
    let text = """
      parallel for i in [1, 2] { for j in 0..<300000 { j }
        say("${i}")
        for j in 0..<300000 { j }
        say("${i}") }
      """
    _ = try await run(text, Limits(), said)
    #expect(said.all == ["1", "1", "2", "2"])
  }
}
