// The time in an answer's Date header, to tell a wrong clock from wrong credentials.

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

enum HTTPDate {
  private static let months = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
  ]

  /// Seconds since 1970 of a date such as `Sun, 06 Nov 1994 08:49:37 GMT` (RFC 9110, 5.6.7); nil
  /// for anything else.
  static func seconds(_ text: String) -> Int64? {
    let words = text.split(separator: " ")
    guard words.count == 6, words[0].hasSuffix(","), words[5] == "GMT",
      let day = Int64(words[1]), (1...31).contains(day),
      let month = months.firstIndex(of: String(words[2])),
      let year = Int64(words[3]), (1970...9999).contains(year)
    else { return nil }
    let clock = words[4].split(separator: ":").map { Int64($0) ?? -1 }
    guard clock.count == 3, (0...23).contains(clock[0]), (0...59).contains(clock[1]),
      (0...60).contains(clock[2])
    else { return nil }
    let time = clock[0] * 3600 + clock[1] * 60 + clock[2]
    return days(year: year, month: Int64(month) + 1, day: day) * 86_400 + time
  }

  /// Days since 1970, with years that begin in March so that the leap day is the last.
  private static func days(year: Int64, month: Int64, day: Int64) -> Int64 {
    let year = month <= 2 ? year - 1 : year
    let monthFromMarch = (month + 9) % 12
    let dayOfYear = (153 * monthFromMarch + 2) / 5 + day - 1
    return year * 365 + year / 4 - year / 100 + year / 400 + dayOfYear - 719_468
  }

  /// What to tell about a refused credential when the server's clock and this one differ by more
  /// than a minute: tokens that are not valid yet or no longer look like that. Nil when they agree.
  static func clockHint(_ date: String?, now: Int64 = Int64(time(nil))) -> String? {
    guard let server = date.flatMap(seconds), abs(server - now) > 60 else { return nil }
    let difference = Duration.seconds(abs(server - now)).words
    let side = server > now ? "ahead of" : "behind"
    return "check the clock: the server's is \(difference) \(side) this machine's"
  }
}
