// What is told about each request. Nothing in here is secret: it is made by `Redaction`, and no
// body is in it.

/// A request that was sent, for `-v`, `-vv` and `--trace`.
public struct RequestTrace: Sendable {
  /// A header, its value masked if that is a secret.
  public struct Header: Sendable, Hashable {
    /// The name as it was sent; of an answer, in lower case.
    public let name: String
    /// The value, or stars.
    public let value: String
  }

  /// Where the time of a request went.
  public struct Timings: Sendable {
    /// Before it had its turn.
    public var queued = Duration.zero
    /// Finding the host's address; nil over a connection that was there.
    public var lookUp: Duration?
    /// Opening the connection, without TLS; nil over a connection that was there.
    public var connect: Duration?
    /// TLS; nil without it, or over a connection that was there.
    public var secure: Duration?
    /// Sending the request.
    public var send = Duration.zero
    /// From there to the first byte of the answer.
    public var wait = Duration.zero
    /// From there to the end of the answer.
    public var receive = Duration.zero
  }

  /// The cluster's name.
  public let cluster: String
  /// The API server's address.
  public let server: String
  /// The HTTP method.
  public let method: String
  /// Path and query, secrets masked.
  public let path: String
  /// The HTTP status, 0 without an answer.
  public let status: Int
  /// When it began, in microseconds since 1970.
  public let started: Int64
  /// From the request's start to its answer's end; for a stream, to its headers.
  public let elapsed: Duration
  /// Bytes of the request's body.
  public let sentBytes: Int
  /// Bytes of the answer's body after decompression, 0 for a stream.
  public let receivedBytes: Int
  /// 1 for the first try.
  public let attempt: Int
  /// Why this is not the first try.
  public let retryReason: String?
  /// Why there was no answer.
  public let failure: String?
  /// The request's headers.
  public let requestHeaders: [Header]
  /// The answer's headers.
  public let responseHeaders: [Header]
  /// What the connection tells; nil when there was none.
  public let connection: ConnectionTrace?
}

/// The connection of a request.
public struct ConnectionTrace: Sendable {
  /// Counts the connections of this process from 1.
  public var number = 0
  /// True when it was there before.
  public var isReused = false
  /// `HTTP/2` or `HTTP/1.1`; empty without an answer.
  public var httpVersion = ""
  /// The address that was connected to; the proxy's when there is one.
  public var address = ""
  /// Bytes of the answer's body on the wire, mostly compressed.
  public var wireBytes = 0
  /// Bytes of the answer's headers.
  public var headerBytes = 0
  /// Where the time went.
  public var timings = RequestTrace.Timings()
}

extension RequestTrace {
  /// One line: cluster, method, path, status or failure, time, bytes, connection, and why it was
  /// sent again.
  public var line: String {
    var parts = ["\(cluster): \(method) \(path) \(failure ?? String(status))"]
    parts[0] += " \(Self.milliseconds(elapsed))"
    parts.append("\(sentBytes) B out, \(Self.bytes(receivedBytes, connection)) in")
    if let connection {
      let state = connection.isReused ? "reused" : "new"
      parts.append("connection \(connection.number) \(state) \(connection.httpVersion)")
    }
    if attempt > 1 { parts.append("try \(attempt) after \(retryReason ?? "a failure")") }
    return parts.map { $0.last == " " ? String($0.dropLast()) : $0 }.joined(separator: "; ")
  }

  /// One line for each header, `>` for those of the request and `<` for those of the answer.
  public var headerLines: [String] {
    requestHeaders.map { "> \($0.name): \($0.value)" }
      + responseHeaders.map { "< \($0.name): \($0.value)" }
  }

  private static func bytes(_ count: Int, _ connection: ConnectionTrace?) -> String {
    guard let wire = connection?.wireBytes, wire > 0, wire != count, count > 0 else {
      return "\(count) B"
    }
    return "\(count) B (\(wire) B compressed)"
  }

  private static func milliseconds(_ duration: Duration) -> String {
    let tenths = Int((duration / .microseconds(100)).rounded())
    return tenths >= 1000 ? "\(tenths / 10)ms" : "\(tenths / 10).\(tenths % 10)ms"
  }
}
