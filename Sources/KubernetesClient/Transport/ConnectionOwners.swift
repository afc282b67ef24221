// Which connections were made with which certificates, so that those with outdated ones can be
// closed: over HTTP/2 a connection goes on for as long as it is used.
//
// A connection without a call is closed at once, one with calls when the last of them has ended. Only
// connections of clients whose certificates can change are noted.

struct ConnectionOwners {
  private struct Owner {
    let lane: Int
    let certificates: Int
    var isOutdated = false
  }

  private var owners: [Connection: Owner] = [:]
  /// More than this many are forgotten: they have been closed for age by then.
  private static let limit = 1024

  /// Notes who uses a connection.
  mutating func note(_ connection: Connection, lane: Int, certificates: Int) {
    if let known = owners[connection], known.lane == lane, known.certificates == certificates {
      return
    }
    if owners.count >= Self.limit { owners = owners.filter { $0.value.isOutdated } }
    owners[connection] = Owner(lane: lane, certificates: certificates)
  }

  /// Marks the lane's connections with certificates before those.
  mutating func outdate(lane: Int, before certificates: Int) {
    for (connection, owner) in owners
    where owner.lane == lane && owner.certificates < certificates {
      owners[connection]?.isOutdated = true
    }
  }

  /// True when something waits to be closed.
  var hasOutdated: Bool { owners.values.contains { $0.isOutdated } }

  /// Takes out the outdated connections that nobody uses.
  mutating func takeUnused(_ used: Set<Connection>) -> [Connection] {
    let unused = owners.filter { $0.value.isOutdated && !used.contains($0.key) }.map(\.key)
    for connection in unused { owners[connection] = nil }
    return unused
  }
}
