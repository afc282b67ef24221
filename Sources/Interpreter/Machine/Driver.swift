// The driver: carries the machine's host calls out, in parallel, and brings their results back.
//
// The machine runs synchronously between two awaits here. Cancelling the task sets the machine's
// interrupt and cancels every call under way; the driver waits for all of them before it returns, so
// that nothing is still being written when a run says it has stopped.

/// Runs one program to its end.
struct Driver {
  let machine: Machine

  /// What became of a host call. A struct: of a tuple, the optimiser of Swift 6.3 lost the first half.
  private struct Completion: Sendable {
    let fiber: Int
    let result: Result<ScriptValue, any Error>
  }

  /// - Returns: the program's value.
  /// - Throws: `ScriptError`, or `CancellationError` when the task was cancelled.
  func drive(isolation: isolated (any Actor)? = #isolation) async throws -> ScriptValue {
    let interrupt = machine.interrupt
    return try await withTaskCancellationHandler {
      // A throwing group, so that leaving with an error cancels the calls and waits for them.
      try await withThrowingTaskGroup(of: Completion.self) { group in
        try await loop(&group)
      }
    } onCancel: {
      interrupt.set()
    }
  }

  /// Marks the completion that says that the time is over.
  private static let clock = -1

  private func loop(
    _ group: inout ThrowingTaskGroup<Completion, any Error>,
    isolation: isolated (any Actor)? = #isolation
  ) async throws -> ScriptValue {
    if Task.isCancelled { throw CancellationError() }
    startClock(&group)
    let resources = machine.heap.resources
    while true {
      let step = machine.run()
      for call in machine.calls {
        group.addTask { await Self.carryOut(call, resources) }
      }
      machine.calls.removeAll()
      if let value = try ended(step) {
        group.cancelAll()
        return value
      }
      guard let completion = try await group.next() else {
        throw ScriptError("the script waits for nothing")
      }
      if Task.isCancelled { throw CancellationError() }
      if completion.fiber == Self.clock { throw machine.stoppedWaiting() }
      machine.resume(completion.fiber, with: completion.result)
      if let failure = machine.failure {
        machine.failure = nil
        throw failure
      }
    }
  }

  /// Sets the interrupt when the time is over. The machine looks at the time by itself too, for when
  /// all threads are busy; this also ends a wait.
  private func startClock(_ group: inout ThrowingTaskGroup<Completion, any Error>) {
    guard let duration = machine.limits.duration else { return }
    let interrupt = machine.interrupt
    group.addTask {
      do {
        try await Task.sleep(for: duration)
        interrupt.set(.deadline)
      } catch {
        // The run ended first.
      }
      return Completion(fiber: Self.clock, result: .success(.null))
    }
  }

  private static func carryOut(_ call: HostCall, _ resources: ResourceTable) async -> Completion {
    let result: Result<ScriptValue, any Error>
    do {
      let value = try await call.perform()
      resources.adopt(value)
      result = .success(value)
    } catch {
      result = .failure(error)
    }
    return Completion(fiber: call.fiber, result: result)
  }

  private func ended(_ step: Machine.Step) throws -> ScriptValue? {
    switch step {
    case .waiting:
      if let failure = machine.failure {
        machine.failure = nil
        throw failure
      }
      return nil
    case .finished(let value):
      machine.lastValue = value
      return try machine.scriptValue(value)
    case .failed(let error):
      if error.kind == "cancelled", Task.isCancelled { throw CancellationError() }
      throw error
    }
  }
}
