// Waiting for work that several callers share: one that is cancelled stops waiting, the work goes on.

import Synchronization

extension Task where Failure == any Error {
  /// The task's value.
  ///
  /// - Throws: What the task throws, or `CancellationError` as soon as the caller's own task is
  ///   cancelled. `Task.value` would make a cancelled caller wait for the end all the same.
  package func sharedValue() async throws -> Success {
    let waiter = Waiter<Success>()
    return try await withTaskCancellationHandler {
      try await withCheckedThrowingContinuation { continuation in
        waiter.wait(continuation)
        Task<Void, Never> { waiter.end(await result) }
      }
    } onCancel: {
      waiter.cancel()
    }
  }
}

/// Resumes one continuation with whatever comes first.
private final class Waiter<Success: Sendable>: Sendable {
  private enum State {
    case idle
    case waiting(CheckedContinuation<Success, any Error>)
    /// Cancelled before anybody waited.
    case endedEarly(Result<Success, any Error>)
    case done
  }

  private let state = Mutex(State.idle)

  func wait(_ continuation: CheckedContinuation<Success, any Error>) {
    let early: Result<Success, any Error>? = state.withLock { state in
      if case .endedEarly(let result) = state {
        state = .done
        return result
      }
      state = .waiting(continuation)
      return nil
    }
    if let early { continuation.resume(with: early) }
  }

  func cancel() { end(.failure(CancellationError())) }

  func end(_ result: Result<Success, any Error>) {
    let waiting: CheckedContinuation<Success, any Error>? = state.withLock { state in
      switch state {
      case .idle:
        state = .endedEarly(result)
        return nil
      case .waiting(let continuation):
        state = .done
        return continuation
      case .endedEarly, .done:
        return nil
      }
    }
    waiting?.resume(with: result)
  }
}
