// Cuts the bytes of a watch into events: one JSON document per line, in pieces of any size.

import JSON

/// Collects bytes and gives out whole lines. Lines end with a line feed byte and nothing else: JSON
/// strings may hold what Unicode counts as line breaks.
struct LineFramer {
  private var rest: [UInt8] = []

  /// Adds bytes and returns the lines that are complete now, without empty ones.
  mutating func append(_ bytes: [UInt8]) -> [[UInt8]] {
    var lines: [[UInt8]] = []
    var start = bytes.startIndex
    while let end = bytes[start...].firstIndex(of: 0x0A) {
      let line = rest.isEmpty ? Array(bytes[start..<end]) : rest + bytes[start..<end]
      rest = []
      if line.contains(where: { $0 != 0x0D && $0 != 0x20 }) { lines.append(line) }
      start = end + 1
    }
    rest.append(contentsOf: bytes[start...])
    return lines
  }

  /// What came after the last line feed.
  var remainder: [UInt8] { rest }

  /// The number of bytes in `remainder`.
  var count: Int { rest.count }

  /// Bytes that a line may have. An object has 1.5 MB in etcd and 3 MiB in a request; its event can
  /// be larger, but a line that never ends is no event.
  static let limit = 64 << 20
}

/// One change that a watch reports.
public struct WatchEvent: Sendable, Hashable {
  /// What happened.
  public enum Kind: String, Sendable, Hashable {
    /// The object is new, or was there when the watch began.
    case added = "ADDED"
    /// The object changed.
    case modified = "MODIFIED"
    /// The object is gone; it comes as it was last.
    case deleted = "DELETED"
    /// Nothing happened up to the object's resource version.
    case bookmark = "BOOKMARK"
  }

  /// What happened.
  public let kind: Kind
  /// The object; for a bookmark only its resource version means something.
  public let object: JSONValue

  /// Makes an event.
  public init(kind: Kind, object: JSONValue) {
    self.kind = kind
    self.object = object
  }

  /// The version to go on from after this event.
  public var resourceVersion: String { object["metadata"]?["resourceVersion"]?.string ?? "" }

  /// True for the bookmark that stands after the last of the initial events.
  var endsInitialEvents: Bool {
    kind == .bookmark
      && object[path: "metadata", "annotations", "k8s.io/initial-events-end"] == "true"
  }
}

/// A line of a watch: an event or a Status that ends it.
enum WatchLine: Sendable, Hashable {
  case event(WatchEvent)
  case failure(status: JSONValue)

  /// Reads a line; nil when it is neither.
  init?(_ line: [UInt8]) {
    guard let value = try? JSONValue.parse(line), let type = value["type"]?.string,
      let object = value["object"]
    else { return nil }
    if type == "ERROR" {
      self = .failure(status: object)
    } else if let kind = WatchEvent.Kind(rawValue: type) {
      self = .event(WatchEvent(kind: kind, object: object))
    } else {
      return nil
    }
  }
}
