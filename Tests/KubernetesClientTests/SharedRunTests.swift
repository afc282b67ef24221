// Waiting for shared work: who is cancelled stops waiting, everybody else gets the value.

import Synchronization
import Testing

@testable import KubernetesClient

@Suite("Shared work", .timeLimit(.minutes(1)))
struct SharedRunTests {
  /// Work that ends when it is told to.
  private func work() -> (run: SharedRun<Int>, end: () -> Void) {
    let (stream, signal) = AsyncStream<Void>.makeStream()
    let run = SharedRun {
      for await _ in stream { break }
      try Task.checkCancellation()
      return 7
    }
    return (run, { signal.yield() })
  }

  @Test("a cancelled caller stops waiting and the others get the value")
  func cancelled() async throws {
    let (run, end) = work()
    let callers = (0..<2).map { _ in
      #expect(run.join())
      return Task { try await run.value() }
    }
    callers[1].cancel()
    await #expect(throws: CancellationError.self) { try await callers[1].value }
    end()
    #expect(try await callers[0].value == 7)
    #expect(run.join())
    #expect(try await run.value() == 7)
  }

  @Test("a caller that is cancelled already does not wait at all")
  func cancelledBefore() async throws {
    let (run, end) = work()
    #expect(run.join())
    let other = Task { try await run.value() }
    #expect(run.join())
    let caller = Task {
      // Waits for its own cancellation, which is certain, before it asks.
      while !Task.isCancelled { await Task.yield() }
      return try await run.value()
    }
    caller.cancel()
    await #expect(throws: CancellationError.self) { try await caller.value }
    end()
    #expect(try await other.value == 7)
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
    let run = SharedRun<Int> { throw Broken() }
    for _ in 0..<2 {
      #expect(run.join())
      await #expect(throws: Broken.self) { try await run.value() }
    }
  }
}

@Suite("Shared discovery", .timeLimit(.minutes(1)))
struct SharedDiscoveryTests {
  @Test("a fetch is one for all, outlives a cancelled caller, and ends with the last one")
  func fetches() async throws {
    let cache = DiscoveryCache(file: nil)
    let begun = Atomic<Int>(0)
    let cancelled = Atomic<Int>(0)
    let mayEnd = Atomic<Bool>(false)
    let fetch: @Sendable (Bool) async throws -> DiscoveredResources = { _ in
      begun.add(1, ordering: .relaxed)
      while !mayEnd.load(ordering: .relaxed) {
        if Task.isCancelled { cancelled.add(1, ordering: .relaxed) }
        try Task.checkCancellation()
        await Task.yield()
      }
      return DiscoveredResources()
    }
    func caller() -> Task<Int, any Error> {
      Task { try await cache.resources(fetch: fetch).generation }
    }
    let first = [caller(), caller()]
    while cache.waiting < 2 { await Task.yield() }
    for task in first { task.cancel() }
    for task in first { await #expect(throws: CancellationError.self) { try await task.value } }
    // Nothing of it is left behind.
    let afterFirst = [begun.load(ordering: .relaxed), cancelled.load(ordering: .relaxed)]
    #expect(afterFirst == [1, 1])

    let second = [caller(), caller()]
    while cache.waiting < 2 { await Task.yield() }
    second[0].cancel()
    await #expect(throws: CancellationError.self) { try await second[0].value }
    mayEnd.store(true, ordering: .relaxed)
    let generation = try await second[1].value
    #expect(try await caller().value == generation)
    let afterSecond = [begun.load(ordering: .relaxed), cancelled.load(ordering: .relaxed)]
    #expect(afterSecond == [2, 1])
  }
}
