// A fuzzer's bytes as a series of decisions: similar bytes make similar programs.

/// Reads decisions off bytes; when these have run out, every decision is the first choice.
struct Choices {
  private let bytes: [UInt8]
  private var index = 0

  init(_ bytes: [UInt8]) { self.bytes = bytes }

  /// True when no byte is left.
  var isSpent: Bool { index >= bytes.count }

  /// A number from 0 up to `count`, which is at most 256.
  mutating func pick(_ count: Int) -> Int {
    guard index < bytes.count else { return 0 }
    index += 1
    return Int(bytes[index - 1]) % count
  }

  /// True about once in `count` times.
  mutating func once(in count: Int) -> Bool { pick(count) == count - 1 && !isSpent }

  /// One of some things.
  mutating func one<Thing>(of things: [Thing]) -> Thing { things[pick(things.count)] }
}
