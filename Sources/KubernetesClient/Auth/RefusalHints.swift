// What this side can see about why credentials were refused: an API server says "Unauthorized" and
// no more.

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

enum RefusalHints {
  /// Sentences to add to an error, each after a semicolon; empty when there is nothing to see.
  ///
  /// - Parameters:
  ///   - message: what the error says already.
  ///   - date: the answer's `Date` header (RFC 9110, 5.6.7).
  ///   - certificateEnd: when the client's certificate ends, in seconds since 1970.
  ///   - now: this machine's time, in seconds since 1970.
  static func text(
    message: String, date: String?, certificateEnd: Int64?, now: Int64 = Int64(time(nil))
  ) -> String {
    var hints: [String] = []
    if let certificateEnd, certificateEnd <= now {
      let end = HTTPArchive.date(certificateEnd * 1_000_000).prefix(19)
      hints.append("the client certificate ended at \(end)Z; get a new one")
    }
    if let hint = HTTPDate.clockHint(date, now: now) { hints.append(hint) }
    if message.contains("not yet valid") || message.contains("has expired") {
      hints.append("if that certificate is good, this machine's clock is wrong")
    }
    return hints.map { "; \($0)" }.joined()
  }
}

extension APIError {
  /// The same error with more to say.
  func adding(_ hint: String) -> APIError {
    guard !hint.isEmpty else { return self }
    return APIError(
      cluster: cluster, verb: verb, object: object, status: status, reason: reason,
      message: message + hint, causes: causes, details: details, known: known)
  }
}
