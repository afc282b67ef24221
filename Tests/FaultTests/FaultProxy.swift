// A TLS proxy in front of an API server that hurts requests as a test says, and counts them.

import NIOCore
import NIOHTTP1
import NIOHTTP2
import NIOPosix
import NIOSSL
import Synchronization

@testable import KubernetesClient
@testable import SimulatedCluster

/// Listens on loopback with a certificate of its own authority; speaks HTTP/2 and HTTP/1.1.
final class FaultProxy: Sendable {
  struct Options: Sendable {
    var protocols = ["h2", "http/1.1"]
    var maximumStreams = 100
    /// Closes a connection that has carried nothing for so long.
    var idleLimit: TimeAmount?
    /// Takes connections and says nothing on them, not even of TLS.
    var isDeaf = false
  }

  typealias Script = @Sendable (Asked) -> Fault

  private struct State {
    var script: Script = { _ in .none }
    var identity: CertificateAuthority.Identity
    var isDeaf: Bool
    /// 0 before it listened for the first time.
    var port = 0
    var listener: (any Channel)?
    var connections: [Int: NIOLoopBound<ClientConnection>] = [:]
    var connectionCount = 0
    var arrived: [Asked] = []
    var reached: [Asked] = []
    var openExchanges = 0
    var underWay = 0
    var pings = 0
  }

  let options: Options
  let upstream: Upstream
  private let authority: CertificateAuthority
  private let state: Mutex<State>

  static let group = MultiThreadedEventLoopGroup(numberOfThreads: 2)

  private init(
    _ upstream: Upstream, _ options: Options, authority: CertificateAuthority
  ) throws {
    self.upstream = upstream
    self.options = options
    self.authority = authority
    state = Mutex(
      State(identity: try authority.serverIdentity(), isDeaf: options.isDeaf))
  }

  static func start(
    _ upstream: Upstream, _ options: Options = Options()
  ) async throws -> FaultProxy {
    let proxy = try FaultProxy(
      upstream, options, authority: try CertificateAuthority(cluster: "proxy"))
    try await proxy.listen()
    return proxy
  }

  /// Settings that lead here instead of to the server.
  func settings(_ original: ConnectionSettings) throws -> ConnectionSettings {
    var settings = original
    settings.server = try required(ServerAddress("https://127.0.0.1:\(port)"))
    settings.certificateAuthority = Array(authority.certificatePEM.utf8)
    // The client's certificate ends here; the proxy shows it to the server.
    settings.clientCertificate = nil
    settings.clientKey = nil
    return settings
  }

  // MARK: What a test does and sees

  /// Stays the same when it stops and listens again.
  var port: Int { state.withLock { $0.port } }

  func play(_ script: @escaping Script) { state.withLock { $0.script = script } }

  /// Requests that came here.
  var arrived: [Asked] { state.withLock { $0.arrived } }
  /// Requests that were handed to the server whole.
  var reached: [Asked] { state.withLock { $0.reached } }
  /// Connections so far.
  var connectionCount: Int { state.withLock { $0.connectionCount } }
  var openConnections: Int { state.withLock { $0.connections.count } }
  /// Requests that have neither been answered nor given up.
  var openExchanges: Int { state.withLock { $0.openExchanges } }

  /// Requests that the server is still at.
  var underWay: Int { state.withLock { $0.underWay } }

  /// Pings that came over all connections.
  var pings: Int { state.withLock { $0.pings } }

  func setDeaf(_ isDeaf: Bool) { state.withLock { $0.isDeaf = isDeaf } }

  /// Silences connections that are open now, all or one; later ones live.
  func silence(_ number: Int? = nil) async throws {
    let open = state.withLock { state in
      state.connections.filter { number == nil || $0.key == number }.map(\.value)
    }
    for connection in open {
      try await connection.eventLoop.submit { connection.value.wire.isSilent = true }.get()
    }
  }

  /// Ends everything; nothing listens until `listen`.
  func stop() async {
    let (listener, open) = state.withLock { state in
      defer { state.listener = nil }
      return (state.listener, Array(state.connections.values))
    }
    // An error means that it is closed already.
    try? await listener?.close().get()
    for connection in open {
      try? await connection.eventLoop.submit { connection.value.wire.end(.reset) }.get()
    }
  }

  /// A new certificate for the next connections: of the same authority, or of a stranger.
  func changeCertificate(ofStranger: Bool) throws {
    let issuer = ofStranger ? try CertificateAuthority(cluster: "stranger") : authority
    let identity = try issuer.serverIdentity()
    state.withLock { $0.identity = identity }
  }

  // MARK: Listening

  /// Listens where it did before, or else on a port that the system gives to no outgoing connection:
  /// those could take it while nothing listens.
  func listen() async throws {
    var tries = 0
    while true {
      let port = port == 0 ? Int.random(in: 10_000..<30_000) : port
      do {
        let listener = try await listen(on: port)
        state.withLock { ($0.listener, $0.port) = (listener, port) }
        return
      } catch {
        guard self.port == 0, tries < 100 else { throw error }
        tries += 1
      }
    }
  }

  private func listen(on port: Int) async throws -> any Channel {
    try await ServerBootstrap(group: Self.group)
      .serverChannelOption(.backlog, value: 1024)
      .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
      .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
      .childChannelInitializer { channel in
        channel.eventLoop.makeCompletedFuture { try self.prepare(channel) }
          .flatMap { self.configure(channel, $0) }
      }
      .bind(host: "127.0.0.1", port: port).get()
  }

  private func prepare(_ channel: any Channel) throws -> NIOLoopBound<ClientConnection> {
    let (number, identity, isDeaf) = state.withLock { state in
      state.connectionCount += 1
      return (state.connectionCount, state.identity, state.isDeaf)
    }
    let wire = Wire(isSilent: isDeaf)
    let connection = NIOLoopBound(
      ClientConnection(number: number, channel: channel, wire: wire, idleLimit: options.idleLimit),
      eventLoop: channel.eventLoop)
    state.withLock { $0.connections[number] = connection }
    channel.closeFuture.whenComplete { _ in
      self.state.withLock { _ = $0.connections.removeValue(forKey: number) }
    }
    try channel.pipeline.syncOperations.addHandler(wire)
    try channel.pipeline.syncOperations.addHandler(
      NIOSSLServerHandler(context: try tlsContext(identity)))
    return connection
  }

  private func tlsContext(_ identity: CertificateAuthority.Identity) throws -> NIOSSLContext {
    let certificates = try NIOSSLCertificate.fromPEMBytes(Array(identity.certificatePEM.utf8))
    let key = try NIOSSLPrivateKey(bytes: Array(identity.keyPEM.utf8), format: .pem)
    var configuration = TLSConfiguration.makeServerConfiguration(
      certificateChain: certificates.map { .certificate($0) }, privateKey: .privateKey(key))
    configuration.minimumTLSVersion = .tlsv12
    configuration.applicationProtocols = options.protocols
    configuration.shutdownTimeout = .milliseconds(50)
    return try NIOSSLContext(configuration: configuration)
  }

  private func configure(
    _ channel: any Channel, _ connection: NIOLoopBound<ClientConnection>
  ) -> EventLoopFuture<Void> {
    channel.configureHTTP2SecureUpgrade(
      h2ChannelConfigurator: { channel in
        var settings = NIOHTTP2Handler.ConnectionConfiguration()
        settings.initialSettings = [
          HTTP2Setting(parameter: .maxConcurrentStreams, value: self.options.maximumStreams),
          HTTP2Setting(parameter: .maxHeaderListSize, value: 1 << 20),
        ]
        var stream = NIOHTTP2Handler.StreamConfiguration()
        stream.streamResetFrameRateLimit.maximumCount = 1_000_000
        stream.targetWindowSize = 1 << 20
        return channel.configureHTTP2Pipeline(
          mode: .server, connectionConfiguration: settings, streamConfiguration: stream
        ) { channel in
          channel.eventLoop.makeCompletedFuture {
            let pipeline = channel.pipeline.syncOperations
            try pipeline.addHandler(HTTP2FramePayloadToHTTP1ServerCodec())
            try pipeline.addHandler(
              Exchange(proxy: self, connection: connection.value, protocolName: "HTTP/2"))
          }
        }.flatMapThrowing { _ in
          try channel.pipeline.syncOperations.addHandler(PingCounter(proxy: self))
        }
      },
      http1ChannelConfigurator: { channel in
        channel.pipeline.configureHTTPServerPipeline().flatMap {
          channel.eventLoop.makeCompletedFuture {
            try channel.pipeline.syncOperations.addHandler(
              Exchange(proxy: self, connection: connection.value, protocolName: "HTTP/1.1"))
          }
        }
      })
  }

  // MARK: What exchanges tell

  /// Remembers a request; returns what shall happen to it.
  func decide(_ make: (_ number: Int) -> Asked) -> (Asked, Fault) {
    let (asked, script) = state.withLock { state in
      let asked = make(state.arrived.count + 1)
      state.arrived.append(asked)
      state.openExchanges += 1
      return (asked, state.script)
    }
    return (asked, script(asked))
  }

  fileprivate func notePing() { state.withLock { $0.pings += 1 } }
  func noteReached(_ asked: Asked) { state.withLock { $0.reached.append(asked) } }
  func noteServer(isAtIt: Bool) { state.withLock { $0.underWay += isAtIt ? 1 : -1 } }
  func noteEnd() { state.withLock { $0.openExchanges -= 1 } }
}
/// What a test cannot do without.
struct Missing: Error {}

func required<Value>(_ value: Value?) throws -> Value {
  guard let value else { throw Missing() }
  return value
}

/// Counts the questions for a sign of life, which are answered before they come here.
private final class PingCounter: ChannelInboundHandler {
  typealias InboundIn = HTTP2Frame
  private let proxy: FaultProxy

  init(proxy: FaultProxy) { self.proxy = proxy }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    if case .ping(_, ack: false) = unwrapInboundIn(data).payload { proxy.notePing() }
    context.fireChannelRead(data)
  }
}
