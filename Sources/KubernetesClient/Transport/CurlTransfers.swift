// Requests over HTTP/1.1, which libcurl carries out as a whole: to servers and proxies that know nothing
// newer, and without TLS.

import CCurl

/// The requests that libcurl has. The loop's thread alone uses it.
struct CurlTransfers {
  private static let connectionsKept = 256

  private let multi: UnsafeMutableRawPointer
  private let options: TransportOptions
  private var transfers: [UnsafeMutableRawPointer: Transfer] = [:]

  init(multi: UnsafeMutableRawPointer, options: TransportOptions) {
    self.multi = multi
    self.options = options
    _ = ccurl_multi_set_long(multi, CURLMOPT_MAX_HOST_CONNECTIONS, options.connectionsPerHost)
    _ = ccurl_multi_set_long(multi, CURLMOPT_MAXCONNECTS, Self.connectionsKept)
  }

  /// Hands a request to libcurl; an error when it cannot take it.
  mutating func start(_ transfer: Transfer) -> TransportError? {
    guard let handle = CurlHandle() else {
      return TransportError(kind: .unavailable, message: "libcurl gives no handle")
    }
    transfer.handle = handle
    handle.prepare(for: transfer, options)
    let code = ccurl_multi_add(multi, handle.easy)
    guard code == CURLM_OK else {
      transfer.handle = nil
      return TransportError(kind: .unavailable, message: "libcurl refuses it (\(code.rawValue))")
    }
    transfers[handle.easy] = transfer
    return nil
  }

  /// Takes it back; its connection is closed unless the request was over.
  mutating func withdraw(_ transfer: Transfer) {
    guard let handle = transfer.handle else { return }
    _ = ccurl_multi_remove(multi, handle.easy)
    transfers[handle.easy] = nil
    transfer.handle = nil
  }

  /// Lets libcurl do what it can; returns what is over, still with its handle.
  func perform() -> [(transfer: Transfer, error: TransportError?)] {
    guard !transfers.isEmpty else { return [] }
    _ = ccurl_multi_perform(multi)
    var ended: [(Transfer, TransportError?)] = []
    var easy: UnsafeMutableRawPointer?
    var code = CURLE_OK
    while ccurl_multi_next_done(multi, &easy, &code) {
      guard let easy, let transfer = transfers[easy] else { continue }
      ended.append((transfer, Self.error(code, transfer)))
    }
    return ended
  }

  private static func error(_ code: CURLcode, _ transfer: Transfer) -> TransportError? {
    if code == CURLE_OK { return nil }
    if transfer.hasOverflowed { return Transfer.overflow }
    return TransportError(
      code: code, detail: transfer.handle?.errorText ?? "",
      mayHaveBeenSeen: transfer.connection != nil)
  }

  /// Closes the connections. Every request must have been taken back.
  func close() { _ = ccurl_multi_cleanup(multi) }
}
