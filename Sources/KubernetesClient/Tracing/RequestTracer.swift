// Makes the trace of one request: takes the time, and takes out what is secret.

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// Which try of a call this is, and why.
struct Attempt: Sendable {
  private(set) var number = 1
  /// Why there was another one before.
  private(set) var reason: String?
  /// Certificates in files are looked at once for a call.
  private(set) var mayReread = true

  /// The next try after an outcome.
  mutating func after(_ outcome: Result<HTTPResponse, TransportError>) {
    switch outcome {
    case .success(let response):
      let retryAfter = response.head.header("retry-after").map { ", Retry-After \($0)" } ?? ""
      self = next("\(response.status)\(retryAfter)")
    case .failure(let error): self = next(error.message)
    }
  }

  /// The next try, because certificates in files have changed.
  mutating func afterReread() {
    self = next("the certificates in files have changed")
    mayReread = false
  }

  func next(_ reason: String) -> Attempt {
    var next = self
    next.number += 1
    next.reason = reason
    return next
  }
}

/// One request under way.
struct RequestTracer: Sendable {
  let cluster: String
  let server: ServerAddress
  let request: HTTPRequest
  let redaction: Redaction
  let attempt: Attempt
  let onRequest: @Sendable (RequestTrace) -> Void
  private let started = ContinuousClock.now
  private let startedAt = Self.microseconds()

  init(
    cluster: String, server: ServerAddress, request: HTTPRequest, redaction: Redaction,
    attempt: Attempt, onRequest: @escaping @Sendable (RequestTrace) -> Void
  ) {
    self.cluster = cluster
    self.server = server
    self.request = request
    self.redaction = redaction
    self.attempt = attempt
    self.onRequest = onRequest
  }

  /// Tells of an answer.
  func tell(_ head: HTTPHead, received: Int, _ connection: ConnectionTrace?) {
    tell(head: head, received: received, failure: nil, connection)
  }

  /// Tells of a request without an answer.
  func tell(failure: TransportError) {
    tell(head: nil, received: 0, failure: failure.message, failure.connection)
  }

  /// Tells of a request that was given up.
  func tellCancelled() { tell(head: nil, received: 0, failure: "cancelled", nil) }

  private func tell(
    head: HTTPHead?, received: Int, failure: String?, _ connection: ConnectionTrace?
  ) {
    let query = request.query.isEmpty ? "" : "?" + request.query
    onRequest(
      RequestTrace(
        cluster: cluster, server: server.description, method: request.method,
        path: redaction.path(request.path + query), status: head?.status ?? 0, started: startedAt,
        elapsed: ContinuousClock.now - started, sentBytes: request.body?.count ?? 0,
        receivedBytes: received, attempt: attempt.number,
        retryReason: attempt.reason.map(redaction.text), failure: failure.map(redaction.text),
        requestHeaders: headers([("User-Agent", CurlOptions.userAgent)] + request.headers),
        responseHeaders: headers(head?.headers ?? []),
        connection: connection))
  }

  private func headers(_ headers: [(name: String, value: String)]) -> [RequestTrace.Header] {
    headers.map { header in
      let value = Purpose.printable(redaction.header(header.name, header.value), limit: 4000)
      return RequestTrace.Header(name: header.name, value: value)
    }
  }

  private static func microseconds() -> Int64 {
    var time = timespec()
    clock_gettime(CLOCK_REALTIME, &time)
    return Int64(time.tv_sec) * 1_000_000 + Int64(time.tv_nsec) / 1000
  }
}
