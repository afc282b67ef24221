// Pauses between tries, and how they grow.

/// Waiting between tries.
enum Pause {
  /// What every pause is multiplied with. Tests make pauses shorter for the tasks that they start.
  @TaskLocal static var scale = 1.0

  static func sleep(for duration: Duration) async throws {
    try await Task.sleep(for: duration * scale)
  }
}

/// A pause that doubles from 0.8 s to 30 s, each stretched by up to as much again so that many clients
/// do not come back at once, and that starts over after two quiet minutes (client-go's reflector).
struct Backoff: Sendable {
  static let first = Duration.milliseconds(800)
  static let longest = Duration.seconds(30)
  static let calm = Duration.seconds(120)

  private(set) var failures = 0

  /// The next pause; `random` is between 0 and 1.
  mutating func next(random: Double) -> Duration {
    var pause = Self.first
    for _ in 0..<failures where pause < Self.longest { pause *= 2 }
    failures += 1
    return min(pause, Self.longest) * (1 + random)
  }

  /// Takes note of how long things went well.
  mutating func rested(for duration: Duration) {
    if duration >= Self.calm { failures = 0 }
  }
}
