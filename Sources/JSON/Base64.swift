// Base64 (RFC 4648 section 4) as Kubernetes uses it for the data of Secrets and kubeconfigs.

/// Encodes and decodes base64 without Foundation.
public enum Base64 {
  private static let alphabet = Array(
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)

  /// The bytes as base64 with padding and without line breaks.
  public static func encode(_ bytes: some Sequence<UInt8>) -> String {
    let bytes = Array(bytes)
    var result: [UInt8] = []
    result.reserveCapacity((bytes.count + 2) / 3 * 4)
    for start in stride(from: 0, to: bytes.count, by: 3) {
      let rest = bytes.count - start
      let first = UInt32(bytes[start]) << 16
      let second = rest > 1 ? UInt32(bytes[start + 1]) << 8 : 0
      let third = rest > 2 ? UInt32(bytes[start + 2]) : 0
      let group = first | second | third
      result.append(alphabet[Int(group >> 18 & 63)])
      result.append(alphabet[Int(group >> 12 & 63)])
      result.append(rest > 1 ? alphabet[Int(group >> 6 & 63)] : UInt8(ascii: "="))
      result.append(rest > 2 ? alphabet[Int(group & 63)] : UInt8(ascii: "="))
    }
    return String(decoding: result, as: UTF8.self)
  }

  /// The bytes of a base64 text, or nil when it is none. Line breaks are skipped, as Go does;
  /// padding is required.
  public static func decode(_ text: String) -> [UInt8]? {
    var result: [UInt8] = []
    result.reserveCapacity(text.utf8.count / 4 * 3)
    var decoder = Decoder()
    guard decoder.decode(text.utf8, to: &result), decoder.finish(to: &result) else { return nil }
    return result
  }

  /// Decodes a text that comes in pieces.
  public struct Decoder {
    private var group: UInt32 = 0
    private var count = 0
    private var padding = 0

    /// Begins a text.
    public init() {}

    /// Decodes the next piece; false when it is no base64.
    public mutating func decode(_ piece: some Sequence<UInt8>, to result: inout [UInt8]) -> Bool {
      for byte in piece where byte != 0x0A && byte != 0x0D {
        if byte == UInt8(ascii: "=") {
          padding += 1
          continue
        }
        guard padding == 0, let value = Base64.value(of: byte) else { return false }
        group = group << 6 | value
        count += 1
        guard count % 4 == 0 else { continue }
        result.append(UInt8(truncatingIfNeeded: group >> 16))
        result.append(UInt8(truncatingIfNeeded: group >> 8))
        result.append(UInt8(truncatingIfNeeded: group))
        group = 0
      }
      return true
    }

    /// Decodes what is left at the text's end; false when something is missing there.
    public func finish(to result: inout [UInt8]) -> Bool {
      switch (count % 4, padding) {
      case (0, 0): break
      case (2, 2): result.append(UInt8(truncatingIfNeeded: group >> 4))
      case (3, 1):
        result.append(UInt8(truncatingIfNeeded: group >> 10))
        result.append(UInt8(truncatingIfNeeded: group >> 2))
      default: return false
      }
      return true
    }
  }

  private static func value(of byte: UInt8) -> UInt32? {
    switch byte {
    case UInt8(ascii: "A")...UInt8(ascii: "Z"): UInt32(byte - UInt8(ascii: "A"))
    case UInt8(ascii: "a")...UInt8(ascii: "z"): UInt32(byte - UInt8(ascii: "a")) + 26
    case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt32(byte - UInt8(ascii: "0")) + 52
    case UInt8(ascii: "+"): 62
    case UInt8(ascii: "/"): 63
    default: nil
    }
  }
}
