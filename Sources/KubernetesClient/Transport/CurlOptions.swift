// Sets the options of a connection or a request on a libcurl handle. Each option that is not obvious says why it is
// there; the figures were measured with libcurl 7.88.1.

import CCurl

enum CurlOptions {
  static let userAgent: String = {
    #if arch(arm64)
      "msh/0.1 (linux/arm64)"
    #else
      "msh/0.1 (linux/amd64)"
    #endif
  }()

  /// What every connection needs; lists are `CurlHandle`'s.
  static func applyConnection(
    _ target: Target, to easy: UnsafeMutableRawPointer, timeout: Duration
  ) {
    set(easy, CURLOPT_NOSIGNAL, 1)
    set(easy, CURLOPT_PROTOCOLS_STR, "http,https")
    set(easy, CURLOPT_BUFFERSIZE, 128 * 1024)
    set(easy, CURLOPT_CONNECTTIMEOUT_MS, max(1, milliseconds(timeout)))
    _ = ccurl_easy_set_sockets(easy)
    applySecurity(target, to: easy)
    applyProxy(target, to: easy)
  }

  /// A connection for others to use, over HTTP/2 when the server can.
  static func applyConnectOnly(_ target: Target, to easy: UnsafeMutableRawPointer) {
    set(easy, CURLOPT_CONNECT_ONLY, 1)
    set(easy, CURLOPT_HTTP_VERSION, Int(CURL_HTTP_VERSION_1_1))
    ccurl_easy_offer_http2(easy, target.isProxySecure ? 1 : 0)
    set(easy, CURLOPT_URL, origin(target))
  }

  /// A request over HTTP/1.1.
  static func applyRequest(
    _ transfer: Transfer, to easy: UnsafeMutableRawPointer, _ options: TransportOptions
  ) {
    set(easy, CURLOPT_HTTP_VERSION, Int(CURL_HTTP_VERSION_1_1))
    set(easy, CURLOPT_FOLLOWLOCATION, 0)
    set(easy, CURLOPT_PATH_AS_IS, 1)
    if transfer.compresses { set(easy, CURLOPT_ACCEPT_ENCODING, "gzip") }
    applyTimes(transfer, to: easy, options)
    applyURL(transfer, to: easy)
    applyMethod(transfer.request, to: easy)
    applyCallbacks(transfer, to: easy)
  }

  /// Time-outs stand in the layer that they are about: connecting has its own, a call has what its
  /// caller still gives it, and a stream has one only when its request has. Nothing ends a stream
  /// for being quiet: a watch without news and a command that thinks are right to be.
  private static func applyTimes(
    _ transfer: Transfer, to easy: UnsafeMutableRawPointer, _ options: TransportOptions
  ) {
    // API servers close idle connections after 90 s.
    set(easy, CURLOPT_MAXAGE_CONN, options.connectionAge)
    let left = transfer.deadline.map { max(1, milliseconds($0 - transfer.begun)) }
    set(easy, CURLOPT_TIMEOUT_MS, left ?? 0)
  }

  private static func applySecurity(_ target: Target, to easy: UnsafeMutableRawPointer) {
    set(easy, CURLOPT_SSLVERSION, Int(CURL_SSLVERSION_TLSv1_2))
    set(easy, CURLOPT_SSL_VERIFYPEER, target.isInsecure ? 0 : 1)
    set(easy, CURLOPT_SSL_VERIFYHOST, target.isInsecure ? 0 : 2)
    if let file = target.authorityFile { set(easy, CURLOPT_CAINFO, file) }
    if let folder = target.authorityFolder { set(easy, CURLOPT_CAPATH, folder) }
    if let authority = target.certificateAuthority {
      set(easy, CURLOPT_CAINFO_BLOB, authority)
      // Otherwise the system's folder of authorities would be trusted beside the cluster's own.
      _ = ccurl_easy_set_string(easy, CURLOPT_CAPATH, nil)
    }
    if let certificate = target.clientCertificate, let key = target.clientKey {
      set(easy, CURLOPT_SSLCERTTYPE, "PEM")
      set(easy, CURLOPT_SSLCERT_BLOB, certificate)
      set(easy, CURLOPT_SSLKEYTYPE, "PEM")
      set(easy, CURLOPT_SSLKEY_BLOB, key)
    }
  }

  private static func applyProxy(_ target: Target, to easy: UnsafeMutableRawPointer) {
    // libcurl's own reading of the environment has other rules, so it always gets an answer.
    guard let proxy = target.proxyURL else {
      set(easy, CURLOPT_PROXY, "")
      return
    }
    set(easy, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1)
    set(easy, CURLOPT_PROXY, resolvingAtProxy(proxy))
    set(easy, CURLOPT_NOPROXY, "")
    set(easy, CURLOPT_HTTPPROXYTUNNEL, target.address.isSecure ? 1 : 0)
    // The proxy's certificate is checked by the system's authorities: the cluster's own vouches for
    // the API server only, and "insecure" is said of that only.
    set(easy, CURLOPT_PROXY_SSLVERSION, Int(CURL_SSLVERSION_TLSv1_2))
    if let file = target.authorityFile { set(easy, CURLOPT_PROXY_CAINFO, file) }
    if let folder = target.authorityFolder { set(easy, CURLOPT_PROXY_CAPATH, folder) }
  }

  /// Names are resolved at a SOCKS proxy, as Go has it; libcurl does so only when told.
  static func resolvingAtProxy(_ proxy: String) -> String {
    let scheme = "socks5://"
    guard proxy.lowercased().hasPrefix(scheme) else { return proxy }
    return "socks5h://" + proxy.dropFirst(scheme.count)
  }

  private static func applyURL(_ transfer: Transfer, to easy: UnsafeMutableRawPointer) {
    let request = transfer.request
    var url = origin(transfer.target) + transfer.target.address.pathPrefix + request.path
    if !request.query.isEmpty { url += "?" + request.query }
    set(easy, CURLOPT_URL, url)
  }

  private static func origin(_ target: Target) -> String {
    "\(target.address.isSecure ? "https" : "http")://\(host(target)):\(target.address.port)"
  }

  /// libcurl asks for and checks the name in the URL, so the URL has the certificate's name and is
  /// connected to the real address.
  private static func host(_ target: Target) -> String {
    guard let name = target.serverName, target.address.isSecure else {
      return target.address.bracketedHost
    }
    return name.contains(":") ? "[\(name)]" : name
  }

  /// Where to connect when the URL has another name; nil when it has the address itself.
  static func route(_ target: Target) -> String? {
    guard target.serverName != nil, target.address.isSecure else { return nil }
    let address = target.address
    return "\(host(target)):\(address.port):\(address.bracketedHost):\(address.port)"
  }

  /// The header lines of a request.
  static func headers(_ transfer: Transfer) -> [String] {
    var headers = transfer.request.headers.map { "\($0.name): \($0.value)" }
    // libcurl writes its own headers twice, byte by byte, and these once.
    headers.append("User-Agent: \(userAgent)")
    if transfer.compresses { headers.append("Accept-Encoding: gzip") }
    if route(transfer.target) != nil {
      headers.append("Host: \(transfer.target.address.authority)")
    }
    // libcurl would wait a second for "100 Continue" before a large body.
    if transfer.request.body != nil { headers.append("Expect:") }
    return headers
  }

  private static func applyMethod(_ request: HTTPRequest, to easy: UnsafeMutableRawPointer) {
    if let body = request.body {
      set(easy, CURLOPT_UPLOAD, 1)
      _ = ccurl_easy_set_large(easy, CURLOPT_INFILESIZE_LARGE, curl_off_t(body.count))
    } else if !request.isReplayable {
      // Without a body there is no rewind to refuse; a new connection is never tried twice.
      set(easy, CURLOPT_FRESH_CONNECT, 1)
    }
    if request.body != nil || request.method != "GET" {
      set(easy, CURLOPT_CUSTOMREQUEST, request.method)
    } else {
      set(easy, CURLOPT_HTTPGET, 1)
    }
  }

  private static func applyCallbacks(_ transfer: Transfer, to easy: UnsafeMutableRawPointer) {
    // The loop keeps the transfer alive for as long as its handle is in use.
    let context = Unmanaged.passUnretained(transfer).toOpaque()
    _ = ccurl_easy_set_pointer(easy, CURLOPT_WRITEDATA, context)
    _ = ccurl_easy_set_pointer(easy, CURLOPT_HEADERDATA, context)
    _ = ccurl_easy_set_pointer(easy, CURLOPT_PREREQDATA, context)
    _ = ccurl_easy_set_data_callback(easy, CURLOPT_WRITEFUNCTION) { bytes, size, count, context in
      guard let bytes, let transfer = CurlOptions.transfer(context) else { return 0 }
      let buffer = CurlOptions.buffer(bytes, size * count)
      return transfer.receive(buffer) ? size * count : 0
    }
    _ = ccurl_easy_set_data_callback(easy, CURLOPT_HEADERFUNCTION) { bytes, size, count, context in
      guard let bytes, let transfer = CurlOptions.transfer(context) else { return 0 }
      transfer.receive(headerLine: CurlOptions.buffer(bytes, size * count))
      return size * count
    }
    _ = ccurl_easy_set_request_callback(easy) { context, peer, _, remotePort, localPort in
      guard let peer, let transfer = CurlOptions.transfer(context) else { return 0 }
      transfer.isSent(
        over: Connection(
          localPort: Int(localPort), remotePort: Int(remotePort), address: UnsafePointer(peer)))
      return 0
    }
    guard transfer.request.body != nil else { return }
    _ = ccurl_easy_set_pointer(easy, CURLOPT_READDATA, context)
    _ = ccurl_easy_set_data_callback(easy, CURLOPT_READFUNCTION) { bytes, size, count, context in
      guard let bytes, let transfer = CurlOptions.transfer(context) else { return 0 }
      return transfer.send(into: UnsafeMutableRawBufferPointer(start: bytes, count: size * count))
    }
    _ = ccurl_easy_set_pointer(easy, CURLOPT_SEEKDATA, context)
    _ = ccurl_easy_set_seek_callback(easy) { context, offset, origin in
      guard let transfer = CurlOptions.transfer(context), origin == 0 else { return 1 }
      return transfer.rewind(to: Int(offset)) ? 0 : 1
    }
  }

  private static func transfer(_ context: UnsafeMutableRawPointer?) -> Transfer? {
    context.map { Unmanaged<Transfer>.fromOpaque($0).takeUnretainedValue() }
  }

  private static func buffer(
    _ bytes: UnsafeMutablePointer<CChar>, _ count: Int
  ) -> UnsafeBufferPointer<UInt8> {
    let raw = UnsafeRawBufferPointer(start: bytes, count: count)
    return raw.bindMemory(to: UInt8.self)
  }

  static func milliseconds(_ duration: Duration) -> Int {
    let (seconds, attoseconds) = duration.components
    return Int(clamping: seconds) * 1000 + Int(attoseconds / 1_000_000_000_000_000)
  }

  private static func set(_ easy: UnsafeMutableRawPointer, _ option: CURLoption, _ value: Int) {
    _ = ccurl_easy_set_long(easy, option, value)
  }

  private static func set(_ easy: UnsafeMutableRawPointer, _ option: CURLoption, _ value: String) {
    _ = ccurl_easy_set_string(easy, option, value)
  }

  private static func set(_ easy: UnsafeMutableRawPointer, _ option: CURLoption, _ value: [UInt8]) {
    _ = value.withUnsafeBytes { ccurl_easy_set_blob(easy, option, $0.baseAddress, $0.count) }
  }
}
