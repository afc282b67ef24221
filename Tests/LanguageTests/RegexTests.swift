// Regular expressions under attack: patterns that never end, and many threads.

import Builtins
import Foundation
import Interpreter
import Lexer
import Synchronization
import Testing

@Suite("Regular expressions")
struct RegexTests {
  @Test("a search without an end stops when its run is cancelled") func cancellation() async {
    let running = Mutex<Task<Void, any Error>?>(nil)
    let task = Task {
      // A thread of its own cancels: the task's never lets go of the one that it runs on.
      let session = Session(library: StandardLibrary.make()) { _ in
        Thread.detachNewThread { running.withLock { $0 }?.cancel() }
      }
      // Only cancelling ends this: each search gives up by itself, and is begun again.
      let text = """
        let text = "a".repeat(10000) + "!"
        while true {
          print "again"
          try { text.matches("^(a+)+$") } catch e { }
        }
        """
      _ = try await session.run(Source(name: "endless", text: text))
    }
    running.withLock { $0 = task }
    await #expect(throws: CancellationError.self) { try await task.value }
  }

  @Test("one pattern serves many runs at the same time") func threads() async throws {
    let source = Source(
      name: "many",
      text: """
        let r = regex("(?<n>\\\\d+)")
        let total = 0..<200
        let found = parallel for i in total { int("x${i}y".capture(r).n) }
        found.sum()
        """)
    let prepared = PreparedLibrary(StandardLibrary.make())
    let program = try prepared.compile(source)
    try await withThrowingTaskGroup(of: Int64?.self) { group in
      for _ in 0..<8 {
        group.addTask {
          let session = Session(prepared: prepared) { _ in }
          guard case .int(let sum) = try await session.run(program, parameters: [:]) else {
            return nil
          }
          return sum
        }
      }
      for try await sum in group { #expect(sum == 19900) }
    }
  }

  @Test("a huge or deeply nested pattern is an error") func hugePatterns() async throws {
    let patterns = ["\"a\".repeat(100000)", "\"(\".repeat(1000) + \")\".repeat(1000)"]
    for pattern in patterns {
      let session = Session(library: StandardLibrary.make()) { _ in }
      await #expect(throws: ScriptError.self) {
        try await session.run(Source(name: "huge", text: "regex(\(pattern))"))
      }
    }
  }
}
