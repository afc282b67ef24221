// How long work on a text is watched: whoever asked for it is told now and then how far it has come.

/// Called by readers and writers of long texts, at least once for every `Look.interval` bytes that they read
/// or write; also for long scalars and long stretches of white space.
public struct Look {
  /// Bytes of text between two looks.
  public static let interval = 32 << 10
  /// What is allocated for one value at most, in most documents: its place in an array that grew by
  /// doubling, and the header of its own storage.
  public static let bytesPerValue = 64

  /// Told the bytes and the values since the last look; false when the work shall stop. A reader then ends
  /// with an error, a writer with a text that is of no use.
  let report: (_ bytes: Int, _ values: Int) -> Bool
  private var bytes = 0
  private var values = 0
  /// True once the work shall stop.
  private(set) var isStopped = false

  /// Makes a look of what is told about the work.
  public init(report: @escaping (_ bytes: Int, _ values: Int) -> Bool) { self.report = report }

  /// Counts work.
  ///
  /// - Returns: false when the work shall stop.
  mutating func count(bytes more: Int, values moreValues: Int = 0) -> Bool {
    bytes &+= more
    values &+= moreValues
    guard bytes &+ values &* 16 >= Self.interval else { return !isStopped }
    return now()
  }

  /// Reports what was counted.
  ///
  /// - Returns: false when the work shall stop.
  mutating func now() -> Bool {
    if !isStopped, !report(bytes, values) { isStopped = true }
    bytes = 0
    values = 0
    return !isStopped
  }
}
