// libcurl's handle for one transfer at a time, kept with the options of the last one: setting them all
// anew is a good part of what a small request costs.

import CCurl

/// An easy handle with what libcurl has only borrowed. Used by the loop's thread alone.
final class CurlHandle {
  let easy: UnsafeMutableRawPointer
  private let errorBuffer: UnsafeMutablePointer<CChar>
  private var headerList: UnsafeMutablePointer<curl_slist>?
  private var connectTo: UnsafeMutablePointer<curl_slist>?
  /// The last request's target, when it was a plain one and its options still stand.
  private var target: Target?
  private var headers: [(name: String, value: String)] = []

  /// nil when memory is short.
  init?() {
    guard let easy = ccurl_easy_init() else { return nil }
    self.easy = easy
    errorBuffer = .allocate(capacity: Int(CURL_ERROR_SIZE))
    errorBuffer.initialize(repeating: 0, count: Int(CURL_ERROR_SIZE))
  }

  deinit {
    ccurl_easy_cleanup(easy)
    errorBuffer.deallocate()
    freeLists()
  }

  /// What libcurl says about the last failure.
  var errorText: String { String(cString: errorBuffer) }

  /// Sets the options for a transfer, those that stand already left alone.
  func prepare(for transfer: Transfer, _ sockets: SocketTable, _ options: TransportOptions) {
    errorBuffer[0] = 0
    if isPlain(transfer), target == transfer.target {
      CurlOptions.applyContext(transfer, to: easy)
      CurlOptions.applyURL(transfer, to: easy)
      CurlOptions.applyTimes(transfer, to: easy, options)
      if !hasHeaders(of: transfer) { setHeaders(of: transfer) }
    } else {
      ccurl_easy_reset(easy)
      freeLists()
      CurlOptions.apply(transfer, to: easy, sockets, options)
      _ = ccurl_easy_set_pointer(easy, CURLOPT_ERRORBUFFER, errorBuffer)
      if let route = CurlOptions.route(transfer.target) {
        connectTo = ccurl_list_append(nil, route)
        _ = ccurl_easy_set_list(easy, CURLOPT_CONNECT_TO, connectTo)
      }
      setHeaders(of: transfer)
      target = isPlain(transfer) ? transfer.target : nil
    }
  }

  /// Only the most frequent kind of request is worth it.
  private func isPlain(_ transfer: Transfer) -> Bool {
    let request = transfer.request
    return request.method == "GET" && request.body == nil && request.isReplayable
      && !transfer.isStream
  }

  private func hasHeaders(of transfer: Transfer) -> Bool {
    headers.elementsEqual(transfer.request.headers) { $0.name == $1.name && $0.value == $1.value }
  }

  private func setHeaders(of transfer: Transfer) {
    let old = headerList
    headerList = nil
    for header in CurlOptions.headers(transfer) {
      if let list = ccurl_list_append(headerList, header) { headerList = list }
    }
    _ = ccurl_easy_set_list(easy, CURLOPT_HTTPHEADER, headerList)
    if let old { ccurl_list_free(old) }
    headers = transfer.request.headers
  }

  private func freeLists() {
    if let headerList { ccurl_list_free(headerList) }
    if let connectTo { ccurl_list_free(connectTo) }
    headerList = nil
    connectTo = nil
  }
}

/// The handles that no transfer uses, by the lane that used them last.
struct SpareHandles {
  private let limit: Int
  private var count = 0
  private var lanes: [Int: [CurlHandle]] = [:]

  init(limit: Int) { self.limit = limit }

  /// A handle for a target, one that has its options if there is any.
  mutating func take(for target: Target) -> CurlHandle? {
    if let handle = takeLast(of: target.lane) { return handle }
    // Another lane's; new handles are made only up to the limit.
    guard count >= limit, let lane = lanes.keys.first else { return nil }
    return takeLast(of: lane)
  }

  private mutating func takeLast(of lane: Int) -> CurlHandle? {
    guard let handle = lanes[lane]?.popLast() else { return nil }
    if lanes[lane]?.isEmpty == true { lanes[lane] = nil }
    count -= 1
    return handle
  }

  /// Keeps a handle that libcurl's loop has given back.
  mutating func keep(_ handle: CurlHandle, lane: Int) {
    guard count < limit else { return }
    lanes[lane, default: []].append(handle)
    count += 1
  }
}
