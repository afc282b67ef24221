// Standard output and standard error, written whole and in order, also when the other side is slow or gone.

import Glibc
import Synchronization

/// A descriptor that text goes to. On a terminal each piece is written at once; on a pipe or a file pieces
/// are collected, and the main thread writes them out when it has nothing else to do.
final class Output: Sendable {
  /// Data: what scripts print, values, documents.
  static let standard = Output(
    STDOUT_FILENO, isCollected: isatty(STDOUT_FILENO) == 0, stopsWhenBroken: true)
  /// Errors, warnings, progress, the run's table. Never collected; nobody has to read them.
  static let errors = Output(STDERR_FILENO, isCollected: false, stopsWhenBroken: false)

  /// True when somebody looks at it.
  let isTerminal: Bool
  private let descriptor: Int32
  private let isCollected: Bool
  private let stopsWhenBroken: Bool
  private let state = Mutex(State())

  private struct State {
    var pending: [UInt8] = []
    /// The reader has gone, so nothing is written any more.
    var isBroken = false
  }

  /// How much is collected before it is written without waiting for the main thread.
  private static let capacity = 1 << 16

  /// Makes an output for a descriptor.
  init(_ descriptor: Int32, isCollected: Bool, stopsWhenBroken: Bool) {
    self.descriptor = descriptor
    self.isCollected = isCollected
    self.stopsWhenBroken = stopsWhenBroken
    isTerminal = isatty(descriptor) == 1
  }

  /// Writes a text, or collects it.
  func write(_ text: String) {
    let event: Event? = state.withLock { state in
      let wasEmpty = state.pending.isEmpty
      state.pending.append(contentsOf: text.utf8)
      if isCollected, state.pending.count < Self.capacity {
        return wasEmpty && !state.pending.isEmpty ? .pendingOutput : nil
      }
      return send(&state) ? nil : .brokenPipe
    }
    if let event { Events.post(event) }
  }

  /// Writes a text and a line break.
  func writeLine(_ text: String) { write(text + "\n") }

  /// Writes out what has been collected.
  func flush() {
    let isSent = state.withLock { send(&$0) }
    if !isSent { Events.post(.brokenPipe) }
  }

  /// True when something is waiting to be written.
  var hasPending: Bool { state.withLock { !$0.pending.isEmpty } }

  /// Writes everything pending; false when the reader has just been found gone, and that matters.
  private func send(_ state: inout State) -> Bool {
    defer { state.pending.removeAll(keepingCapacity: true) }
    guard !state.isBroken else { return true }
    var offset = 0
    while offset < state.pending.count {
      let count = state.pending.withUnsafeBytes {
        Glibc.write(descriptor, $0.baseAddress?.advanced(by: offset), $0.count - offset)
      }
      if count >= 0 {
        offset += count
      } else if errno == EAGAIN {
        waitUntilWritable()
      } else if errno != EINTR {
        state.isBroken = true
        return !stopsWhenBroken
      }
    }
    return true
  }

  /// A pipe that somebody has made non-blocking can be full.
  private func waitUntilWritable() {
    var polled = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
    _ = poll(&polled, 1, -1)
  }
}
