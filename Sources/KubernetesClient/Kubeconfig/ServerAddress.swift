// The address of an API server: scheme, host, port and an optional path prefix.

/// An API server's address, such as `https://10.0.0.1:6443` or
/// `https://rancher.example/k8s/clusters/c-1`.
public struct ServerAddress: Sendable, Hashable, CustomStringConvertible {
  /// True for https.
  public let isSecure: Bool
  /// Host name or IP address; an IPv6 address without its brackets.
  public let host: String
  /// The port, 443 or 80 unless the address names one.
  public let port: Int
  /// What stands before `/api`, without a slash at its end; mostly empty.
  public let pathPrefix: String
  /// The address as it was written, such as in a kubeconfig; istioctl passes it on like this.
  public let text: String

  /// Reads an address; nil when it is no http or https URL, or carries a user, a query or a
  /// fragment. `defaultScheme` is for an address without one, as kubectl allows.
  public init?(_ text: String, defaultScheme: String = "https") {
    var rest = Substring(text)
    var scheme = defaultScheme
    if let separator = text.firstRange(of: "://") {
      scheme = text[..<separator.lowerBound].lowercased()
      rest = text[separator.upperBound...]
    }
    guard scheme == "https" || scheme == "http" else { return nil }
    guard !rest.contains(where: { "@?#\\ ".contains($0) || $0.isNewline }) else { return nil }
    let authority = rest.prefix { $0 != "/" }
    var path = rest.dropFirst(authority.count)
    while path.hasSuffix("/") { path.removeLast() }
    guard let (host, port) = Self.split(authority) else { return nil }
    isSecure = scheme == "https"
    self.host = host
    self.port = port ?? (scheme == "https" ? 443 : 80)
    pathPrefix = String(path)
    self.text = text
  }

  /// Makes an address of its parts.
  init(isSecure: Bool, host: String, port: Int, pathPrefix: String) {
    self.isSecure = isSecure
    self.host = host
    self.port = port
    self.pathPrefix = pathPrefix
    let shown = host.contains(":") ? "[\(host)]" : host
    text = "\(isSecure ? "https" : "http")://\(shown):\(port)\(pathPrefix)"
  }

  private static func split(_ authority: Substring) -> (String, Int?)? {
    var host = authority
    var portText: Substring?
    if authority.hasPrefix("[") {
      guard let end = authority.firstIndex(of: "]") else { return nil }
      host = authority[authority.index(after: authority.startIndex)..<end]
      guard host.contains(":") else { return nil }
      let after = authority[authority.index(after: end)...]
      guard after.isEmpty || after.hasPrefix(":") else { return nil }
      portText = after.isEmpty ? nil : after.dropFirst()
    } else if let colon = authority.lastIndex(of: ":") {
      host = authority[..<colon]
      portText = authority[authority.index(after: colon)...]
      guard !host.contains(":") else { return nil }
    }
    guard !host.isEmpty, !host.contains(where: { "[]".contains($0) }) else { return nil }
    guard let portText else { return (String(host), nil) }
    guard let port = Int(portText), (1...65535).contains(port) else { return nil }
    return (String(host), port)
  }

  /// The host as a URL has it, IPv6 in brackets.
  var bracketedHost: String { host.contains(":") ? "[\(host)]" : host }

  /// Host and port as the Host header has them.
  var authority: String {
    port == (isSecure ? 443 : 80) ? bracketedHost : "\(bracketedHost):\(port)"
  }

  /// True for an address of this machine itself, which no proxy can reach.
  public var isLoopback: Bool {
    if host == "localhost" || host.hasSuffix(".localhost") || host == "::1" { return true }
    let parts = host.split(separator: ".", omittingEmptySubsequences: false)
    return parts.count == 4 && parts[0] == "127" && parts.allSatisfy { UInt8($0) != nil }
  }

  /// The address as a URL.
  public var description: String {
    "\(isSecure ? "https" : "http")://\(authority)\(pathPrefix)"
  }
}
