// Which connection is which.

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// A connection, known by its two ends: those libcurl tells when it is about to send a request, the
/// socket only after a success.
struct Connection: Hashable, Sendable {
  let localPort: Int
  let remotePort: Int
  /// Stands for the peer's address: that of a proxy when there is one.
  private let peer: UInt64

  /// `address` is the peer's, as `inet_ntop` writes it.
  init(localPort: Int, remotePort: Int, address: UnsafePointer<CChar>) {
    self.localPort = localPort
    self.remotePort = remotePort
    // FNV-1a: a text of at most 45 bytes, needed for each request.
    var hash: UInt64 = 0xCBF2_9CE4_8422_2325
    var next = address
    while next.pointee != 0 {
      hash = (hash ^ UInt64(UInt8(bitPattern: next.pointee))) &* 0x100_0000_01B3
      next += 1
    }
    peer = hash
  }

  /// The connection of a socket; nil when it is not connected or no internet socket.
  init?(socket: Int32) {
    guard let local = Self.end(of: socket, getsockname, { _, port in port }) else { return nil }
    let remote = Self.end(of: socket, getpeername) { address, port in
      Connection(localPort: local, remotePort: port, address: address)
    }
    guard let remote else { return nil }
    self = remote
  }

  private typealias Namer = (
    Int32, UnsafeMutablePointer<sockaddr>, UnsafeMutablePointer<socklen_t>
  ) -> Int32

  private static func end<Result>(
    of socket: Int32, _ name: Namer, _ body: (UnsafePointer<CChar>, Int) -> Result
  ) -> Result? {
    var storage = sockaddr_storage()
    var size = socklen_t(MemoryLayout<sockaddr_storage>.size)
    let code = withUnsafeMutablePointer(to: &storage) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { name(socket, $0, &size) }
    }
    guard code == 0 else { return nil }
    let family = Int32(storage.ss_family)
    guard family == AF_INET || family == AF_INET6 else { return nil }
    return withUnsafeBytes(of: &storage) { bytes in
      guard let start = bytes.baseAddress else { return nil }
      var port = 0
      var address: UnsafeRawPointer
      if family == AF_INET {
        port = Int(UInt16(bigEndian: start.load(as: sockaddr_in.self).sin_port))
        address = start + (MemoryLayout<sockaddr_in>.offset(of: \.sin_addr) ?? 0)
      } else {
        port = Int(UInt16(bigEndian: start.load(as: sockaddr_in6.self).sin6_port))
        address = start + (MemoryLayout<sockaddr_in6>.offset(of: \.sin6_addr) ?? 0)
      }
      var text = [CChar](repeating: 0, count: 46)
      guard inet_ntop(family, address, &text, socklen_t(text.count)) != nil else { return nil }
      return text.withUnsafeBufferPointer { buffer in
        buffer.baseAddress.map { body($0, port) }
      }
    }
  }
}
