// The transport's bounds and patience, as numbers that a program may change.

/// How many connections and requests there may be, and how long what is waited for.
///
/// The defaults suit API servers: they close idle connections after 90 s and allow 100 streams on a
/// connection. A program that renews leases wants a dead connection found sooner than 45 s: set
/// `quietLimit` and `probeTimeout`.
public struct TransportOptions: Sendable, Hashable {
  /// How long making a connection may take: name, TCP and TLS together. All calls that wait for
  /// the same cluster share this time.
  public var connectTimeout = Duration.seconds(10)
  /// A connection with requests under way that is silent for so long is asked whether it lives.
  public var quietLimit = Duration.seconds(30)
  /// How long that question may go unanswered before the connection counts as dead.
  public var probeTimeout = Duration.seconds(15)
  /// Connections to one host and port, 2 to 8: with a single one, watches over HTTP/1.1 would keep
  /// every other request out, and unlimited ones become hundreds.
  public var connectionsPerHost = 8
  /// Requests of one client that may be unanswered at a time; the others wait for their turn.
  public var callsPerCluster = 32
  /// Bytes of one stream that may lie unread; more of them end it.
  public var unreadBytesPerStream = 32 << 20
  /// Whole seconds after which an idle connection is not used again, less than the server's 90.
  public var connectionAge = 70
  /// How long a cluster that could not be reached is left alone; doubles with each further failure.
  public var circuitPause = Duration.seconds(1)
  /// The longest such pause.
  public var longestCircuitPause = Duration.seconds(30)

  /// How long a request may wait for room on the connections before a watch has to give up its own.
  var roomPatience = Duration.milliseconds(300)

  /// The defaults.
  public init() {}

  /// The same with every number inside of its bounds.
  var bounded: TransportOptions {
    var result = self
    result.connectionsPerHost = min(max(2, connectionsPerHost), 8)
    result.callsPerCluster = max(1, callsPerCluster)
    result.connectionAge = min(max(1, connectionAge), 89)
    return result
  }
}
