// Waiting for shared work: who is cancelled stops waiting, everybody else gets the value.

import Synchronization
import Testing

@testable import KubernetesClient

@Suite("Shared tasks")
struct SharedTaskTests {
  /// Work that ends when it is told to.
  private func work() -> (task: Task<Int, any Error>, end: () -> Void) {
    let (stream, signal) = AsyncStream<Void>.makeStream()
    let task = Task<Int, any Error> {
      for await _ in stream { break }
      return 7
    }
    return (task, { signal.yield() })
  }

  @Test("a cancelled caller stops waiting and the others get the value")
  func cancelled() async throws {
    let (task, end) = work()
    let patient = Task { try await task.sharedValue() }
    let hasty = Task { try await task.sharedValue() }
    hasty.cancel()
    await #expect(throws: CancellationError.self) { try await hasty.value }
    end()
    #expect(try await patient.value == 7)
    #expect(try await task.sharedValue() == 7)
  }

  @Test("a caller that is cancelled already does not wait at all")
  func cancelledBefore() async throws {
    let (task, end) = work()
    let caller = Task {
      // Waits for its own cancellation, which is certain, before it asks.
      while !Task.isCancelled { await Task.yield() }
      return try await task.sharedValue()
    }
    caller.cancel()
    await #expect(throws: CancellationError.self) { try await caller.value }
    end()
    #expect(try await task.value == 7)
  }

  @Test("shared work is cancelled with its last caller, who waits for its end")
  func abandoned() async throws {
    let ended = Atomic<Bool>(false)
    let run = SharedRun {
      // Ends for its own cancellation only.
      while !Task.isCancelled { await Task.yield() }
      ended.store(true, ordering: .relaxed)
      try Task.checkCancellation()
      return 7
    }
    let callers = (0..<3).map { _ in
      #expect(run.join())
      return Task { try await run.value() }
    }
    for caller in callers.dropLast() {
      caller.cancel()
      await #expect(throws: CancellationError.self) { try await caller.value }
    }
    #expect(run.callers == 1)
    let endedEarly = ended.load(ordering: .relaxed)
    #expect(!endedEarly)
    callers[2].cancel()
    await #expect(throws: CancellationError.self) { try await callers[2].value }
    let hasEnded = ended.load(ordering: .relaxed)
    #expect(hasEnded)
    #expect(!run.join())
  }

  @Test("finished shared work keeps its value for whoever comes later")
  func finished() async throws {
    let run = SharedRun { 7 }
    for _ in 0..<3 {
      #expect(run.join())
      #expect(try await run.value() == 7)
    }
  }

  @Test("an error of the work is everybody's")
  func failed() async {
    struct Broken: Error {}
    let task = Task<Int, any Error> { throw Broken() }
    await #expect(throws: Broken.self) { try await task.sharedValue() }
  }
}
