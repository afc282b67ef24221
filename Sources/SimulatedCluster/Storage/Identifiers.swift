// Random texts that the API server gives out: UIDs, name suffixes and bearer tokens.

import JSON

enum Identifiers {
  /// A version 4 UUID.
  static func uid() -> String {
    var bytes = (0..<16).map { _ in UInt8.random(in: .min ... .max) }
    bytes[6] = bytes[6] & 0x0F | 0x40
    bytes[8] = bytes[8] & 0x3F | 0x80
    let text = bytes.map(hex).joined()
    let cuts = [0, 8, 12, 16, 20, 32]
    let digits = Array(text)
    return zip(cuts, cuts.dropFirst()).map { String(digits[$0..<$1]) }.joined(separator: "-")
  }

  /// Five characters for `generateName`, from the alphabet without vowels that Kubernetes uses.
  static func suffix() -> String {
    let alphabet = Array("bcdfghjklmnpqrstvwxz2456789")
    return String((0..<5).map { _ in alphabet[Int.random(in: alphabet.indices)] })
  }

  /// Random bytes as base64url, for bearer tokens.
  static func secret(bytes count: Int) -> String {
    base64url((0..<count).map { _ in UInt8.random(in: .min ... .max) })
  }

  /// A token of the form of a JWT: header, claims and a random signature. Nothing verifies the
  /// signature; the server accepts exactly the tokens that it has handed out.
  static func token(claims: JSONValue) -> String {
    let header: JSONValue = ["alg": "RS256", "kid": "simulated"]
    return [header, claims].map { base64url($0.bytes()) }.joined(separator: ".")
      + "." + secret(bytes: 256)
  }

  /// Base64 in the alphabet of URLs, without padding.
  static func base64url(_ bytes: [UInt8]) -> String {
    String(
      Base64.encode(bytes).compactMap { digit in
        switch digit {
        case "+": "-"
        case "/": "_"
        case "=": nil
        default: digit
        }
      })
  }

  private static func hex(_ byte: UInt8) -> String {
    (byte < 16 ? "0" : "") + String(byte, radix: 16)
  }
}
