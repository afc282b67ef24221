// Why a request got no answer, in libcurl's words or ours and with what that means.

import CCurl

/// A request that got no HTTP answer, or only part of one.
struct TransportError: Error, Sendable {
  /// What went wrong, as far as a user has to know.
  enum Kind: Sendable, Hashable {
    /// The host's name is not known.
    case name
    /// Nobody answers at the address.
    case refused
    /// It took too long.
    case timeout
    /// The proxy cannot be used.
    case proxy
    /// The certificates do not fit.
    case certificate
    /// The connection broke while the request or the answer was under way.
    case broken
    /// The body would have had to be sent twice.
    case notReplayed
    /// The consumer of a stream did not keep up.
    case overflow
    /// libcurl is missing or the transport was shut down.
    case unavailable
    /// Anything else.
    case other
  }

  let kind: Kind
  /// libcurl's code, 0 when it was not libcurl's decision.
  let code: Int
  let message: String
  /// True when bytes of the request may have reached the server.
  var mayHaveBeenSeen: Bool
  /// What is known about the connection, for a traced request.
  var connection: ConnectionTrace?

  /// Codes after which an idempotent request is worth another try: the connection died under it.
  static let retryableCodes: Set<Int> = [16, 18, 52, 55, 56, 92]

  init(kind: Kind, code: Int = 0, message: String, mayHaveBeenSeen: Bool = false) {
    self.kind = kind
    self.code = code
    self.message = message
    self.mayHaveBeenSeen = mayHaveBeenSeen
  }

  init(code: CURLcode, detail: String, mayHaveBeenSeen: Bool) {
    let number = Int(code.rawValue)
    let text = detail.isEmpty ? String(cString: ccurl_easy_strerror(code)) : detail
    self.init(
      kind: Self.kind(told: text) ?? Self.kind(of: number, detail: text), code: number,
      message: text, mayHaveBeenSeen: mayHaveBeenSeen)
  }

  /// What only the text tells. The alert of a server that wants another client certificate comes, with
  /// TLS 1.3, after the handshake: as if the connection had broken. So does a proxy's refusal.
  private static func kind(told text: String) -> Kind? {
    if text.contains("CONNECT tunnel failed") { return .proxy }
    let isAlert = text.contains("alert")
    let isAboutCertificate = text.contains("certificate") || text.contains("unknown ca")
    return isAlert && isAboutCertificate ? .certificate : nil
  }

  static func kind(of code: Int, detail: String = "") -> Kind {
    switch code {
    // A handshake that was cut off says nothing about certificates.
    case 35 where cutOffSigns.contains(where: { detail.contains($0) }): .broken
    case 5, 97: .proxy
    case 6: .name
    case 7: .refused
    case 28: .timeout
    case 35, 51, 53, 54, 58, 59, 60, 66, 77, 80, 82, 83, 90, 91: .certificate
    case 65: .notReplayed
    case _ where retryableCodes.contains(code): .broken
    default: .other
    }
  }

  /// How OpenSSL and libcurl tell that the peer went away during the handshake.
  private static let cutOffSigns = [
    "Connection reset by peer", "SSL_ERROR_SYSCALL", "unexpected eof", "Broken pipe",
  ]
}
