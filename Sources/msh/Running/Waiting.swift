// Runs asynchronous work while the main thread looks after signals and buffered output.

import Glibc
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
    let task = Task {
      let result = await work()
      slot.put(result)
      Events.post(.finished)
    }
    var cause: StopCause?
    var signals = 0
    while true {
      if let result = slot.take() {
        Output.standard.flush()
        return (result, cause)
      }
      guard let next = nextCause() else { continue }
      if next != .brokenPipe { signals += 1 }
      if signals >= signalsBeforeLeaving { leaveAtOnce(next) }
      guard cause == nil else { continue }
      cause = next
      task.cancel()
      onStop(next)
    }
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

/// Carries the result from the task to the main thread.
private final class Slot<Result: Sendable>: Sendable {
  private let value = Mutex<Result?>(nil)

  func put(_ result: Result) { value.withLock { $0 = result } }
  func take() -> Result? { value.withLock { $0 } }
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
