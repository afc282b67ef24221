// How tasks reach the loop's thread: letters under a lock and a wake-up.

import CCurl
import Synchronization

/// The only thing that tasks and the loop's thread share.
final class Mailbox: Sendable {
  enum Letter: Sendable {
    case start(Transfer)
    case cancel(TransferQueue.ID)
  }

  private struct State: ~Copyable {
    var letters: [Letter] = []
    var isStopping = false
    /// libcurl's multi handle, while the loop runs; kept as a number because a pointer is not
    /// Sendable.
    var multi: UInt = 0
    var nextID: TransferQueue.ID = 1
  }

  private let state = Mutex(State())

  /// Tells where to wake the loop.
  func open(multi: UnsafeMutableRawPointer) {
    state.withLock { $0.multi = UInt(bitPattern: multi) }
  }

  func newID() -> TransferQueue.ID {
    state.withLock { state in
      defer { state.nextID += 1 }
      return state.nextID
    }
  }

  /// Puts a letter in and wakes the loop; false when the loop stops or has stopped.
  @discardableResult
  func post(_ letter: Letter) -> Bool {
    state.withLock { state in
      guard !state.isStopping else { return false }
      state.letters.append(letter)
      Self.wake(state.multi)
      return true
    }
  }

  /// Asks the loop to stop.
  func stop() {
    state.withLock { state in
      guard !state.isStopping else { return }
      state.isStopping = true
      Self.wake(state.multi)
    }
  }

  /// Takes all letters; nil when the loop has to stop. Called by the loop's thread only; from then
  /// on nobody wakes it.
  func take() -> [Letter]? {
    state.withLock { state in
      guard !state.isStopping else {
        state.multi = 0
        return nil
      }
      defer { state.letters = [] }
      return state.letters
    }
  }

  /// Takes what arrived too late to be read.
  func takeUnread() -> [Letter] {
    state.withLock { state in
      defer { state.letters = [] }
      return state.letters
    }
  }

  private static func wake(_ multi: UInt) {
    guard let pointer = UnsafeMutableRawPointer(bitPattern: multi) else { return }
    // The one call of libcurl's that any thread may make.
    _ = ccurl_multi_wakeup(pointer)
  }
}
