// How the language writes literals: strings, keys, floats, durations; and how it reads durations.

/// The one place for the notation of literals outside the lexer.
public enum Notation {
  /// A key as it may stand in a map literal.
  public static func key(_ key: String) -> String { isIdentifier(key) ? key : quoted(key) }

  /// True when a map's key can be written without quotes.
  static func isIdentifier(_ key: String) -> Bool {
    guard let first = key.unicodeScalars.first else { return false }
    guard first == "_" || first.properties.isAlphabetic else { return false }
    return key.unicodeScalars.allSatisfy {
      $0 == "_" || $0.properties.isAlphabetic || $0.properties.numericType == .decimal
    }
  }

  /// Quoted and escaped as a string literal.
  public static func quoted(_ string: String) -> String { "\"\(escaped(string))\"" }

  /// The inside of a string literal.
  static func escaped(_ string: String) -> String {
    var result = ""
    let scalars = string.unicodeScalars
    for index in scalars.indices {
      let scalar = scalars[index]
      switch scalar {
      case "\"": result += "\\\""
      case "\\": result += "\\\\"
      case "\n": result += "\\n"
      case "\t": result += "\\t"
      case "\r": result += "\\r"
      case "\0": result += "\\0"
      case "$":
        // Only before a brace would it start an interpolation.
        let next = scalars.index(after: index)
        result += next < scalars.endIndex && scalars[next] == "{" ? "\\$" : "$"
      default:
        if scalar.value < 0x20 || scalar.value == 0x7F {
          result += "\\u{\(String(scalar.value, radix: 16, uppercase: true))}"
        } else {
          result.unicodeScalars.append(scalar)
        }
      }
    }
    return result
  }

  /// Shortest digits that read back the same; always with a fraction or an exponent.
  public static func text(_ number: Double) -> String {
    if number.isNaN { return "nan" }
    if number.isInfinite { return number < 0 ? "-inf" : "inf" }
    return "\(number)"
  }

  /// `1h30m`, `250ms`, `0s`; parts smaller than a millisecond as a fraction of one are `us` and `ns`.
  public static func text(nanoseconds: Int64) -> String {
    if nanoseconds == 0 { return "0s" }
    var rest = nanoseconds.magnitude
    var result = nanoseconds < 0 ? "-" : ""
    let units: [(UInt64, String)] = [
      (86_400_000_000_000, "d"), (3_600_000_000_000, "h"), (60_000_000_000, "m"),
      (1_000_000_000, "s"), (1_000_000, "ms"), (1000, "us"), (1, "ns"),
    ]
    for (size, name) in units where rest >= size {
      result += "\(rest / size)\(name)"
      rest %= size
    }
    return result
  }

  /// `1h30m` in nanoseconds; nil when it is no duration. Units descend, as in the language.
  public static func nanoseconds(_ text: String) -> Int64? {
    let units: [(name: String, size: Int64)] = [
      ("d", 86_400_000_000_000), ("h", 3_600_000_000_000), ("m", 60_000_000_000),
      ("s", 1_000_000_000), ("ms", 1_000_000),
    ]
    var rest = text[...]
    var total: Int64 = 0
    var next = 0
    guard !rest.isEmpty else { return nil }
    while !rest.isEmpty {
      let digits = rest.prefix { $0.isASCII && $0.isNumber }
      rest = rest.dropFirst(digits.count)
      let name = rest.prefix { $0.isLetter }
      rest = rest.dropFirst(name.count)
      guard let count = Int64(digits), let index = units.firstIndex(where: { $0.name == name }),
        index >= next
      else { return nil }
      let (part, isLarge) = count.multipliedReportingOverflow(by: units[index].size)
      let (sum, isLarger) = total.addingReportingOverflow(part)
      guard !isLarge, !isLarger else { return nil }
      total = sum
      next = index + 1
    }
    return total
  }
}
