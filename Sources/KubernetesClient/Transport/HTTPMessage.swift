// Requests and answers as the transport sees them: bytes and headers, nothing of Kubernetes.

/// Where requests go and how the connection is secured.
struct Target: Sendable, Equatable {
  /// Requests of one lane share a bound on how many are under way; a client has one lane.
  let lane: Int
  let address: ServerAddress
  /// What libcurl counts connections by: the proxy, or the server's host and port.
  var host: String { proxyURL ?? "\(address.host):\(address.port)" }
  /// True when the proxy itself is reached by TLS.
  var isProxySecure: Bool { proxyURL?.lowercased().hasPrefix("https://") ?? false }
  var certificateAuthority: [UInt8]?
  let isInsecure: Bool
  let serverName: String?
  var clientCertificate: [UInt8]?
  var clientKey: [UInt8]?
  /// The proxy, or nil for none at all.
  let proxyURL: String?
  let disablesCompression: Bool
  /// A file and a folder of authorities in place of the system's.
  let authorityFile: String?
  let authorityFolder: String?
  /// Grows when the certificates change; nil when they cannot.
  var certificates: Int?

  init(lane: Int, settings: ConnectionSettings) {
    self.lane = lane
    address = settings.server
    certificateAuthority = settings.certificateAuthority
    isInsecure = settings.isInsecure
    serverName = settings.serverName
    clientCertificate = settings.clientCertificate
    clientKey = settings.clientKey
    proxyURL = settings.proxyURL ?? settings.environment.proxyURL
    disablesCompression = settings.disablesCompression
    authorityFile = settings.environment.authorityFile
    authorityFolder = settings.environment.authorityFolder
  }
}

/// One request.
struct HTTPRequest: Sendable {
  var method: String
  /// Percent-encoded, from its first slash, without the address's prefix.
  var path: String
  /// Percent-encoded, without the question mark.
  var query = ""
  var headers: [(name: String, value: String)] = []
  var body: [UInt8]?
  /// True when sending it twice does no more than sending it once; only then does the transport
  /// send a body again over a new connection.
  var isReplayable = true
  /// True for a stream that loses nothing when it is ended and begins again: a watch.
  var isResumable = false
  /// How long it may take, its wait for a connection included; nil for ever.
  var timeout: Duration?
  /// True when somebody wants to know about the connection.
  var isTraced = false
  /// Takes the body of a successful answer, which is then empty.
  var sink: (any BodySink)?
}

/// A whole answer.
struct HTTPResponse: Sendable {
  let head: HTTPHead
  let body: [UInt8]
  let elapsed: Duration
  var connection: ConnectionTrace?
  /// The request's sink.
  var sink: (any BodySink)?

  var status: Int { head.status }
  /// Bytes of the body.
  var receivedCount: Int { body.count + (sink?.count ?? 0) }
}

/// An answer whose body is still on its way.
struct HTTPStream: Sendable {
  let head: HTTPHead
  let chunks: BodyChunks
  var connection: ConnectionTrace?
}
