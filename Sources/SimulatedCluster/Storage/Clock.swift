// Time as the API writes it: whole seconds, RFC 3339, always UTC.

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// Seconds since 1970 and their text.
enum Clock {
  /// The system's time.
  static func now() -> Int64 { Int64(time(nil)) }

  /// `2026-01-31T12:00:00Z`.
  static func text(_ seconds: Int64) -> String {
    let days = Int((Double(seconds) / 86400).rounded(.down))
    let second = Int(seconds) - days * 86400
    let (year, month, day) = date(days)
    return "\(pad(year, 4))-\(pad(month, 2))-\(pad(day, 2))T"
      + "\(pad(second / 3600, 2)):\(pad(second / 60 % 60, 2)):\(pad(second % 60, 2))Z"
  }

  /// Reads a text that `text(_:)` wrote; nil for any other form.
  static func seconds(_ text: String) -> Int64? {
    let parts = text.split { !$0.isNumber }.compactMap { Int($0) }
    guard parts.count >= 6, text.hasSuffix("Z") else { return nil }
    let days = dayNumber(parts[0], parts[1], parts[2])
    return Int64(days * 86400 + parts[3] * 3600 + parts[4] * 60 + parts[5])
  }

  /// How long ago in the form that tables use: `45s`, `3m`, `5h`, `12d`.
  static func age(of created: String, now: Int64) -> String {
    guard let start = seconds(created) else { return "<unknown>" }
    let passed = max(0, now - start)
    switch passed {
    case ..<120: return "\(passed)s"
    case ..<7200: return "\(passed / 60)m"
    case ..<172_800: return "\(passed / 3600)h"
    default: return "\(passed / 86400)d"
    }
  }

  private static func pad(_ number: Int, _ width: Int) -> String {
    let text = String(number)
    return String(repeating: "0", count: max(0, width - text.count)) + text
  }

  /// The civil date of a day counted from 1970-01-01, by eras of 400 years that begin in March.
  private static func date(_ days: Int) -> (year: Int, month: Int, day: Int) {
    let shifted = days + 719_468
    let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
    let dayOfEra = shifted - era * 146_097
    let yearOfEra =
      (dayOfEra - dayOfEra / 1460 + dayOfEra / 36524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let shiftedMonth = (5 * dayOfYear + 2) / 153
    let day = dayOfYear - (153 * shiftedMonth + 2) / 5 + 1
    let month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
    return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, day)
  }

  private static func dayNumber(_ year: Int, _ month: Int, _ day: Int) -> Int {
    let shiftedYear = month <= 2 ? year - 1 : year
    let era = (shiftedYear >= 0 ? shiftedYear : shiftedYear - 399) / 400
    let yearOfEra = shiftedYear - era * 400
    let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
    return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
  }
}
