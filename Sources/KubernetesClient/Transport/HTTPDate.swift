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
      let month = months.firstIndex(of: String(words[2]))
    else { return nil }
    let number = month < 9 ? "0\(month + 1)" : "\(month + 1)"
    return Timestamp.seconds("\(words[3])-\(number)-\(words[1])T\(words[4])Z")
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
