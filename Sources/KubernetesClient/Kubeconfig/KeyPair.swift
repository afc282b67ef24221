// What a client certificate and its private key tell without a handshake: whether they belong
// together (RFC 5280, 5915, 8017, 5958), and when the certificate ends.
//
// libcurl says that a key does not fit only when a connection is made, in words that name neither
// file nor field, and never that a certificate is about to end.

enum KeyPair {
  /// Whether the key belongs to the first certificate; nil when that cannot be seen, as for keys
  /// that do not hold their public half.
  static func fits(certificate: [UInt8], key: [UInt8]) -> Bool? {
    guard let facts = CertificateFacts(pem: certificate),
      let half = PEM.data(in: key, label: "PRIVATE KEY").lazy.compactMap(publicHalf).first
    else { return nil }
    switch half {
    case .modulus(let modulus):
      let parts = DERElement(whole: facts.publicKey)?.children ?? []
      return parts.first?.content == modulus
    case .point(let point): return facts.publicKey == point
    }
  }

  private enum PublicHalf {
    /// Of an RSA key, as its INTEGER holds it.
    case modulus(ArraySlice<UInt8>)
    /// Of a key on an elliptic curve.
    case point(ArraySlice<UInt8>)
  }

  private static func publicHalf(_ der: [UInt8]) -> PublicHalf? {
    guard let key = DERElement(whole: der), key.tag == DERElement.sequence else { return nil }
    let parts = key.children
    guard parts.count >= 3, parts[0].tag == DERElement.integer else { return nil }
    switch parts[1].tag {
    case DERElement.integer: return .modulus(parts[1].content)
    case DERElement.octetString:
      let wrapped = parts.first { $0.tag == DERElement.context(1) }
      return wrapped?.children.first?.bits.map { .point($0) }
    case DERElement.sequence where parts[2].tag == DERElement.octetString:
      return publicHalf(Array(parts[2].content))
    default: return nil
    }
  }
}

/// What a certificate says.
struct CertificateFacts {
  /// The public key without its algorithm.
  let publicKey: ArraySlice<UInt8>
  /// Seconds since 1970 of its end.
  let end: Int64

  /// Reads the first certificate of a PEM text; nil when it has none that can be read.
  init?(pem: [UInt8]) {
    guard let der = PEM.data(in: pem, label: "CERTIFICATE").first,
      var fields = DERElement(whole: der)?.children.first?.children[...]
    else { return nil }
    // Version is optional; serial number, signature and issuer come before validity.
    if fields.first?.tag == DERElement.context(0) { fields = fields.dropFirst() }
    fields = fields.dropFirst(3)
    guard fields.count >= 3, let validity = fields.popFirst()?.children, validity.count == 2,
      let end = Self.seconds(validity[1]),
      let key = fields.dropFirst().first?.children, key.count == 2, let bits = key[1].bits
    else { return nil }
    publicKey = bits
    self.end = end
  }

  private static func seconds(_ time: DERElement) -> Int64? {
    var digits = String(decoding: time.content, as: UTF8.self)
    if time.tag == DERElement.utcTime {
      // Two digits of a year mean 1950 to 2049.
      digits = (digits < "50" ? "20" : "19") + digits
    }
    let bytes = Array(digits.utf8)
    guard bytes.count == 15, bytes[14] == UInt8(ascii: "Z") else { return nil }
    func part(_ range: Range<Int>) -> String { String(decoding: bytes[range], as: UTF8.self) }
    let date = "\(part(0..<4))-\(part(4..<6))-\(part(6..<8))"
    return Timestamp.seconds("\(date)T\(part(8..<10)):\(part(10..<12)):\(part(12..<14))Z")
  }
}
