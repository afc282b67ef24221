// What the environment says about connections, by the rules of Go's net/http and crypto/x509, so
// that a machine on which kubectl works needs nothing else: HTTPS_PROXY, HTTP_PROXY and NO_PROXY,
// SSL_CERT_FILE and SSL_CERT_DIR.
//
// libcurl would read the environment by itself, but otherwise: ALL_PROXY counts there, upper-case
// HTTP_PROXY does not, and loopback addresses go through the proxy.

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// The environment's part in one connection.
public struct ConnectionEnvironment: Sendable, Hashable {
  /// The proxy for the server; nil for none.
  public var proxyURL: String?
  /// A file of authorities in place of the system's (SSL_CERT_FILE).
  public var authorityFile: String?
  /// A folder of authorities in place of the system's (SSL_CERT_DIR), named by their hashes.
  public var authorityFolder: String?

  /// Nothing is said: no proxy, the system's authorities.
  public init() {}

  /// Reads the variables as they concern a server.
  public init(_ environment: [String: String], server: ServerAddress) {
    proxyURL = ProxyRules(environment).proxy(for: server)
    authorityFile = environment["SSL_CERT_FILE"].flatMap { $0.isEmpty ? nil : $0 }
    authorityFolder = environment["SSL_CERT_DIR"].flatMap { $0.isEmpty ? nil : $0 }
  }
}

/// The proxies of an environment and their exceptions.
struct ProxyRules {
  private let secure: String?
  private let plain: String?
  private let exceptions: [Exception]

  /// What NO_PROXY can list.
  private enum Exception {
    case everything
    case network(address: [UInt8], bits: Int)
    case address([UInt8], port: String?)
    /// A domain with a leading dot; `isItself` includes the domain without it.
    case domain(String, isItself: Bool, port: String?)
  }

  init(_ environment: [String: String]) {
    func value(_ name: String) -> String? {
      [name, name.lowercased()].lazy.compactMap { environment[$0] }.first { !$0.isEmpty }
    }
    secure = value("HTTPS_PROXY").flatMap(Self.proxy)
    // In a CGI program anybody on the network can set HTTP_PROXY, by a header `Proxy`.
    let isCGI = environment["REQUEST_METHOD"]?.isEmpty == false
    plain = isCGI ? nil : value("HTTP_PROXY").flatMap(Self.proxy)
    exceptions = (value("NO_PROXY") ?? "").split(separator: ",").compactMap(Self.exception)
  }

  /// The proxy that a server is reached through; nil for none.
  func proxy(for server: ServerAddress) -> String? {
    guard let proxy = server.isSecure ? secure : plain, !server.isLoopback else { return nil }
    let host = server.host.lowercased()
    let address = IPAddress.bytes(host)
    let port = String(server.port)
    let isExcepted = exceptions.contains { exception in
      switch exception {
      case .everything: true
      case .network(let network, let bits):
        address.map { IPAddress.contains(network, bits, $0) } ?? false
      case .address(let other, let otherPort):
        address == other && (otherPort ?? port) == port
      case .domain(let domain, let isItself, let otherPort):
        (host.hasSuffix(domain) || isItself && host == domain.dropFirst())
          && (otherPort ?? port) == port
      }
    }
    return isExcepted ? nil : proxy
  }

  private static func proxy(_ text: String) -> String? {
    let schemes = ["http", "https", "socks5", "socks5h"]
    let scheme = text.firstRange(of: "://").map { text[..<$0.lowerBound].lowercased() }
    guard let scheme, schemes.contains(scheme) else { return "http://" + text }
    return text
  }

  private static func exception(_ part: Substring) -> Exception? {
    let text = part.trimmingSpaces().lowercased()
    guard !text.isEmpty else { return nil }
    if text == "*" { return .everything }
    if let slash = text.firstIndex(of: "/") {
      guard let address = IPAddress.bytes(text[..<slash]),
        let bits = Int(text[text.index(after: slash)...]), (0...address.count * 8).contains(bits)
      else { return nil }
      return .network(address: address, bits: bits)
    }
    if let address = IPAddress.bytes(text) { return .address(address, port: nil) }
    var host = text[...]
    var port: String?
    if let colon = text.lastIndex(of: ":") {
      host = text[..<colon]
      port = String(text[text.index(after: colon)...])
    }
    if host.hasPrefix("["), host.hasSuffix("]") { host = host.dropFirst().dropLast() }
    if let address = IPAddress.bytes(host) { return .address(address, port: port) }
    if host.hasPrefix("*.") { host = host.dropFirst() }
    guard !host.isEmpty else { return nil }
    let isItself = !host.hasPrefix(".")
    return .domain(isItself ? ".\(host)" : String(host), isItself: isItself, port: port)
  }
}

/// IP addresses as bytes, in network order.
enum IPAddress {
  /// The 4 or 16 bytes of an address, nil when the text is none.
  static func bytes(_ text: some StringProtocol) -> [UInt8]? {
    for (family, size) in [(AF_INET, 4), (AF_INET6, 16)] {
      var bytes = [UInt8](repeating: 0, count: size)
      if inet_pton(family, String(text), &bytes) == 1 { return bytes }
    }
    return nil
  }

  /// Whether an address lies in a network of so many leading bits.
  static func contains(_ network: [UInt8], _ bits: Int, _ address: [UInt8]) -> Bool {
    guard network.count == address.count else { return false }
    return (0..<bits).allSatisfy { bit in
      let mask = UInt8(0x80) >> UInt8(bit % 8)
      return network[bit / 8] & mask == address[bit / 8] & mask
    }
  }
}
