// A connection that libcurl has made: through proxies, encrypted, its server checked. What goes over it
// is not libcurl's matter.

import CCurl

/// An open connection. Used by one thread at a time.
///
/// libcurl looks after idle connections of a multi handle when others connect, and would close this one
/// for having something to read. So each has a multi handle of its own.
final class Link {
  let multi: UnsafeMutableRawPointer
  let handle: CurlHandle
  let socket: Int32
  let connection: Connection
  /// True when both sides agreed on HTTP/2.
  let speaksHTTP2: Bool
  /// What libcurl tells about its making.
  let trace: ConnectionTrace

  /// Bytes that came while it was made.
  private var first: [UInt8]

  private let isNested: Bool

  /// Takes over both handles, the one added to the other; nil when there is no connection. `isNested`:
  /// through a proxy that is itself reached by TLS.
  init?(multi: UnsafeMutableRawPointer, handle: CurlHandle, isNested: Bool) {
    self.isNested = isNested
    let socket = ccurl_easy_socket(handle.easy)
    guard socket >= 0, let connection = Connection(socket: socket) else { return nil }
    // libcurl tells of the TLS session only after a first read.
    first = [UInt8](unsafeUninitializedCapacity: 16 << 10) { buffer, count in
      _ = ccurl_easy_receive(handle.easy, buffer.baseAddress, buffer.count, &count)
    }
    self.multi = multi
    self.handle = handle
    self.socket = socket
    self.connection = connection
    speaksHTTP2 = ccurl_easy_speaks_http2(handle.easy)
    trace = ConnectionTrace(made: handle.easy, connection)
    ccurl_easy_read_ahead(handle.easy)
  }

  deinit {
    // Closes the connection, as nobody else could.
    _ = ccurl_multi_remove(multi, handle.easy)
    _ = ccurl_multi_cleanup(multi)
  }

  /// False when the next bytes will make the socket readable; what TLS has taken from it already would
  /// not.
  var mayHaveMore: Bool { isNested || ccurl_easy_has_pending(handle.easy) }

  /// What came of a read or a write.
  enum Transfer {
    case moved(Int)
    /// Nothing now.
    case again
    case failed(TransportError)
  }

  /// Sends a part of the bytes. After `again` the same bytes have to be given again, at the same place.
  func send(_ bytes: UnsafeRawBufferPointer) -> Transfer {
    var count = 0
    return result(ccurl_easy_send(handle.easy, bytes.baseAddress, bytes.count, &count), count)
  }

  /// Fills the buffer with what has come; 0 bytes when the server has ended the connection.
  func receive(into buffer: UnsafeMutableRawBufferPointer) -> Transfer {
    var count = 0
    if !first.isEmpty, buffer.count >= first.count {
      defer { first = [] }
      buffer.copyBytes(from: first)
      return .moved(first.count)
    }
    return result(
      ccurl_easy_receive(handle.easy, buffer.baseAddress, buffer.count, &count), count)
  }

  private func result(_ code: CURLcode, _ count: Int) -> Transfer {
    switch code {
    case CURLE_OK: .moved(count)
    case CURLE_AGAIN: .again
    default: .failed(TransportError(code: code, detail: handle.errorText, mayHaveBeenSeen: false))
    }
  }
}
