// What a watch does when its connection ends: a table, without effects.
//
//   how it ended                                      what follows
//   cleanly, after 2 s or more                        on from the last version, at once
//   cleanly, sooner                                   the same; from the second time with a pause
//   cleanly, at once, without a message, three times  the place is lost
//   the connection broke, 429, 5xx                    on from the last version, after a pause
//   an ERROR event with code 500 or more              the same, not before its retryAfterSeconds
//   410, Expired, Gone, as status or as ERROR event   the place is lost
//   a resource version that the server is not at yet  the place is lost
//   401                                               once more with new credentials, if there are any
//   any other refusal (403, 404…)                     the watch fails
//
// A place that is lost means that the objects must be listed again: events may have been missed.
// Some servers answer a version that is too old with 200 and a close, without a word
// (kubernetes#104171, #137089), hence the third row.

/// What to do next.
enum WatchStep: Sendable, Hashable {
  case again(after: Duration)
  case relist(reason: String)
  case fail
}

/// The memory of that table.
struct WatchRules: Sendable {
  private static let quick = Duration.seconds(2)
  private static let silentCloseLimit = 3

  private var backoff = Backoff()
  private var quickCloses = 0
  private var silentCloses = 0
  private var refusals = 0

  /// A connection ended cleanly. `random` is between 0 and 1.
  mutating func closed(after lasted: Duration, messages: Int, random: Double) -> WatchStep {
    backoff.rested(for: lasted)
    refusals = 0
    guard lasted < Self.quick else {
      (quickCloses, silentCloses) = (0, 0)
      return .again(after: .zero)
    }
    quickCloses += 1
    silentCloses = messages == 0 ? silentCloses + 1 : 0
    guard silentCloses < Self.silentCloseLimit else {
      let count = silentCloses
      silentCloses = 0
      return .relist(reason: "the server ended the watch at once, \(count) times")
    }
    return .again(after: quickCloses > 1 ? backoff.next(random: random) : .zero)
  }

  /// A connection or the server's answer failed.
  mutating func failed(
    _ error: APIError, after lasted: Duration, canRenewCredentials: Bool, random: Double
  ) -> WatchStep {
    backoff.rested(for: lasted)
    if error.status == 410 || ["Expired", "Gone"].contains(error.reason) {
      return .relist(reason: error.message)
    }
    if error.causes.contains(where: { $0.reason == "ResourceVersionTooLarge" }) {
      return .relist(reason: error.message)
    }
    switch error.status {
    case 0 where ["Unreachable", "Timeout", "Interrupted"].contains(error.reason): break
    case 401 where canRenewCredentials && refusals == 0: refusals += 1
    case 429: break
    case 500... where error.reason != "NotKubernetes": break
    default: return .fail
    }
    let wanted = error.details?["retryAfterSeconds"]?.int.map { Duration.seconds($0) } ?? .zero
    return .again(after: max(wanted, backoff.next(random: random)))
  }
}
