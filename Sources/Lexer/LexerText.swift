// Bytes and scalars: what the lexer asks of single bytes, UTF-8 decoding, and the encoding check.

/// The bytes that mean something to the lexer.
enum Ascii {
  static let tab: UInt8 = 0x09
  static let newline: UInt8 = 0x0A
  static let carriageReturn: UInt8 = 0x0D
  static let space: UInt8 = 0x20
  static let bang = UInt8(ascii: "!")
  static let quote = UInt8(ascii: "\"")
  static let hash = UInt8(ascii: "#")
  static let dollar = UInt8(ascii: "$")
  static let percent = UInt8(ascii: "%")
  static let ampersand = UInt8(ascii: "&")
  static let apostrophe = UInt8(ascii: "'")
  static let leftParenthesis = UInt8(ascii: "(")
  static let rightParenthesis = UInt8(ascii: ")")
  static let star = UInt8(ascii: "*")
  static let plus = UInt8(ascii: "+")
  static let comma = UInt8(ascii: ",")
  static let minus = UInt8(ascii: "-")
  static let dot = UInt8(ascii: ".")
  static let slash = UInt8(ascii: "/")
  static let zero = UInt8(ascii: "0")
  static let nine = UInt8(ascii: "9")
  static let colon = UInt8(ascii: ":")
  static let semicolon = UInt8(ascii: ";")
  static let less = UInt8(ascii: "<")
  static let assign = UInt8(ascii: "=")
  static let greater = UInt8(ascii: ">")
  static let question = UInt8(ascii: "?")
  static let upperA = UInt8(ascii: "A")
  static let upperZ = UInt8(ascii: "Z")
  static let leftBracket = UInt8(ascii: "[")
  static let backslash = UInt8(ascii: "\\")
  static let rightBracket = UInt8(ascii: "]")
  static let underscore = UInt8(ascii: "_")
  static let a = UInt8(ascii: "a")
  static let z = UInt8(ascii: "z")
  static let leftBrace = UInt8(ascii: "{")
  static let bar = UInt8(ascii: "|")
  static let rightBrace = UInt8(ascii: "}")
}

extension UInt8 {
  var isDigit: Bool { self >= Ascii.zero && self <= Ascii.nine }

  var isWordByte: Bool {
    isDigit || self == Ascii.underscore || (self | 0x20) >= Ascii.a && (self | 0x20) <= Ascii.z
  }

  /// The value of a digit up to base 36; nil for other bytes.
  var digitValue: Int? {
    if isDigit { return Int(self - Ascii.zero) }
    let lower = self | 0x20
    return lower >= Ascii.a && lower <= Ascii.z ? Int(lower - Ascii.a) + 10 : nil
  }
}

/// One decoded scalar, or one to three bytes that are none.
struct DecodedScalar {
  /// Nil when the bytes are malformed.
  var value: Unicode.Scalar?
  /// How many bytes it takes, at least 1.
  var length: Int

  var isLetter: Bool {
    switch value?.properties.generalCategory {
    case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter: true
    default: false
    }
  }

  var isDigit: Bool { value?.properties.generalCategory == .decimalNumber }
}

extension UTF8 {
  /// Decodes the scalar at `offset` as the Unicode Standard's table 3-7 allows; surrogates,
  /// overlong forms and cut sequences have no value and the length of their longest valid start.
  static func decodeScalar(_ bytes: some RandomAccessCollection<UInt8>, at offset: Int)
    -> DecodedScalar
  {
    func byte(_ distance: Int) -> UInt8 {
      guard offset + distance < bytes.count else { return 0 }
      return bytes[bytes.index(bytes.startIndex, offsetBy: offset + distance)]
    }
    let first = byte(0)
    if first < 0x80 { return DecodedScalar(value: Unicode.Scalar(first), length: 1) }
    let count: Int
    var lowest: UInt8 = 0x80
    var highest: UInt8 = 0xBF
    switch first {
    case 0xC2...0xDF: count = 2
    case 0xE0: (count, lowest) = (3, 0xA0)
    case 0xED: (count, highest) = (3, 0x9F)
    case 0xE1...0xEF: count = 3
    case 0xF0: (count, lowest) = (4, 0x90)
    case 0xF1...0xF3: count = 4
    case 0xF4: (count, highest) = (4, 0x8F)
    default: return DecodedScalar(value: nil, length: 1)
    }
    var value = UInt32(first) & (0xFF >> UInt32(count + 1))
    for distance in 1..<count {
      let next = byte(distance)
      guard next >= lowest, next <= highest else {
        return DecodedScalar(value: nil, length: distance)
      }
      (lowest, highest) = (0x80, 0xBF)
      value = value << 6 | UInt32(next & 0x3F)
    }
    return DecodedScalar(value: Unicode.Scalar(value), length: count)
  }
}

extension Lexer {
  /// Decodes the scalar at an offset of the source.
  func scalar(at offset: Int) -> DecodedScalar { UTF8.decodeScalar(bytes, at: offset) }

  /// Reports every line's first malformed byte and first NUL, wherever they stand.
  mutating func checkEncoding() {
    var index = 0
    var reportedLine = -1
    var line = 0
    while index < end {
      let byte = bytes[index]
      if byte == Ascii.newline { line += 1 }
      if byte != 0, byte < 0x80 {
        index += 1
        continue
      }
      let found = scalar(at: index)
      if line != reportedLine, byte == 0 || found.value == nil {
        reportedLine = line
        reportBadByte(byte, index, found.length)
      }
      index += found.length
    }
  }

  private mutating func reportBadByte(_ byte: UInt8, _ index: Int, _ length: Int) {
    if byte == 0 {
      return report(
        .nullByte, "the source holds a NUL byte", index, index + 1,
        notes: ["a NUL in a string is written `\\0`"])
    }
    let hex = String(byte, radix: 16, uppercase: true)
    report(
      .invalidUTF8, "the source is not valid UTF-8: unexpected byte 0x\(hex)", index,
      index + length)
  }
}
