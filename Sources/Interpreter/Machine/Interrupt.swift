// A flag that any thread may set to stop the machine at its next loop turn or call.

import Synchronization

/// Asks a running machine to stop.
final class Interrupt: Sendable {
  private let flag = Atomic<Bool>(false)

  /// True once it was asked for.
  var isSet: Bool { flag.load(ordering: .relaxed) }

  /// Asks; safe from any thread and from a signal handler.
  func set() { flag.store(true, ordering: .relaxed) }

  /// Forgets a request.
  func clear() { flag.store(false, ordering: .relaxed) }
}
