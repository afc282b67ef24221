// Waiting for shared work: who is cancelled stops waiting, everybody else gets the value.

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

  @Test("an error of the work is everybody's")
  func failed() async {
    struct Broken: Error {}
    let task = Task<Int, any Error> { throw Broken() }
    await #expect(throws: Broken.self) { try await task.sharedValue() }
  }
}
