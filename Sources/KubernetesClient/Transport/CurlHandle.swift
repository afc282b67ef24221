// libcurl's handle with what libcurl has only borrowed.

import CCurl

/// An easy handle. Used by one thread at a time.
final class CurlHandle {
  let easy: UnsafeMutableRawPointer
  private let errorBuffer: UnsafeMutablePointer<CChar>
  private var headerList: UnsafeMutablePointer<curl_slist>?
  private var connectTo: UnsafeMutablePointer<curl_slist>?

  /// nil when memory is short.
  init?() {
    guard let easy = ccurl_easy_init() else { return nil }
    self.easy = easy
    errorBuffer = .allocate(capacity: Int(CURL_ERROR_SIZE))
    errorBuffer.initialize(repeating: 0, count: Int(CURL_ERROR_SIZE))
    _ = ccurl_easy_set_pointer(easy, CURLOPT_ERRORBUFFER, errorBuffer)
  }

  deinit {
    ccurl_easy_cleanup(easy)
    errorBuffer.deallocate()
    if let headerList { ccurl_list_free(headerList) }
    if let connectTo { ccurl_list_free(connectTo) }
  }

  /// What libcurl says about the last failure.
  var errorText: String { String(cString: errorBuffer) }

  /// Sets the options for a connection that others than libcurl use.
  func prepareToConnect(to target: Target, timeout: Duration) {
    CurlOptions.applyConnection(target, to: easy, timeout: timeout)
    CurlOptions.applyConnectOnly(target, to: easy)
    setRoute(target)
  }

  /// Sets the options for a request over HTTP/1.1.
  func prepare(for transfer: Transfer, _ options: TransportOptions) {
    CurlOptions.applyConnection(transfer.target, to: easy, timeout: transfer.connectTimeout)
    CurlOptions.applyRequest(transfer, to: easy, options)
    setRoute(transfer.target)
    for header in CurlOptions.headers(transfer) {
      if let list = ccurl_list_append(headerList, header) { headerList = list }
    }
    _ = ccurl_easy_set_list(easy, CURLOPT_HTTPHEADER, headerList)
  }

  private func setRoute(_ target: Target) {
    guard let route = CurlOptions.route(target) else { return }
    connectTo = ccurl_list_append(nil, route)
    _ = ccurl_easy_set_list(easy, CURLOPT_CONNECT_TO, connectTo)
  }
}
