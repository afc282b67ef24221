// Failures on purpose, and the record of what was asked: how tests look at a client from outside.

/// Makes requests fail that match a method and the beginning of a path.
public struct Fault: Sendable {
  /// What happens to a request.
  public enum Effect: Sendable {
    /// An answer in place of the real one.
    case status(Int, retryAfter: Int? = nil, contentType: String = "text/plain", body: String = "")
    /// An error page as a proxy in front of the API server would send it.
    case html(Int = 502)
    /// The connection is closed without an answer.
    case closeConnection
    /// The answer comes after this many milliseconds.
    case delay(milliseconds: Int)
  }

  /// Method to match; nil matches all.
  public var method: String?
  /// Beginning of the path.
  public var pathPrefix: String
  /// A parameter that the query must have, such as `watch`; nil matches any query.
  public var parameter: String?
  /// How many requests are still to fail.
  public var count: Int
  /// What happens to them.
  public var effect: Effect

  /// Describes a fault for the next `count` requests that match.
  public init(
    _ effect: Effect, method: String? = nil, pathPrefix: String = "/", parameter: String? = nil,
    count: Int = 1
  ) {
    self.effect = effect
    self.method = method
    self.pathPrefix = pathPrefix
    self.parameter = parameter
    self.count = count
  }

  func matches(_ request: APIRequest) -> Bool {
    count > 0 && (method ?? request.method) == request.method && request.path.hasPrefix(pathPrefix)
      && parameter.map { request.parameter($0) != nil } ?? true
  }
}

/// One answered request. Bodies are not kept: they may hold secrets.
public struct RequestRecord: Sendable {
  /// HTTP method.
  public let method: String
  /// Path without the query.
  public let path: String
  /// Query parameters in order.
  public let query: [(name: String, value: String)]
  /// `User-Agent` header.
  public let userAgent: String
  /// `Content-Type` of the request's body.
  public let contentType: String
  /// HTTP status of the answer; 0 when the connection was closed on purpose.
  public let status: Int
  /// Bytes of the request's body.
  public let requestBytes: Int
  /// Bytes of the answer's body; 0 for a watch.
  public let responseBytes: Int
  /// `HTTP/2` or `HTTP/1.1`.
  public let protocolName: String
  /// Number of the connection, from 1.
  public let connection: Int
}
