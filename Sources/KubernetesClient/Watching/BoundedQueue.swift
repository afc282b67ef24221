// What waits between the task that makes elements and the one that uses them, bounded in number and in
// bytes of text.
//
// The making task either gives up when there is no room (`offer`: watches, which can begin anew) or
// waits for it (`put`: logs, which cannot). Readers and waiting writers stand in two lines; whoever makes
// what a line waits for wakes all of it, and each looks again.

import Synchronization

/// There was no room for an element.
struct QueueOverflow: Error {}

/// How much may wait.
struct QueueBounds: Sendable {
  var elements = 8192
  /// Bytes of the elements' text. Decoded, they take about twice as much memory.
  var bytes = 32 << 20

  /// The bounds of every watch and log. Tests tighten them for the tasks that they start.
  @TaskLocal static var current = QueueBounds()
}

/// A queue with an end. An element that is larger than the bound is let in when nothing else waits.
final class BoundedQueue<Element: Sendable>: Sendable {
  private struct Entry {
    let element: Element
    let bytes: Int
  }

  private enum Reading {
    case element(Element)
    case failure(any Error)
    case end
    case nothing
  }

  private struct State {
    /// Those before `taken` are nil.
    var entries: [Entry?] = []
    var taken = 0
    var bytes = 0
    var isFinished = false
    var failure: (any Error)?
    var lastTicket = 0
    var readers: Waiting = [:]
    var writers: Waiting = [:]

    var count: Int { entries.count - taken }

    /// What a reader gets.
    mutating func next() -> Reading {
      if let element = take() { return .element(element) }
      if let failure {
        self.failure = nil
        return .failure(failure)
      }
      return isFinished ? .end : .nothing
    }

    private mutating func take() -> Element? {
      guard count > 0, let entry = entries[taken] else { return nil }
      entries[taken] = nil
      taken += 1
      bytes -= entry.bytes
      if taken * 2 >= entries.count {
        entries.removeFirst(taken)
        taken = 0
      }
      return entry.element
    }

    mutating func clear() { (entries, taken, bytes) = ([], 0, 0) }
  }

  private typealias Waiting = [Int: CheckedContinuation<Void, Never>]
  private typealias Line = WritableKeyPath<State, Waiting> & Sendable

  private let state = Mutex(State())
  private let bounds: QueueBounds

  init(_ bounds: QueueBounds = .current) { self.bounds = bounds }

  // MARK: Writing

  /// Adds an element whose text has so many bytes.
  func offer(_ element: Element, bytes: Int) throws(QueueOverflow) {
    guard takes(element, bytes) else { throw QueueOverflow() }
  }

  /// Adds an element as soon as there is room.
  ///
  /// - Throws: `CancellationError` when the task is cancelled.
  func put(_ element: Element, bytes: Int) async throws {
    while true {
      try Task.checkCancellation()
      if takes(element, bytes) { return }
      await wait(in: \.writers) { [self] state in hasRoom(state, bytes) }
    }
  }

  /// Puts an element in the place of all that wait. It counts for no bytes: there is one such element
  /// at most, and it is what it is.
  func replace(with element: Element) {
    state.withLock { state in
      state.clear()
      add(element, 0, &state)
    }
    wake(\.readers)
    wake(\.writers)
  }

  /// Ends the queue: readers get what waits, then the error or the end.
  func finish(throwing error: (any Error)? = nil) {
    state.withLock { state in
      guard !state.isFinished else { return }
      state.isFinished = true
      state.failure = error
    }
    wake(\.readers)
  }

  /// Adds an element; false when there is no room.
  private func takes(_ element: Element, _ bytes: Int) -> Bool {
    let isTaken = state.withLock { state in
      guard hasRoom(state, bytes) else { return false }
      add(element, bytes, &state)
      return true
    }
    if isTaken { wake(\.readers) }
    return isTaken
  }

  private func hasRoom(_ state: borrowing State, _ bytes: Int) -> Bool {
    state.count == 0
      || (state.count < bounds.elements && state.bytes + bytes <= bounds.bytes)
  }

  private func add(_ element: Element, _ bytes: Int, _ state: inout State) {
    guard !state.isFinished else { return }
    state.entries.append(Entry(element: element, bytes: bytes))
    state.bytes += bytes
  }

  // MARK: Reading

  /// The next element, when it is there; nil at the end, and when the task is cancelled.
  ///
  /// - Throws: what the queue was finished with, once.
  func next() async throws -> Element? {
    while true {
      guard !Task.isCancelled else { return nil }
      switch state.withLock({ $0.next() }) {
      case .element(let element):
        wake(\.writers)
        return element
      case .failure(let error): throw error
      case .end: return nil
      case .nothing: break
      }
      await wait(in: \.readers) { $0.count > 0 || $0.isFinished }
    }
  }

  // MARK: Waiting

  /// Waits until the line is woken or the task is cancelled, unless the state is right already.
  private func wait(
    in line: Line, until isRight: @Sendable @escaping (borrowing State) -> Bool
  ) async {
    let ticket = state.withLock { state in
      state.lastTicket += 1
      return state.lastTicket
    }
    await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        let mustWait = state.withLock { state in
          guard !isRight(state), !Task.isCancelled else { return false }
          state[keyPath: line][ticket] = continuation
          return true
        }
        if !mustWait { continuation.resume() }
      }
    } onCancel: {
      state.withLock { $0[keyPath: line].removeValue(forKey: ticket) }?.resume()
    }
  }

  private func wake(_ line: Line) {
    let waiting = state.withLock { state in
      defer { state[keyPath: line] = [:] }
      return state[keyPath: line]
    }
    for continuation in waiting.values { continuation.resume() }
  }
}

/// A stream's task, which ends with the stream.
private final class StreamTask: Sendable {
  let task: Task<Void, Never>

  init(_ task: Task<Void, Never>) { self.task = task }

  deinit { task.cancel() }
}

extension AsyncThrowingStream where Failure == any Error, Element: Sendable {
  /// A stream of what a task puts into a queue. Dropping the stream, or cancelling the task that reads
  /// it, ends the task.
  static func made(
    by body: @escaping @Sendable (BoundedQueue<Element>) async throws -> Void
  ) -> AsyncThrowingStream<Element, any Error> {
    let queue = BoundedQueue<Element>()
    let maker = StreamTask(
      Task {
        do {
          try await body(queue)
          queue.finish()
        } catch {
          queue.finish(throwing: error)
        }
      })
    return AsyncThrowingStream(unfolding: {
      let element = try await queue.next()
      if element == nil { maker.task.cancel() }
      return element
    })
  }
}
