// What every error, warning and note is: data with a code, a place and words; the renderer prints it.

/// A place in a source.
public struct Location: Sendable, Hashable {
  /// The text it is in.
  public var source: Source
  /// Which bytes.
  public var span: Span

  /// Makes a place from a source and a span of it.
  public init(_ source: Source, _ span: Span) {
    self.source = source
    self.span = span
  }

  /// Whether both are the same bytes of the very same source.
  public static func == (left: Location, right: Location) -> Bool {
    left.source === right.source && left.span == right.span
  }

  /// Feeds the source's identity and the span to a hasher.
  public func hash(into hasher: inout Hasher) {
    hasher.combine(ObjectIdentifier(source))
    hasher.combine(span)
  }
}

/// One error or warning, ready to be rendered as text or JSON.
public struct Diagnostic: Error, Sendable {
  /// How grave it is.
  public enum Severity: String, Sendable {
    /// The script does not run, or stopped.
    case error
    /// The script runs, but this is likely not what was meant.
    case warning
  }

  /// A second place that explains the first, such as the bracket that is still open.
  public struct Label: Sendable {
    /// Where.
    public var location: Location
    /// What is there, in lower case without a full stop.
    public var text: String

    /// Makes a label.
    public init(_ location: Location, _ text: String) {
      self.location = location
      self.text = text
    }
  }

  /// Error or warning.
  public var severity: Severity
  /// Stable code of the kind of error, such as `E0302`; listed in docs/errors.md.
  public var code: String
  /// One sentence that stands alone, in lower case without a full stop.
  public var message: String
  /// Where; nil when there is no place in a script (a missing file, for example).
  public var location: Location?
  /// Words beside the caret, such as `did you mean "network"?`; may be empty.
  public var label: String
  /// Further places.
  public var labels: [Label]
  /// Further sentences, each printed as `= note: …`.
  public var notes: [String]
  /// True when the only trouble is that the text ended too early: the REPL then asks for another line.
  public var isUnfinished: Bool
  /// Call sites of a run-time error, innermost first: the called function's name and where it was called.
  public var stack: [(function: String, location: Location)]
  /// What `catch` finds as the error's kind; nil when nothing could catch it.
  public var kind: String?
  /// What an error of a cluster is about.
  public var request: Request?

  /// What an API server was asked, and how it answered.
  public struct Request: Sendable, Equatable {
    /// The cluster's name.
    public var cluster: String
    /// What was asked: `apply`, `get`, `list` …; nil when no single request failed.
    public var verb: String?
    /// The resource, the object's name and its namespace, in words.
    public var object: String?
    /// The HTTP status; nil without an answer.
    public var status: Int?
    /// Kubernetes' word for the failure, such as `Forbidden`.
    public var reason: String?

    /// Makes it from what is known.
    public init(
      cluster: String, verb: String? = nil, object: String? = nil, status: Int? = nil,
      reason: String? = nil
    ) {
      self.cluster = cluster
      self.verb = verb
      self.object = object
      self.status = status
      self.reason = reason
    }
  }

  /// Makes a diagnostic; only severity, code and message are needed.
  public init(
    _ severity: Severity = .error, code: String, _ message: String, at location: Location? = nil,
    label: String = "", labels: [Label] = [], notes: [String] = [], isUnfinished: Bool = false,
    stack: [(function: String, location: Location)] = []
  ) {
    self.severity = severity
    self.code = code
    self.message = message
    self.location = location
    self.label = label
    self.labels = labels
    self.notes = notes
    self.isUnfinished = isUnfinished
    self.stack = stack
  }
}

extension [Diagnostic] {
  /// Errors that one run reports at most.
  public static var limit: Int { 20 }

  /// The first errors in source order, at most one a line and `limit` in all; the last one says how
  /// many more there are.
  public func reported() -> [Diagnostic] {
    var lines: Set<LineKey> = []
    let ordered = enumerated().sorted { first, second in
      let (left, right) = (
        first.element.location?.span.start ?? 0, second.element.location?.span.start ?? 0
      )
      return left != right ? left < right : first.offset < second.offset
    }
    var shown = ordered.map(\.element).filter { diagnostic in
      guard let place = diagnostic.location else { return true }
      let line = place.source.lineNumber(of: place.span.start)
      return lines.insert(LineKey(source: ObjectIdentifier(place.source), line: line)).inserted
    }
    let more = shown.count - Self.limit
    guard more > 0 else { return shown }
    shown.removeLast(more)
    shown[shown.count - 1].addCount(more)
    return shown
  }
}

/// A line of a source.
private struct LineKey: Hashable {
  var source: ObjectIdentifier
  var line: Int
}

extension Diagnostic {
  /// Ends the report with how many further errors there are.
  public mutating func addCount(_ more: Int) {
    notes.append(more == 1 ? "1 more error is not shown" : "\(more) more errors are not shown")
  }
}

/// Several diagnostics thrown together: what the parser or the resolver found in one run.
public struct Diagnostics: Error, Sendable {
  /// At least one, in source order.
  public var all: [Diagnostic]

  /// Makes the error from what was found.
  public init(_ all: [Diagnostic]) { self.all = all }
}
