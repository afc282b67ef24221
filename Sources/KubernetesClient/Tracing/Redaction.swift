// Takes secrets out of what is told about requests: credentials in headers and in queries, and the
// credential itself wherever else it turns up. Bodies are never told at all.

/// The masks of one request.
struct Redaction: Sendable {
  static let mask = "***"

  /// Texts that are secret wherever they stand.
  private let secrets: [String]

  /// Knows the secrets of the credential that the request was sent with.
  init(_ credential: Credential? = nil) {
    let authorization = credential?.authorization?.reveal() ?? ""
    let token = authorization.split(separator: " ", maxSplits: 1).last.map(String.init)
    // A text that short would turn up everywhere, and hides nothing.
    secrets = [token].compactMap { $0 }.filter { $0.utf8.count >= 4 }
  }

  /// The value of a header as it may be shown. Of credentials, the kind stays: `Bearer ***`.
  func header(_ name: String, _ value: String) -> String {
    switch name.lowercased() {
    case "authorization", "proxy-authorization":
      let words = value.split(separator: " ", maxSplits: 1)
      return words.count == 2 ? "\(words[0]) \(Self.mask)" : Self.mask
    case "location", "content-location": return path(value)
    case let name where Self.isSecret(name): return Self.mask
    default: return text(value)
    }
  }

  /// A path with its query, or a whole URL, as it may be shown.
  func path(_ path: String) -> String {
    guard let mark = path.firstIndex(of: "?") else { return text(path) }
    let pairs = path[path.index(after: mark)...].split(
      separator: "&", omittingEmptySubsequences: false)
    let shown = pairs.map { pair -> String in
      guard let equals = pair.firstIndex(of: "=") else { return text(pair) }
      let name = pair[..<equals]
      return Self.isSecret(name.lowercased()) ? "\(name)=\(Self.mask)" : text(pair)
    }
    return text(path[..<mark]) + "?" + shown.joined(separator: "&")
  }

  /// Any other text.
  func text(_ text: some StringProtocol) -> String {
    var result = String(text)
    for secret in secrets where result.contains(secret) {
      result = result.split(separator: secret, omittingEmptySubsequences: false)
        .joined(separator: Self.mask)
    }
    return result
  }

  /// Names of headers and of query parameters whose values are secret, in lower case.
  private static func isSecret(_ name: String) -> Bool {
    // `continue` tokens of lists have no name with "token" in it, and are no secret.
    let parts = [
      "authorization", "cookie", "token", "secret", "password", "passwd", "api-key", "apikey",
      "api_key", "signature", "credential", "private",
    ]
    let wholes = ["sig", "key", "code", "assertion"]
    return parts.contains { name.contains($0) } || wholes.contains(name)
  }
}
