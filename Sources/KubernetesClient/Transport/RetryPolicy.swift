// Whether a request is tried again and when: a table, without effects.
//
//   what came back                        replayable request    other (POST)
//   connection died (16 18 52 55 56 92)   again, with backoff   only when no byte was sent
//   429, 503 with Retry-After             after that time       after that time
//   other 5xx with Retry-After            after that time       no: it may have been carried out
//   429, 503, 504 without it              again, with backoff   no
//   401                                   once more with new credentials
//   anything else                         no
//
// Backoff is 0.2, 0.5 and 1 s with jitter, three times; Retry-After is followed ten times at most.
// Whoever asks also has a deadline, and no pause goes past it. A connection that was never made is
// the circuit's business (see Circuit.swift) and not tried again here, unless it broke on the way.

/// What a request came to.
enum Outcome: Sendable {
  case answered(status: Int, retryAfter: String?)
  case failed(TransportError)
}

/// What to do about it.
enum RetryDecision: Sendable, Hashable {
  case finish
  case retry(after: Duration)
  case renewCredentials
}

struct RetryPolicy: Sendable {
  /// True when carrying the request out twice does no more than once.
  let isReplayable: Bool
  /// False for requests whose 429 has a meaning of its own, such as an eviction.
  var followsThrottling = true
  /// False when there are no credentials that could be had anew.
  var canRenewCredentials = false

  private static let backoff: [Duration] = [
    .milliseconds(200), .milliseconds(500), .seconds(1),
  ]
  private static let mostThrottled = 10
  /// A server that wants a longer pause than this gets its answer told instead.
  private static let longestPause = 60

  private var failures = 0
  private var throttled = 0
  private var hasRenewed = false

  init(isReplayable: Bool, followsThrottling: Bool = true, canRenewCredentials: Bool = false) {
    self.isReplayable = isReplayable
    self.followsThrottling = followsThrottling
    self.canRenewCredentials = canRenewCredentials
  }

  /// Decides after a try. `random` is between 0 and 1 and stretches a pause by up to half.
  mutating func decide(
    _ outcome: Outcome, random: @autoclosure () -> Double
  ) -> RetryDecision {
    switch outcome {
    case .failed(let error):
      guard error.kind == .broken, error.code != 0 else { return .finish }
      guard isReplayable || !error.mayHaveBeenSeen else { return .finish }
      return backOff(random())
    case .answered(401, _):
      guard canRenewCredentials, !hasRenewed else { return .finish }
      hasRenewed = true
      return .renewCredentials
    case .answered(let status, let retryAfter):
      guard followsThrottling, status == 429 || status >= 500 else { return .finish }
      if let retryAfter, let seconds = Int(retryAfter), seconds >= 0 {
        guard isReplayable || status == 429 || status == 503 else { return .finish }
        return throttle(seconds, random())
      }
      guard isReplayable, [429, 503, 504].contains(status) else { return .finish }
      return backOff(random())
    }
  }

  private mutating func backOff(_ random: Double) -> RetryDecision {
    guard failures < Self.backoff.count else { return .finish }
    defer { failures += 1 }
    return .retry(after: Self.backoff[failures] * (1 + random / 2))
  }

  private mutating func throttle(_ seconds: Int, _ random: Double) -> RetryDecision {
    guard throttled < Self.mostThrottled, seconds <= Self.longestPause else { return .finish }
    throttled += 1
    let pause = max(Duration.seconds(seconds), Self.backoff[0])
    return .retry(after: pause + .milliseconds(100) * random)
  }
}
