// The listening socket of one cluster: TLS, then HTTP/2 or HTTP/1.1 as the client can.

import NIOCore
import NIOHTTP1
import NIOHTTP2
import NIOPosix
import NIOSSL
import Synchronization

final class Listener: Sendable {
  let port: Int
  private let channel: any Channel
  private let connections: Connections

  private init(channel: any Channel, port: Int, connections: Connections) {
    self.channel = channel
    self.port = port
    self.connections = connections
  }

  static func start(
    cluster: SimulatedCluster, identity: CertificateAuthority.Identity, group: any EventLoopGroup,
    port: Int
  ) async throws -> Listener {
    let context = try tlsContext(identity)
    let connections = Connections()
    let channel = try await ServerBootstrap(group: group)
      .serverChannelOption(.backlog, value: 1024)
      .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
      .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
      .childChannelInitializer { channel in
        let number = connections.add(channel)
        return channel.eventLoop.makeCompletedFuture {
          try channel.pipeline.syncOperations.addHandler(NIOSSLServerHandler(context: context))
        }.flatMap {
          configure(channel, cluster, number)
        }
      }
      .bind(host: "127.0.0.1", port: port).get()
    return Listener(
      channel: channel, port: channel.localAddress?.port ?? 0, connections: connections)
  }

  /// Closes the socket and every connection, and returns when they are closed.
  func stop() async {
    // An error means that it is closed already.
    try? await channel.close().get()
    let closing = connections.takeAll().map { $0.close() }
    for close in closing { try? await close.get() }
  }

  private static func tlsContext(_ identity: CertificateAuthority.Identity) throws -> NIOSSLContext
  {
    let certificates = try NIOSSLCertificate.fromPEMBytes(Array(identity.certificatePEM.utf8))
    let key = try NIOSSLPrivateKey(bytes: Array(identity.keyPEM.utf8), format: .pem)
    var configuration = TLSConfiguration.makeServerConfiguration(
      certificateChain: certificates.map { .certificate($0) }, privateKey: .privateKey(key))
    configuration.minimumTLSVersion = .tlsv12
    configuration.applicationProtocols = ["h2", "http/1.1"]
    // An idle client answers a TLS goodbye only when it next looks at its connections; stopping must not
    // wait the usual five seconds for that.
    configuration.shutdownTimeout = .milliseconds(50)
    return try NIOSSLContext(configuration: configuration)
  }

  private static func configure(
    _ channel: any Channel, _ cluster: SimulatedCluster, _ number: Int
  ) -> EventLoopFuture<Void> {
    channel.configureHTTP2SecureUpgrade(
      h2ChannelConfigurator: { channel in
        configureHTTP2(channel, cluster, number)
      },
      http1ChannelConfigurator: { channel in
        channel.pipeline.configureHTTPServerPipeline().flatMap {
          let connection = RequestHandler.Connection(
            channel: channel, number: number, protocolName: "HTTP/1.1")
          return add(RequestHandler(cluster: cluster, connection: connection), to: channel)
        }
      })
  }

  private static func configureHTTP2(
    _ channel: any Channel, _ cluster: SimulatedCluster, _ number: Int
  ) -> EventLoopFuture<Void> {
    var connection = NIOHTTP2Handler.ConnectionConfiguration()
    connection.initialSettings = [
      HTTP2Setting(parameter: .maxConcurrentStreams, value: cluster.options.maximumStreams),
      HTTP2Setting(parameter: .maxHeaderListSize, value: HPACKDecoderLimit.headers),
    ]
    connection.maximumSequentialEmptyDataFrames = 100
    // Clients end watches by resetting their streams, many at once when a script ends.
    var stream = NIOHTTP2Handler.StreamConfiguration()
    stream.streamResetFrameRateLimit.maximumCount = 1_000_000
    stream.targetWindowSize = 1 << 20
    return channel.configureHTTP2Pipeline(
      mode: .server, connectionConfiguration: connection, streamConfiguration: stream
    ) { streamChannel in
      let info = RequestHandler.Connection(
        channel: channel, number: number, protocolName: "HTTP/2")
      return streamChannel.eventLoop.makeCompletedFuture {
        let pipeline = streamChannel.pipeline.syncOperations
        try pipeline.addHandler(HTTP2FramePayloadToHTTP1ServerCodec())
        try pipeline.addHandler(RequestHandler(cluster: cluster, connection: info))
      }
    }.map { _ in }
  }

  private static func add(
    _ handler: @autoclosure @Sendable @escaping () -> RequestHandler, to channel: any Channel
  ) -> EventLoopFuture<Void> {
    channel.eventLoop.makeCompletedFuture {
      try channel.pipeline.syncOperations.addHandler(handler())
    }
  }

  /// Go's limit for request headers, which bearer tokens stay far below.
  private enum HPACKDecoderLimit { static let headers = 1 << 20 }
}

/// The open connections of a listener.
private final class Connections: Sendable {
  private struct State {
    var count = 0
    var open: [Int: any Channel] = [:]
  }

  private let state = Mutex(State())

  /// Keeps a connection until it closes; returns its number.
  func add(_ channel: any Channel) -> Int {
    let number = state.withLock { state in
      state.count += 1
      state.open[state.count] = channel
      return state.count
    }
    channel.closeFuture.whenComplete { _ in
      self.state.withLock { _ = $0.open.removeValue(forKey: number) }
    }
    return number
  }

  func takeAll() -> [any Channel] {
    state.withLock { state in
      defer { state.open.removeAll() }
      return Array(state.open.values)
    }
  }
}
