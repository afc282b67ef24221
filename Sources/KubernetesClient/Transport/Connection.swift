// Which connections are alive, and how to end one that is not.

import CCurl

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// A connection, known by its ports. libcurl tells a transfer's socket only after a success; the
/// ports it tells always.
struct Connection: Hashable {
  private let localPort: Int
  private let remotePort: Int

  /// The connection that a transfer uses or has used last; nil before it has one.
  init?(of easy: UnsafeMutableRawPointer) {
    var local = 0
    var remote = 0
    guard ccurl_easy_get_long(easy, CURLINFO_LOCAL_PORT, &local) == CURLE_OK,
      ccurl_easy_get_long(easy, CURLINFO_PRIMARY_PORT, &remote) == CURLE_OK, local > 0, remote > 0
    else { return nil }
    localPort = local
    remotePort = remote
  }

  /// Ends both directions, so that libcurl sees the end of the connection. The descriptor stays
  /// libcurl's.
  func shutDown() {
    let limit = min(max(4, sysconf(Int32(_SC_OPEN_MAX))), 65536)
    for descriptor in 3..<Int32(limit) {
      guard Self.port(descriptor, getsockname) == localPort,
        Self.port(descriptor, getpeername) == remotePort
      else { continue }
      shutdown(descriptor, Int32(SHUT_RDWR))
      return
    }
  }

  private typealias Namer = (
    Int32, UnsafeMutablePointer<sockaddr>, UnsafeMutablePointer<socklen_t>
  ) -> Int32

  private static func port(_ descriptor: Int32, _ name: Namer) -> Int? {
    var storage = sockaddr_storage()
    var size = socklen_t(MemoryLayout<sockaddr_storage>.size)
    return withUnsafeMutablePointer(to: &storage) { pointer -> Int? in
      let result = pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        name(descriptor, $0, &size)
      }
      guard result == 0 else { return nil }
      switch Int32(pointer.pointee.ss_family) {
      case AF_INET:
        return pointer.withMemoryRebound(to: sockaddr_in.self, capacity: 1) {
          Int(UInt16(bigEndian: $0.pointee.sin_port))
        }
      case AF_INET6:
        return pointer.withMemoryRebound(to: sockaddr_in6.self, capacity: 1) {
          Int(UInt16(bigEndian: $0.pointee.sin6_port))
        }
      default: return nil
      }
    }
  }
}

/// Remembers when each connection last proved to be alive.
struct ConnectionWatch {
  private var lastHeard: [Connection: ContinuousClock.Instant] = [:]
  private var lastProbe: [Int: ContinuousClock.Instant] = [:]
  private static let probeInterval = Duration.seconds(30)
  /// More entries than this are cut down to the young ones.
  private static let limit = 1024

  mutating func heard(on connection: Connection?) {
    guard let connection else { return }
    let now = ContinuousClock.now
    lastHeard[connection] = now
    guard lastHeard.count > Self.limit else { return }
    lastHeard = lastHeard.filter { now - $0.value < .seconds(300) }
  }

  func isHeard(_ connection: Connection, since start: ContinuousClock.Instant) -> Bool {
    lastHeard[connection].map { $0 > start } ?? false
  }

  mutating func forget(_ connection: Connection) { lastHeard[connection] = nil }

  /// True at most every 30 s for a lane.
  mutating func mayProbe(lane: Int, at now: ContinuousClock.Instant) -> Bool {
    if let last = lastProbe[lane], now - last < Self.probeInterval { return false }
    lastProbe[lane] = now
    return true
  }
}
