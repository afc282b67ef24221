// Why a run must stop: set by any thread, seen by the machine and by long library functions.

import Synchronization

/// Asks a running machine to stop, and remembers why. What was set first stays until `clear`, so that no
/// library function can swallow it: the machine looks again after every call.
final class Interrupt: Sendable {
  /// Why a run must stop.
  enum Reason: UInt8 {
    case cancelled = 1
    case deadline
    case instructions
    case memory
  }

  private let raw = Atomic<UInt8>(0)

  /// True once it was asked for.
  @inline(__always)
  var isSet: Bool { raw.load(ordering: .relaxed) != 0 }

  /// What was asked for first.
  var reason: Reason? { Reason(rawValue: raw.load(ordering: .relaxed)) }

  /// Asks; safe from any thread and from a signal handler.
  func set(_ reason: Reason = .cancelled) {
    _ = raw.compareExchange(expected: 0, desired: reason.rawValue, ordering: .relaxed)
  }

  /// Forgets a request.
  func clear() { raw.store(0, ordering: .relaxed) }
}
