// What wakes the main thread while it waits: signals, the end of work on a task, a closed output.
//
// Signal handlers may do next to nothing, so they write one byte into a pipe, and the main thread polls
// that pipe beside standard input. Tasks wake it in the same way, so there is one place that waits.

import Glibc

/// One reason for which the main thread woke up.
enum Event: UInt8, Sendable {
  /// Work on a task has ended; its result lies where the waiting code put it.
  case finished = 1
  /// Ctrl-C.
  case interrupt
  /// SIGTERM.
  case terminate
  /// A buffered output has something to write.
  case pendingOutput
  /// Whoever read standard output is gone.
  case brokenPipe
}

/// The pipe that carries events. One for the process, because signal handlers can reach only globals.
enum Events {
  /// Why `wait` returned.
  enum Wake: Equatable {
    case event(Event)
    /// The watched descriptor can be read, or has been closed by the other side.
    case readable
    /// A signal without an event came, such as a new window size.
    case signal
    /// The time is over.
    case timeout
  }

  /// Makes the pipe and installs the handlers; before it, events are lost. Called once, at the start.
  static func start() {
    // No array: that would be the first of its type in the process, which the runtime has to make.
    let isOpen = withUnsafeTemporaryAllocation(of: Int32.self, capacity: 2) { ends in
      guard let base = ends.baseAddress, pipe(base) == 0 else { return false }
      (readEnd, writeEnd) = (ends[0], ends[1])
      return true
    }
    guard isOpen else { return }
    prepare(readEnd)
    prepare(writeEnd)
    handle(SIGINT) { _ in Events.post(.interrupt) }
    handle(SIGTERM) { _ in Events.post(.terminate) }
    // A closed pipe is seen as a failed write instead; sockets need that too.
    signal(SIGPIPE, SIG_IGN)
  }

  private static func prepare(_ end: Int32) {
    _ = fcntl(end, F_SETFD, FD_CLOEXEC)
    _ = fcntl(end, F_SETFL, O_NONBLOCK)
  }

  /// Wakes the main thread. Safe in signal handlers and on any thread.
  static func post(_ event: Event) {
    let saved = errno
    var byte = event.rawValue
    _ = write(writeEnd, &byte, 1)
    errno = saved
  }

  /// Waits for the next event, for a descriptor, or for at most `timeout` milliseconds (-1: for ever).
  static func wait(watching descriptor: Int32? = nil, timeout: Int32 = -1) -> Wake {
    withUnsafeTemporaryAllocation(of: pollfd.self, capacity: 2) { polled in
      polled[0] = pollfd(fd: readEnd, events: Int16(POLLIN), revents: 0)
      // A negative descriptor is passed over.
      polled[1] = pollfd(fd: descriptor ?? -1, events: Int16(POLLIN), revents: 0)
      let count = poll(polled.baseAddress, 2, timeout)
      if polled[0].revents != 0, let event = take() { return .event(event) }
      if count < 0 { return take().map(Wake.event) ?? .signal }
      return polled[1].revents != 0 ? .readable : .timeout
    }
  }

  /// The next event, if one is waiting.
  private static func take() -> Event? {
    var byte: UInt8 = 0
    guard read(readEnd, &byte, 1) == 1 else { return nil }
    return Event(rawValue: byte)
  }

  private static func handle(_ number: Int32, _ handler: @escaping @convention(c) (Int32) -> Void) {
    var action = sigaction()
    // A shell that starts a command in the background has it ignore Ctrl-C; that stays so.
    sigaction(number, nil, &action)
    guard unsafeBitCast(action.__sigaction_handler.sa_handler, to: Int.self) != ignored else {
      return
    }
    action.__sigaction_handler.sa_handler = handler
    action.sa_flags = SA_RESTART
    sigemptyset(&action.sa_mask)
    sigaction(number, &action, nil)
  }

  /// The address that stands for `SIG_IGN`.
  private static let ignored = 1

  // Both are written once by `start`, before any handler or task exists, and only read afterwards.
  nonisolated(unsafe) private static var readEnd: Int32 = -1
  nonisolated(unsafe) private static var writeEnd: Int32 = -1
}
