// Checks of names and addresses before anything is sent to a cluster.

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Rules of Kubernetes and Istio for names, labels and addresses.
enum Validation {
  /// A DNS-1123 label: at most 63 lower-case letters, digits and `-`, no `-` at the ends (RFC 1123).
  static func isDNSLabel(_ text: String) -> Bool {
    let bytes = Array(text.utf8)
    guard (1...63).contains(bytes.count) else { return false }
    guard bytes.first != UInt8(ascii: "-"), bytes.last != UInt8(ascii: "-") else { return false }
    return bytes.allSatisfy { isLowerAlphanumeric($0) || $0 == UInt8(ascii: "-") }
  }

  /// A DNS-1123 label that starts with a letter, as a Service's name must.
  static func isServiceName(_ text: String) -> Bool {
    guard let first = text.utf8.first, isDNSLabel(text) else { return false }
    return !(UInt8(ascii: "0")...UInt8(ascii: "9")).contains(first)
  }

  /// A label's value: at most 63 letters, digits, `-`, `_` and `.`, alphanumeric at the ends.
  static func isLabelValue(_ text: String) -> Bool {
    let bytes = Array(text.utf8)
    guard bytes.count <= 63 else { return false }
    guard let first = bytes.first, let last = bytes.last else { return true }
    guard isAlphanumeric(first), isAlphanumeric(last) else { return false }
    return bytes.allSatisfy { isAlphanumeric($0) || "-_.".utf8.contains($0) }
  }

  /// An IPv4 or IPv6 address with a prefix length, such as `10.0.0.0/8`.
  static func isCIDR(_ text: String) -> Bool {
    let parts = text.split(separator: "/", omittingEmptySubsequences: false)
    guard parts.count == 2, let length = Int(parts[1]), length >= 0 else { return false }
    let address = String(parts[0])
    if ipv4(address) != nil { return length <= 32 }
    return ipv6(address) != nil && length <= 128
  }

  /// The host of a URL, without brackets and port; nil when it has no scheme or no host.
  static func host(ofURL url: String) -> String? {
    guard let scheme = url.firstRange(of: "://") else { return nil }
    var authority = url[scheme.upperBound...].prefix { !"/?#".contains($0) }
    if let at = authority.lastIndex(of: "@") {
      authority = authority[authority.index(after: at)...]
    }
    if authority.first == "[" {
      guard let end = authority.firstIndex(of: "]") else { return nil }
      return String(authority[authority.index(after: authority.startIndex)..<end])
    }
    let host = authority.prefix { $0 != ":" }
    return host.isEmpty ? nil : String(host)
  }

  /// True for hosts that mean "this machine" to whoever uses them: 127.0.0.0/8, `localhost`, `::1`, and
  /// the unspecified addresses.
  static func isLoopback(host: String) -> Bool {
    let name = host.lowercased()
    let trimmed = name.hasSuffix(".") ? String(name.dropLast()) : name
    if trimmed == "localhost" || trimmed.hasSuffix(".localhost") { return true }
    if let address = ipv4(trimmed) { return address[0] == 127 || address == [0, 0, 0, 0] }
    guard let address = ipv6(trimmed) else { return false }
    let mapped = address[..<10].allSatisfy { $0 == 0 } && address[10] == 0xFF && address[11] == 0xFF
    if mapped { return address[12] == 127 || address[12...].allSatisfy { $0 == 0 } }
    return address[..<15].allSatisfy { $0 == 0 } && address[15] <= 1
  }

  private static func ipv4(_ text: String) -> [UInt8]? {
    var address = in_addr()
    guard inet_pton(AF_INET, text, &address) == 1 else { return nil }
    return withUnsafeBytes(of: &address) { Array($0) }
  }

  private static func ipv6(_ text: String) -> [UInt8]? {
    var address = in6_addr()
    guard inet_pton(AF_INET6, text, &address) == 1 else { return nil }
    return withUnsafeBytes(of: &address) { Array($0) }
  }

  private static func isLowerAlphanumeric(_ byte: UInt8) -> Bool {
    (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
      || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
  }

  private static func isAlphanumeric(_ byte: UInt8) -> Bool {
    isLowerAlphanumeric(byte) || (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte)
  }
}
