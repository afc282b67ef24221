// How tasks reach the loop's thread: letters under a lock and a wake-up.

import CCurl
import Synchronization

/// The only thing that tasks and the loop's thread share.
final class Mailbox: Sendable {
  enum Letter: Sendable {
    case start(Transfer)
    case cancel(TransferQueue.ID)
    /// The attempt has an outcome.
    case connected(ConnectAttempt)
    /// The lane's connections with certificates before those are to be closed.
    case outdate(lane: Int, before: Int)
  }

  private struct State: ~Copyable {
    var letters: [Letter] = []
    var isStopping = false
    /// True while the loop waits in libcurl, or is about to: only then it has to be woken.
    var isAsleep = false
    /// libcurl's multi handle, while the loop runs; kept as a number because a pointer is not
    /// Sendable.
    var multi: UInt = 0
  }

  private let state = Mutex(State())
  private let lastID = Atomic<TransferQueue.ID>(0)

  /// Tells where to wake the loop.
  func open(multi: UnsafeMutableRawPointer) {
    state.withLock { $0.multi = UInt(bitPattern: multi) }
  }

  func newID() -> TransferQueue.ID { lastID.add(1, ordering: .relaxed).newValue }

  /// Puts a letter in and wakes the loop if it sleeps; false when the loop stops or has stopped.
  @discardableResult
  func post(_ letter: Letter) -> Bool {
    state.withLock { state in
      guard !state.isStopping else { return false }
      state.letters.append(letter)
      Self.wake(&state)
      return true
    }
  }

  /// Asks the loop to stop.
  func stop() {
    state.withLock { state in
      guard !state.isStopping else { return }
      state.isStopping = true
      Self.wake(&state)
    }
  }

  /// Takes all letters; nil when the loop has to stop. Called by the loop's thread only; from then
  /// on nobody wakes it.
  func take() -> [Letter]? {
    state.withLock { state in
      state.isAsleep = false
      guard !state.isStopping else {
        state.multi = 0
        return nil
      }
      defer { state.letters = [] }
      return state.letters
    }
  }

  /// Called by the loop before it waits; false when there is something to do instead.
  func prepareToSleep() -> Bool {
    state.withLock { state in
      state.isAsleep = state.letters.isEmpty && !state.isStopping
      return state.isAsleep
    }
  }

  /// Takes what arrived too late to be read.
  func takeUnread() -> [Letter] {
    state.withLock { state in
      defer { state.letters = [] }
      return state.letters
    }
  }

  private static func wake(_ state: inout State) {
    guard state.isAsleep, let pointer = UnsafeMutableRawPointer(bitPattern: state.multi) else {
      return
    }
    // Once is enough until it has slept again.
    state.isAsleep = false
    // The one call of libcurl's that any thread may make.
    _ = ccurl_multi_wakeup(pointer)
  }
}
