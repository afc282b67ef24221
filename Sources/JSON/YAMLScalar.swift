// What a YAML scalar without quotes means, by the rules of sigs.k8s.io/yaml, the reader of kubectl
// and of the API server: YAML 1.1 as go-yaml v2 has it.
//
// - `true`, `yes`, `on`, `y` and their opposites, in lower case, capitalised or upper case, are
//   bools; `` (nothing), `~` and `null` are null.
// - Integers may have a sign, underscores and the prefixes 0x, 0o and 0b; a leading zero means
//   octal, so that `defaultMode: 0644` is 420. Those that do not fit 64 bits become doubles.
// - Timestamps and base-60 numbers stay strings; infinities and NaN are refused, as JSON lacks
//   them.
// - Anything in quotes is a string.

/// The meaning of plain scalars.
enum YAMLScalar {
  private static let trueWords: Set<String> = [
    "y", "Y", "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON",
  ]
  private static let falseWords: Set<String> = [
    "n", "N", "no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF",
  ]
  private static let nullWords: Set<String> = ["", "~", "null", "Null", "NULL"]
  private static let infinities: Set<String> = [
    ".nan", ".NaN", ".NAN", ".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF", "-.inf", "-.Inf",
    "-.INF",
  ]

  /// The value of a scalar that has neither quotes nor a tag; nil for an infinity or NaN.
  static func value(of text: String) -> JSONValue? {
    guard let first = text.utf8.first else { return .null }
    switch first {
    case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "+"), UInt8(ascii: "-"),
      UInt8(ascii: "."):
      if infinities.contains(text) { return nil }
      return number(text) ?? .string(text)
    case UInt8(ascii: "y"), UInt8(ascii: "Y"), UInt8(ascii: "n"), UInt8(ascii: "N"),
      UInt8(ascii: "t"), UInt8(ascii: "T"), UInt8(ascii: "f"), UInt8(ascii: "F"),
      UInt8(ascii: "o"), UInt8(ascii: "O"), UInt8(ascii: "~"):
      if trueWords.contains(text) { return .bool(true) }
      if falseWords.contains(text) { return .bool(false) }
      if nullWords.contains(text) { return .null }
      return .string(text)
    default: return .string(text)
    }
  }

  /// Bytes of a number; a longer text is a text, whatever it is made of.
  private static let longestNumber = 4096

  private static func number(_ text: String) -> JSONValue? {
    guard text.utf8.count <= longestNumber else { return nil }
    let isFraction = text.hasPrefix(".")
    let plain = isFraction ? text : text.filter { $0 != "_" }
    if !isFraction, let integer = integer(plain) { return integer }
    guard isDecimal(plain) else { return nil }
    // Swift wants a digit before the point, YAML does not.
    guard let value = Double(normalized(plain)), value.isFinite else { return nil }
    return .double(value)
  }

  private static func integer(_ text: String) -> JSONValue? {
    var digits = Substring(text)
    let isNegative = digits.hasPrefix("-")
    if isNegative || digits.hasPrefix("+") { digits.removeFirst() }
    var radix = 10
    let lower = digits.prefix(2).lowercased()
    if let prefixed = ["0x": 16, "0o": 8, "0b": 2][lower] {
      radix = prefixed
      digits = digits.dropFirst(2)
    } else if digits.count > 1, digits.hasPrefix("0") {
      radix = 8
      digits = digits.dropFirst()
    }
    guard let first = digits.utf8.first, first != UInt8(ascii: "+"), first != UInt8(ascii: "-")
    else { return nil }
    if let value = Int64((isNegative ? "-" : "") + digits, radix: radix) { return .int(value) }
    if let value = UInt64(digits, radix: radix) {
      return .double(isNegative ? -Double(value) : Double(value))
    }
    return nil
  }

  /// Sign, digits with at most one point, exponent: what both YAML and a double's reader accept.
  private static func isDecimal(_ text: String) -> Bool {
    var rest = Array(text.utf8)[...]
    if let sign = rest.first, sign == UInt8(ascii: "+") || sign == UInt8(ascii: "-") {
      rest = rest.dropFirst()
    }
    let whole = takeDigits(&rest)
    var fraction = 0
    if rest.first == UInt8(ascii: ".") {
      rest = rest.dropFirst()
      fraction = takeDigits(&rest)
    }
    guard whole + fraction > 0 else { return false }
    guard let letter = rest.first else { return true }
    guard letter == UInt8(ascii: "e") || letter == UInt8(ascii: "E") else { return false }
    rest = rest.dropFirst()
    if let sign = rest.first, sign == UInt8(ascii: "+") || sign == UInt8(ascii: "-") {
      rest = rest.dropFirst()
    }
    return takeDigits(&rest) > 0 && rest.isEmpty
  }

  private static func takeDigits(_ bytes: inout ArraySlice<UInt8>) -> Int {
    let digits = bytes.prefix { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
    bytes = bytes.dropFirst(digits.count)
    return digits.count
  }

  private static func normalized(_ text: String) -> String {
    var result = ""
    var previousIsDigit = false
    for character in text {
      if character == ".", !previousIsDigit { result.append("0") }
      previousIsDigit = character.isNumber
      result.append(character)
    }
    return result
  }

  /// True when the text, written without quotes, would be read as something else than this string
  /// by a YAML 1.1 or 1.2 reader. Errs on the side of quotes: timestamps and base-60 numbers count
  /// too.
  static func needsQuotes(_ text: String) -> Bool {
    guard let first = text.unicodeScalars.first, let last = text.unicodeScalars.last else {
      return true
    }
    guard value(of: text) == .string(text), !looksNumeric(text) else { return true }
    if first == " " || last == " " || last == ":"
      || "-?:,[]{}#&*!|>'\"%@`=<".unicodeScalars
        .contains(first)
    {
      // A dash, a question mark or a colon may open a plain scalar when no space follows.
      let second = text.unicodeScalars.dropFirst().first
      let opensPlain = first == "-" || first == "?"
      guard opensPlain, let second, second != " ", second != first, last != " ", last != ":" else {
        return true
      }
    }
    if text == "---" || text == "..." || text.hasPrefix("--- ") || text.hasPrefix("... ") {
      return true
    }
    var previous: Unicode.Scalar = "x"
    for scalar in text.unicodeScalars {
      if previous == ":", scalar == " " { return true }
      if previous == " ", scalar == "#" { return true }
      if !isPrintable(scalar) { return true }
      previous = scalar
    }
    return false
  }

  /// Digits with the punctuation of dates, times and versions only, which some reader takes for a
  /// timestamp or a base-60 number; or a number with a prefix.
  private static func looksNumeric(_ text: String) -> Bool {
    guard let first = text.utf8.first else { return false }
    let isDigit = (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(first)
    guard isDigit || "+-.".utf8.contains(first) else { return false }
    if text.utf8.dropFirst(4).first == UInt8(ascii: "-"), text.utf8.count >= 8,
      text.utf8.prefix(4).allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) })
    {
      return true
    }
    if text.utf8.allSatisfy({ "0123456789_:+-".utf8.contains($0) }) { return true }
    // 1.2.3.4 is no number to anybody, 1_0.5 and .5. are better quoted.
    return text.utf8.count { $0 == UInt8(ascii: ".") } < 2
      && text.utf8.allSatisfy { "0123456789_:+-.eE".utf8.contains($0) }
  }

  /// What a plain or literal scalar may hold on one line.
  static func isPrintable(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    case 0x20...0x7E, 0xA0...0x2027, 0x202A...0xD7FF, 0xE000...0xFEFE, 0xFF00...0xFFFD,
      0x10000...0x10FFFF:
      true
    default: false
    }
  }
}
