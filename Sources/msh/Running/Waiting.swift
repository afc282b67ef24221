// Runs asynchronous work while the main thread looks after signals and buffered output.

import Glibc
import Processes
import Synchronization

/// Why work was stopped before its own end.
enum StopCause: Sendable, Equatable {
  /// Ctrl-C.
  case interrupt
  /// SIGTERM.
  case terminate
  /// Nobody reads standard output any more.
  case brokenPipe

  /// 128 and the signal's number, as shells count.
  var exitCode: Int32 {
    switch self {
    case .interrupt: 128 + SIGINT
    case .terminate: 128 + SIGTERM
    case .brokenPipe: 128 + SIGPIPE
    }
  }
}

/// Waits for work on a task from the main thread.
enum Waiting {
  /// Milliseconds that text may lie in a buffer while the script goes on.
  private static let flushDelay: Int32 = 40

  /// Runs the work to its end. A signal cancels its task and waits for it to stop in order.
  ///
  /// - Parameters:
  ///   - signalsBeforeLeaving: the signal that ends the process at once.
  ///   - onStop: told why the task has just been cancelled.
  ///   - work: what to run; it returns soon after its task was cancelled.
  /// - Returns: the work's result, and what stopped it, if anything did.
  static func run<Result: Sendable>(
    signalsBeforeLeaving: Int = 2, onStop: (StopCause) -> Void = { _ in },
    _ work: @escaping @Sendable () async -> Result
  ) -> (result: Result, cause: StopCause?) {
    let slot = Slot<Result>()
    let current = CurrentTask()
    begin {
      current.enter()
      slot.put(await work())
      current.leave()
      Events.post(.finished)
    }
    var cause: StopCause?
    var signals = 0
    while true {
      if current.hasLeft {
        let result = slot.take()
        Output.standard.flush()
        return (result, cause)
      }
      guard let next = nextCause() else { continue }
      if next != .brokenPipe { signals += 1 }
      if signals >= signalsBeforeLeaving { leaveAtOnce(next) }
      guard cause == nil else { continue }
      cause = next
      current.cancel()
      onStop(next)
    }
  }

  /// Starts work on a thread of its own, which it keeps until it first waits for something outside. Most
  /// small scripts never do, and making a pool of threads for them takes as long as running them.
  private static func begin(_ work: @escaping @Sendable () async -> Void) {
    let isStarted = NativeThread.start { Task.immediate { await work() } }
    if !isStarted { Task { await work() } }
  }

  /// Waits for something to happen; gives a reason to stop if that is what happened.
  private static func nextCause() -> StopCause? {
    switch Events.wait(timeout: Output.standard.hasPending ? flushDelay : -1) {
    case .timeout:
      Output.standard.flush()
      return nil
    case .event(.interrupt): return .interrupt
    case .event(.terminate): return .terminate
    case .event(.brokenPipe): return .brokenPipe
    case .event(.finished), .event(.pendingOutput), .readable, .signal: return nil
    }
  }

  private static func leaveAtOnce(_ cause: StopCause) -> Never {
    Output.standard.flush()
    Cleanup.run()
    _exit(cause.exitCode)
  }
}

/// The task that runs the work, for whoever wants to cancel it. `Task.immediate` gives its handle only
/// when the work has waited for something, which `while true { }` never does.
private final class CurrentTask: Sendable {
  /// A reference is used under the lock only, and taken back there before its task ends, so that it never
  /// outlives the task; `cancel` may be called from any thread.
  private struct Reference: @unchecked Sendable {
    let task: UnsafeCurrentTask
  }

  private struct State {
    var running: Reference?
    var isCancelled = false
    var hasLeft = false
  }

  private let state = Mutex(State())

  /// Called by the task at its start.
  func enter() {
    withUnsafeCurrentTask { task in
      guard let task else { return }
      let reference = Reference(task: task)
      state.withLock { state in
        state.running = reference
        if state.isCancelled { reference.task.cancel() }
      }
    }
  }

  /// Called by the task before it ends.
  func leave() {
    state.withLock { state in
      state.running = nil
      state.hasLeft = true
    }
  }

  /// True when the task has nothing more to do.
  var hasLeft: Bool { state.withLock { $0.hasLeft } }

  /// Cancels the task, or has it cancelled as soon as it starts.
  func cancel() {
    state.withLock { state in
      state.isCancelled = true
      state.running?.task.cancel()
    }
  }
}

/// Carries the result from the task to the main thread: filled by the one, then emptied by the other. Raw
/// memory, since the Swift runtime takes its time to make a class or a lock for one more type.
///
/// `@unchecked Sendable`: the task has it until it leaves (`CurrentTask.leave`), the main thread from then on.
private struct Slot<Result: Sendable>: @unchecked Sendable {
  private let place = UnsafeMutablePointer<Result>.allocate(capacity: 1)

  func put(_ result: Result) { place.initialize(to: result) }

  /// The result, once.
  func take() -> Result {
    defer { place.deallocate() }
    return place.move()
  }
}

/// Files that must not outlive the process, however it ends.
enum Cleanup {
  private static let paths = Mutex<[String]>([])

  /// Removes the file at the end.
  static func add(_ path: String) { paths.withLock { $0.append(path) } }

  /// Removes the files now.
  static func run() {
    let all = paths.withLock { paths in
      defer { paths = [] }
      return paths
    }
    for path in all { unlink(path) }
  }
}
