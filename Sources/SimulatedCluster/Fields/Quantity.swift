// Canonical form of resource quantities: `1024Mi` is stored as `1Gi`, `2000m` as `2`.

/// Quantities that stay within 64 bits of thousandths are made canonical, all others are kept as written.
enum Quantity {
  private static let binary = ["Ki", "Mi", "Gi", "Ti", "Pi", "Ei"]
  private static let decimal = ["k", "M", "G", "T", "P", "E"]

  /// The canonical text, or nil when the text is no quantity.
  static func canonical(_ text: String) -> String? {
    let sign = text.hasPrefix("-") ? -1 : 1
    let digits = text.drop { $0 == "-" || $0 == "+" }
    let numeral = digits.prefix { $0.isASCII && ($0.isNumber || $0 == ".") }
    let suffix = String(digits.dropFirst(numeral.count))
    guard let thousandths = thousandths(numeral) else { return nil }
    if let power = binary.firstIndex(of: suffix) {
      return binaryText(thousandths, power: power + 1, sign: sign) ?? text
    }
    guard let scale = decimalScale(suffix) else { return isKept(suffix) ? text : nil }
    return decimalText(thousandths, scale: scale, sign: sign) ?? text
  }

  private static func thousandths(_ numeral: Substring) -> Int64? {
    let parts = numeral.split(separator: ".", omittingEmptySubsequences: false)
    guard (1...2).contains(parts.count), numeral.contains(where: \.isNumber) else { return nil }
    let fraction = parts.count == 2 ? String(parts[1]) : ""
    guard fraction.count <= 3 else { return 0 }
    let padded = fraction + String(repeating: "0", count: 3 - fraction.count)
    let whole = parts[0].isEmpty ? "0" : String(parts[0])
    return Int64(whole + padded)
  }

  /// Powers of thousand of a decimal suffix, with -1 for `m`.
  private static func decimalScale(_ suffix: String) -> Int? {
    if suffix.isEmpty { return 0 }
    if suffix == "m" { return -1 }
    return decimal.firstIndex(of: suffix).map { $0 + 1 }
  }

  private static func isKept(_ suffix: String) -> Bool {
    if ["n", "u"].contains(suffix) { return true }
    guard let first = suffix.first, first == "e" || first == "E" else { return false }
    return Int(suffix.dropFirst()) != nil
  }

  private static func binaryText(_ thousandths: Int64, power: Int, sign: Int) -> String? {
    var value = thousandths
    for _ in 0..<power {
      let (product, overflow) = value.multipliedReportingOverflow(by: 1024)
      guard !overflow else { return nil }
      value = product
    }
    guard value % 1000 == 0 else { return nil }
    value /= 1000
    if value == 0 { return "0" }
    var unit = 0
    while value % 1024 == 0, unit < binary.count {
      value /= 1024
      unit += 1
    }
    return (sign < 0 ? "-" : "") + String(value) + (unit == 0 ? "" : binary[unit - 1])
  }

  private static func decimalText(_ thousandths: Int64, scale: Int, sign: Int) -> String? {
    var value = thousandths
    // The loop keeps `value` in thousandths of the base unit.
    for _ in 0..<max(0, scale) {
      let (product, overflow) = value.multipliedReportingOverflow(by: 1000)
      guard !overflow else { return nil }
      value = product
    }
    if scale < 0 {
      guard value % 1000 == 0 else { return nil }
      value /= 1000
    }
    if value == 0 { return "0" }
    let units = ["m", ""] + decimal
    var unit = 0
    while value % 1000 == 0, unit < units.count - 1 {
      value /= 1000
      unit += 1
    }
    return (sign < 0 ? "-" : "") + String(value) + units[unit]
  }
}
