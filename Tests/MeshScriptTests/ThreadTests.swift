// One engine, one program, many threads at once: nothing that a machine changes is shared.

import Foundation
import MeshScript
import Synchronization
import Testing

@Suite("Several runs at the same time")
struct ThreadTests {
  @Test("share one program without sharing anything that changes")
  func sharedProgram() async throws {
    let engine = Engine()
    engine.register("twice", "n") { (n: Int) in n * 2 }
    engine.register("later", "n") { (n: Int) async in n + 1 }
    let program = try engine.compile(
      """
      param n: int
      let names = {first: "a", second: "b"}
      names[str(n)] = n
      fn fib(x) { if x < 2 { x } else { fib(x - 1) + fib(x - 2) } }
      let parts = [1, 2, 3].map(x => x * n).filter(x => x % 2 == 0)
      let all = parallel for i in 0..<4 { later(twice(i)) }
      [fib(12), parts, all, names.first + names.second + "c", names[str(n)]]
      """)
    let results = await withTaskGroup(of: (Int64, ScriptValue).self) { group in
      for n in 0..<64 {
        group.addTask {
          let outcome = await engine.run(program, parameters: ["n": .int(Int64(n))])
          return (Int64(n), outcome.value)
        }
      }
      return await group.reduce(into: [:]) { $0[$1.0] = $1.1 }
    }
    #expect(results.count == 64)
    for (n, result) in results {
      let parts = [n, 2 * n, 3 * n].filter { $0 % 2 == 0 }.map { ScriptValue.int($0) }
      #expect(result == [144, .list(parts), [1, 3, 5, 7], "abc", .int(n)])
    }
  }

  @Test("compile, register and run side by side")
  func registration() async throws {
    let engine = Engine()
    await withTaskGroup(of: Void.self) { group in
      for n in 0..<32 {
        group.addTask {
          engine.register("own\(n)") { n }
          let outcome = await engine.run(
            Source(name: "a.msh", text: "own\(n)() + [1].map(x => x)[0]"))
          #expect(outcome.value == .int(Int64(n + 1)))
        }
      }
    }
  }

  @Test("are cancelled one by one")
  func cancellation() async throws {
    let engine = Engine()
    // It waits, so that it never keeps the threads that the test needs to go on.
    let endless = try engine.compile("while true { sleep 1ms }")
    let finite = try engine.compile("var s = 0\nfor i in 0..<10000 { s += i }\ns")
    let stuck = (0..<3).map { _ in Task { await engine.run(endless) } }
    #expect(await engine.run(finite).value == 49_995_000)
    for task in stuck { task.cancel() }
    for task in stuck { #expect(await task.value.exitCode == 130) }
  }

  @Test("go on beside more endless scripts than there are threads")
  func endless() async throws {
    let engine = Engine()
    let endless = try engine.compile("var n = 0\nwhile true { n = (n + 1) % 1000 }")
    let finite = try engine.compile("var s = 0\nfor i in 0..<1000000 { s += i }\ns")
    let count = 2 * ProcessInfo.processInfo.activeProcessorCount + 1
    let stuck = (0..<count).map { _ in Task { await engine.run(endless) } }
    #expect(await engine.run(finite).value == 499_999_500_000)
    for task in stuck { task.cancel() }
    for task in stuck { #expect(await task.value.exitCode == 130) }
  }
}
