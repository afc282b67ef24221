// The order of API versions (apimachinery's version priority): v2 > v1 > v2beta1 > v1beta2 >
// v1alpha3, versions that follow no such pattern last, in the alphabet's order.

/// A version's place in that order.
struct VersionPriority: Comparable {
  private enum Stability: Int {
    case other
    case alpha
    case beta
    case stable
  }

  private let stability: Stability
  private let major: Int
  private let minor: Int
  private let text: String

  init(_ version: String) {
    text = version
    guard let parsed = Self.parse(version) else {
      (stability, major, minor) = (.other, 0, 0)
      return
    }
    (stability, major, minor) = parsed
  }

  private static func parse(_ version: String) -> (Stability, Int, Int)? {
    guard version.hasPrefix("v") else { return nil }
    let digits = version.dropFirst().prefix { $0.isASCII && $0.isNumber }
    guard let major = Int(digits) else { return nil }
    let rest = version.dropFirst(1 + digits.count)
    if rest.isEmpty { return (.stable, major, 0) }
    for (word, stability) in [("alpha", Stability.alpha), ("beta", .beta)]
    where rest.hasPrefix(word) {
      let number = rest.dropFirst(word.count)
      guard number.allSatisfy({ $0.isASCII && $0.isNumber }), let minor = Int(number) else {
        return nil
      }
      return (stability, major, minor)
    }
    return nil
  }

  /// Less means older or less stable.
  static func < (left: VersionPriority, right: VersionPriority) -> Bool {
    if left.stability != right.stability {
      return left.stability.rawValue < right.stability.rawValue
    }
    if left.major != right.major { return left.major < right.major }
    if left.minor != right.minor { return left.minor < right.minor }
    return left.text > right.text
  }

  /// The versions, the best first.
  static func sorted(_ versions: [String]) -> [String] {
    versions.sorted { VersionPriority($1) < VersionPriority($0) }
  }

  /// True for `v1`, `v1beta1` and the like.
  static func isVersion(_ text: some StringProtocol) -> Bool { parse(String(text)) != nil }
}
