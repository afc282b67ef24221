// Fibers that wait for nothing but the time: a heap of when each goes on.
//
// A fiber that sleeps costs one entry here. A task of Swift for each of them took four kilobytes and more.

#if canImport(Glibc)
  import Glibc
#endif

/// Sleeping fibers, the one that wakes first at the front.
struct Timers {
  private struct Entry {
    /// On the clock of `now`.
    var due: UInt64
    /// Counts up, so that fibers that wake at the same time do so in the order they fell asleep.
    var order: UInt64
    var fiber: Int

    static func < (left: Entry, right: Entry) -> Bool {
      left.due == right.due ? left.order < right.order : left.due < right.due
    }
  }

  /// A binary heap: no entry is before the one at `(index - 1) / 2`.
  private var entries: [Entry] = []
  private var added: UInt64 = 0

  /// Nanoseconds of the monotonic clock.
  static var now: UInt64 {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return UInt64(time.tv_sec) &* 1_000_000_000 &+ UInt64(time.tv_nsec)
  }

  /// When the first fiber wakes; `UInt64.max` when none sleeps.
  var earliest: UInt64 { entries.first?.due ?? .max }

  /// Number of sleeping fibers.
  var count: Int { entries.count }

  /// Notes that a fiber wakes at a time.
  mutating func add(fiber: Int, due: UInt64) {
    entries.append(Entry(due: due, order: added, fiber: fiber))
    added += 1
    var index = entries.count - 1
    while index > 0 {
      let parent = (index - 1) / 2
      guard entries[index] < entries[parent] else { return }
      entries.swapAt(index, parent)
      index = parent
    }
  }

  /// Takes out the first fiber that wakes at `time` or before; nil when there is none.
  mutating func takeDue(at time: UInt64) -> Int? {
    guard let first = entries.first, first.due <= time else { return nil }
    let last = entries.removeLast()
    if !entries.isEmpty {
      entries[0] = last
      sink()
    }
    return first.fiber
  }

  private mutating func sink() {
    var index = 0
    while true {
      var least = index
      for child in 2 * index + 1...2 * index + 2
      where child < entries.count && entries[child] < entries[least] {
        least = child
      }
      guard least != index else { return }
      entries.swapAt(index, least)
      index = least
    }
  }

  /// Forgets all of them.
  mutating func removeAll() { entries = [] }
}
