// Waiting for work that several callers share: one that is cancelled stops waiting, the work goes on.

import Synchronization

extension Task where Failure == any Error {
  /// The task's value.
  ///
  /// - Throws: What the task throws, or `CancellationError` as soon as the caller's own task is
  ///   cancelled. `Task.value` would make a cancelled caller wait for the end all the same.
  fileprivate func sharedValue() async throws -> Success {
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

/// Work that several callers share and that nobody else needs. A caller that is cancelled leaves at once;
/// the last one cancels the work and waits for its end, so that nothing of it is left behind.
package final class SharedRun<Success: Sendable>: Sendable {
  private struct State {
    var callers = 0
    var isAbandoned = false
  }

  private let task: Task<Success, any Error>
  private let state = Mutex(State())

  /// Starts the work.
  package init(_ work: @escaping @Sendable () async throws -> Success) {
    task = Task(operation: work)
  }

  /// How many callers wait.
  package var callers: Int { state.withLock { $0.callers } }

  /// Counts a caller in, who must ask for the value then; false when the work was given up.
  package func join() -> Bool {
    state.withLock { state in
      guard !state.isAbandoned else { return false }
      state.callers += 1
      return true
    }
  }

  /// The work's value, for a caller who has joined.
  ///
  /// - Throws: what the work throws, or `CancellationError` when the caller's task is cancelled.
  package func value() async throws -> Success {
    let result: Result<Success, any Error>
    do { result = .success(try await task.sharedValue()) } catch { result = .failure(error) }
    if leave(result) {
      task.cancel()
      _ = await task.result
    }
    return try result.get()
  }

  /// Counts a caller out; true when that was the last one and has given up.
  private func leave(_ result: Result<Success, any Error>) -> Bool {
    state.withLock { state in
      state.callers -= 1
      guard case .failure(let error) = result, error is CancellationError, state.callers == 0
      else { return false }
      state.isAbandoned = true
      return true
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
