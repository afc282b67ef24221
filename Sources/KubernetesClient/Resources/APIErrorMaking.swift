// Makes errors from what came over the wire: Status objects, other bodies, and no answer at all.

import JSON

/// What a request was for, as far as its errors tell.
struct Purpose: Sendable {
  let cluster: String
  let verb: String
  let object: String
  let server: ServerAddress
  /// For a write: what to do when nobody knows whether it was carried out.
  var advice: String?
  /// True when an answer may hold secrets.
  var hidesBodies = false

  /// An error that the client found itself, before anything was sent.
  func invalid(_ message: String) -> APIError {
    APIError(
      cluster: cluster, verb: verb, object: object, status: 0, reason: "InvalidRequest",
      message: message)
  }

  // MARK: No answer

  func error(_ failure: TransportError) -> APIError {
    let (reason, hint) = explanation(of: failure)
    return APIError(
      cluster: cluster, verb: verb, object: object, status: 0, reason: reason,
      message: "\(server): \(text(of: failure))\(hint)")
  }

  private func text(of failure: TransportError) -> String {
    // libcurl would tell about its callback here.
    failure.kind == .notReplayed ? "the connection broke before an answer" : failure.message
  }

  private func explanation(of failure: TransportError) -> (reason: String, hint: String) {
    switch failure.kind {
    case .name: ("Unreachable", "; is the host name in the kubeconfig right?")
    case .refused: ("Unreachable", "; is the API server running there?")
    case .proxy:
      ("Unreachable", "; is the proxy right, in the kubeconfig's proxy-url or in HTTPS_PROXY?")
    case .timeout where !failure.mayHaveBeenSeen:
      ("Timeout", "; does a firewall or a VPN stand in between?")
    case .timeout:
      ("Timeout", "; the server took the request and did not answer" + doubt("may have been"))
    case .certificate:
      (
        "Certificate",
        "; does the kubeconfig have this server's authority, name and client certificate?"
      )
    case .notReplayed:
      ("Interrupted", "; it was not sent again" + doubt("may have been"))
    case .broken where failure.mayHaveBeenSeen && advice != nil:
      ("Interrupted", doubt("may have been"))
    case .broken: ("Interrupted", "; the connection broke")
    case .overflow: ("Interrupted", "")
    case .unavailable: ("Unavailable", "")
    case .other: ("Unreachable", "")
    }
  }

  /// For a write, that it may have been carried out, and what to do then.
  private func doubt(_ likelihood: String) -> String {
    advice.map { "; it \(likelihood) carried out: \($0)" } ?? ""
  }

  // MARK: A refusal

  func error(_ head: HTTPHead, body: [UInt8]) -> APIError {
    guard let status = try? JSONValue.parse(body), status["kind"] == "Status" else {
      return errorWithoutStatus(head, body: body)
    }
    return error(status: status, code: head.status)
  }

  /// An error from a Status object; `code` counts when the object has none.
  func error(status: JSONValue, code: Int) -> APIError {
    let details = status["details"]
    let causes = details?["causes"]?.array ?? []
    let code = status["code"]?.int.map { Int($0) } ?? code
    return APIError(
      cluster: cluster, verb: verb, object: object, status: code,
      reason: status["reason"]?.string.flatMap { $0.isEmpty ? nil : $0 } ?? Self.reason(for: code),
      message: Self.printable(status["message"]?.string ?? "", limit: 4000),
      causes: causes.map { cause in
        APIError.Cause(
          field: cause["field"]?.string ?? "",
          message: Self.printable(cause["message"]?.string ?? "", limit: 1000),
          reason: cause["reason"]?.string ?? "")
      },
      details: details)
  }

  private func errorWithoutStatus(_ head: HTTPHead, body: [UInt8]) -> APIError {
    let type = mediaType(head)
    let excerpt = excerpt(of: body, head)
    // Priority-and-fairness and shutdown answers are plain text of the API server itself.
    if type == "text/plain" || body.isEmpty || (try? JSONValue.parse(body)) != nil {
      return APIError(
        cluster: cluster, verb: verb, object: object, status: head.status,
        reason: Self.reason(for: head.status), message: excerpt)
    }
    return notKubernetes(head, body: body)
  }

  /// An answer that no API server gives.
  func notKubernetes(_ head: HTTPHead, body: [UInt8]) -> APIError {
    let type = mediaType(head)
    let excerpt = excerpt(of: body, head)
    let shown = excerpt.isEmpty ? "" : " It begins: \(excerpt)"
    return APIError(
      cluster: cluster, verb: verb, object: object, status: head.status, reason: "NotKubernetes",
      message: "answered with \(type.isEmpty ? "no content type" : type), not Kubernetes JSON: "
        + "is \(server) the API server's address or a proxy's?\(shown)")
  }

  /// An answer of the right kind that cannot be read. One with success means that a write was most
  /// likely carried out.
  func brokenJSON(_ head: HTTPHead, _ problem: String) -> APIError {
    APIError(
      cluster: cluster, verb: verb, object: object, status: head.status, reason: "NotKubernetes",
      message: "the answer is broken JSON: \(problem)" + doubt("was probably"))
  }

  private func mediaType(_ head: HTTPHead) -> String {
    let type = head.header("content-type") ?? ""
    return type.prefix { $0 != ";" }.trimmingSpaces().lowercased()
  }

  /// The first printable characters of a body on one line; nothing of what may be a secret: an answer
  /// with success, and whatever may be an object.
  private func excerpt(of body: [UInt8], _ head: HTTPHead, limit: Int = 100) -> String {
    if hidesBodies, head.status < 300 || body.contains(UInt8(ascii: "{")) { return "" }
    return Self.printable(String(decoding: body.prefix(limit * 4), as: UTF8.self), limit: limit)
  }

  /// The text on one line without control characters, cut when it is long.
  static func printable(_ text: String, limit: Int) -> String {
    var result = ""
    var count = 0
    var isAfterSpace = true
    for character in text {
      let isSpace =
        character.isWhitespace
        || character.unicodeScalars.contains { $0.properties.generalCategory == .control }
      if isSpace, isAfterSpace { continue }
      guard count < limit else { return result + "…" }
      result.append(isSpace ? " " : character)
      count += 1
      isAfterSpace = isSpace
    }
    return result.trimmingSpaces()
  }

  static func reason(for status: Int) -> String {
    switch status {
    case 400: "BadRequest"
    case 401: "Unauthorized"
    case 403: "Forbidden"
    case 404: "NotFound"
    case 405: "MethodNotAllowed"
    case 406: "NotAcceptable"
    case 409: "Conflict"
    case 410: "Gone"
    case 413: "RequestEntityTooLarge"
    case 415: "UnsupportedMediaType"
    case 422: "Invalid"
    case 429: "TooManyRequests"
    case 500: "InternalError"
    case 502: "BadGateway"
    case 503: "ServiceUnavailable"
    case 504: "GatewayTimeout"
    default: "Unknown"
    }
  }
}

extension StringProtocol {
  /// The text without white space at its ends.
  func trimmingSpaces() -> String {
    guard let first = firstIndex(where: { !$0.isWhitespace }),
      let last = lastIndex(where: { !$0.isWhitespace })
    else { return "" }
    return String(self[first...last])
  }
}
