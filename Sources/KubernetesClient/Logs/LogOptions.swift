// What of a pod's log is wanted (core/v1 PodLogOptions), and what comes of it.

/// Which lines of a pod's log to read.
public struct LogOptions: Sendable, Hashable {
  /// The container; nil takes the one that the pod names as its default, or its first.
  public var container: String?
  /// All containers of the pod at once, those that initialise it too.
  public var allContainers = false
  /// Goes on with new lines until the container ends.
  public var follow = false
  /// The log of the container's run before this one.
  public var previous = false
  /// Lines from that time on, such as `2026-11-23T09:00:00Z`. Not together with `sinceSeconds`.
  public var sinceTime: String?
  /// Lines of the last so many seconds.
  public var sinceSeconds: Int?
  /// The last so many lines.
  public var tailLines: Int?
  /// Whether lines come with their times.
  public var timestamps = false
  /// No more than so many bytes.
  public var limitBytes: Int?

  /// The whole log of the default container.
  public init() {}

  /// What cannot be meant, in words; nil when everything can.
  var problem: String? {
    if container != nil, allContainers { return "one container or all of them, not both" }
    if sinceTime != nil, sinceSeconds != nil { return "sinceTime or sinceSeconds, not both" }
    if let sinceTime, Timestamp.seconds(sinceTime) == nil {
      return "sinceTime must be a time such as 2026-11-23T09:00:00Z, not \"\(sinceTime)\""
    }
    if let sinceSeconds, sinceSeconds < 1 { return "sinceSeconds must be 1 or more" }
    if let tailLines, tailLines < 0 { return "tailLines must not be negative" }
    if let limitBytes, limitBytes < 1 { return "limitBytes must be 1 or more" }
    return nil
  }

  /// The query for one container.
  func query(container: String?, timestamps: Bool) -> [(String, String?)] {
    [
      ("container", container), ("follow", follow ? "true" : nil),
      ("previous", previous ? "true" : nil), ("sinceTime", sinceTime),
      ("sinceSeconds", sinceSeconds.map(String.init)), ("tailLines", tailLines.map(String.init)),
      ("timestamps", timestamps ? "true" : nil), ("limitBytes", limitBytes.map(String.init)),
    ]
  }
}

/// One line of a log.
public struct LogLine: Sendable, Hashable {
  /// The container that wrote it; empty when none was named and none had to be found out.
  public let container: String
  /// When, as the server writes it; nil when times were not asked for, or the line has none.
  public let time: String?
  /// The text without its line feed.
  public let text: String
}

/// A line's time with all its digits: servers leave out zeros at its end, so texts do not compare.
struct LogTime: Comparable, Sendable {
  let seconds: Int64
  let nanoseconds: Int

  init?(_ text: some StringProtocol) {
    guard let seconds = Timestamp.seconds(String(text)) else { return nil }
    self.seconds = seconds
    let fraction = text.split(separator: ".", maxSplits: 1).dropFirst().first ?? ""
    let digits = fraction.prefix { $0.isASCII && $0.isNumber }.prefix(9)
    let padded = digits + String(repeating: "0", count: 9 - digits.count)
    nanoseconds = Int(padded) ?? 0
  }

  static func < (left: LogTime, right: LogTime) -> Bool {
    (left.seconds, left.nanoseconds) < (right.seconds, right.nanoseconds)
  }
}

/// Where a log is, so that a second connection can go on there: the time of the last line, and how
/// many lines had that time. Servers know `sinceTime` to the second only, so the second connection
/// begins with lines that were there already.
struct LogPlace: Sendable {
  private(set) var lastText: String?
  private var last: LogTime?
  private var count = 0
  private var skipped = 0

  /// Starts over at the place, on a new connection.
  mutating func resume() { skipped = 0 }

  /// Whether a line is new.
  mutating func takes(_ text: String?) -> Bool {
    guard let text, let time = LogTime(text) else { return true }
    if let last {
      if time < last { return false }
      if time == last, skipped < count {
        skipped += 1
        return false
      }
      if time == last {
        count += 1
        skipped = count
        return true
      }
    }
    (last, lastText, count, skipped) = (time, text, 1, 1)
    return true
  }
}
