// The driver: carries the machine's host calls out, in parallel, and brings their results back.
//
// The machine runs synchronously between two awaits here. Cancelling the task sets the machine's
// interrupt and cancels every call under way; the driver waits for all of them before it returns, so
// that nothing is still being written when a run says it has stopped.
//
// A call is a task of its own. Time is not: however many fibers sleep, the driver waits for the first of
// them only, by itself when nothing else is under way. A script that waits for nothing gives its thread
// to others after each slice of its steps.

/// Runs one program to its end.
struct Driver {
  let machine: Machine

  /// What the driver waits for.
  private enum Event: Sendable {
    /// A host call has ended.
    case answer(fiber: Int, Result<ScriptValue, any Error>)
    /// The time has come that a task waited for.
    case time(UInt64)
  }

  /// What is under way.
  private struct Pending {
    /// Host calls.
    var calls = 0
    /// Times that tasks wait for, the earliest last.
    var alarms: [UInt64] = []
  }

  /// - Returns: the program's value.
  /// - Throws: `ScriptError`, or `CancellationError` when the task was cancelled.
  func drive(isolation: isolated (any Actor)? = #isolation) async throws -> ScriptValue {
    let interrupt = machine.interrupt
    return try await withTaskCancellationHandler {
      if Task.isCancelled { throw CancellationError() }
      // Most small scripts wait for nothing, and the runtime takes longer to learn what a group of tasks is
      // than they run.
      let first = machine.runSlice()
      if machine.calls.isEmpty, let value = try ended(first) { return value }
      // A throwing group, so that leaving with an error cancels the calls and waits for them.
      return try await withThrowingTaskGroup(of: Event.self) { group in
        try await loop(&group, after: first)
      }
    } onCancel: {
      interrupt.set()
    }
  }

  private func loop(
    _ group: inout ThrowingTaskGroup<Event, any Error>, after first: Machine.Step,
    isolation: isolated (any Actor)? = #isolation
  ) async throws -> ScriptValue {
    let resources = machine.heap.resources
    var pending = Pending()
    var step = first
    while true {
      for call in machine.calls {
        group.addTask { await Self.carryOut(call, resources) }
      }
      pending.calls += machine.calls.count
      machine.calls.removeAll()
      if let value = try ended(step) {
        group.cancelAll()
        return value
      }
      if case .paused = step {
        await Task.yield()
      } else {
        try await wait(&pending, &group)
        wake()
      }
      if Task.isCancelled { throw CancellationError() }
      try throwFailure()
      step = machine.runSlice()
    }
  }

  // MARK: Waiting

  /// Waits until a call has ended, or a fiber or the run has slept long enough.
  private func wait(
    _ pending: inout Pending, _ group: inout ThrowingTaskGroup<Event, any Error>,
    isolation: isolated (any Actor)? = #isolation
  ) async throws {
    let due = min(machine.timers.earliest, machine.heap.deadline)
    guard pending.calls > 0 else {
      guard machine.timers.count > 0 else { throw ScriptError("the script waits for nothing") }
      return try await Self.sleep(until: due)
    }
    if due < pending.alarms.last ?? .max {
      pending.alarms.append(due)
      group.addTask {
        try? await Self.sleep(until: due)
        return .time(due)
      }
    }
    switch try await group.next() {
    case .answer(let fiber, let result)?:
      pending.calls -= 1
      machine.resume(fiber, with: result)
    case .time(let time)?: pending.alarms.removeAll { $0 == time }
    case nil: break
    }
  }

  /// - Throws: `CancellationError` when the task was cancelled.
  private static func sleep(until due: UInt64) async throws {
    let now = Timers.now
    // Even a sleep of no time lets others go first.
    guard due > now else { return await Task.yield() }
    try await Task.sleep(nanoseconds: due - now)
  }

  /// Lets the fibers go on that have slept long enough. When the time of the run is over, the machine
  /// sees it by itself as soon as it works; this ends a wait.
  private func wake() {
    let now = Timers.now
    if now >= machine.heap.deadline {
      machine.interrupt.set(.deadline)
      machine.failure = machine.failure ?? machine.stoppedWaiting()
    }
    while let fiber = machine.timers.takeDue(at: now) {
      machine.resume(fiber, with: .success(.null))
    }
  }

  private static func carryOut(_ call: HostCall, _ resources: ResourceTable) async -> Event {
    do {
      let value = try await call.perform()
      resources.adopt(value, owner: call.fiber)
      return .answer(fiber: call.fiber, .success(value))
    } catch {
      return .answer(fiber: call.fiber, .failure(error))
    }
  }

  // MARK: Ends

  private func throwFailure() throws {
    guard let failure = machine.failure else { return }
    machine.failure = nil
    throw failure
  }

  private func ended(_ step: Machine.Step) throws -> ScriptValue? {
    switch step {
    case .waiting, .paused:
      try throwFailure()
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
