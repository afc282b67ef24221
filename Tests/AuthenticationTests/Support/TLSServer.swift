// An HTTPS server on loopback whose certificate and answers a test chooses; it keeps what it was asked,
// by whom and over which connection.

import Foundation
import NIOCore
import NIOHTTP1
import NIOHTTP2
import NIOPosix
import NIOSSL
import NIOTLS
import Synchronization

/// Serves HTTP/2 and HTTP/1.1 over TLS until `stop`.
final class TLSServer: Sendable {
  struct Request: Sendable {
    let method: String
    let target: String
    let headers: HTTPHeaders
    /// Counts the connections from 1.
    let connection: Int
    /// The serial number of the client's certificate.
    let clientSerial: [UInt8]?
    /// The name that the client asked for in its hello; nil when it named none.
    let serverName: String?

    var token: String? { headers.first(name: "Authorization") }
  }

  struct Reply: Sendable {
    var status = 200
    var headers: [(String, String)] = [("Content-Type", "application/json")]
    var body = #"{"major":"1","minor":"32","gitVersion":"v1.32.0"}"#

    static let version = Reply()
    static let unauthorized = Reply(
      status: 401,
      body: #"{"kind":"Status","code":401,"reason":"Unauthorized","message":"Unauthorized"}"#)
  }

  private struct State {
    var identity: TestAuthority.Identity
    var requests: [Request] = []
    var channels: [Int: any Channel] = [:]
    var serverNames: [Int: String] = [:]
    var count = 0
  }

  private static let group = MultiThreadedEventLoopGroup(numberOfThreads: 2)

  let port: Int
  private let channel: any Channel
  private let state: Mutex<State>
  private let reply: @Sendable (Request, Int) -> Reply

  /// - Parameters:
  ///   - identity: what the server shows.
  ///   - clientAuthority: who must have signed the client's certificate; nil wants none.
  ///   - newest: the newest version of TLS that it speaks.
  ///   - reply: gets each request and how many came before it.
  static func start(
    _ identity: TestAuthority.Identity, clientAuthority: String? = nil,
    newest: TLSVersion? = nil,
    reply: @escaping @Sendable (Request, Int) -> Reply = { _, _ in .version }
  ) async throws -> TLSServer {
    let holder = Holder()
    let channel = try await ServerBootstrap(group: group)
      .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
      .childChannelInitializer { channel in
        guard let server = holder.server.withLock({ $0 }) else { return channel.close() }
        return server.add(channel, clientAuthority, newest)
      }
      .bind(host: "127.0.0.1", port: 0).get()
    let server = TLSServer(channel: channel, identity: identity, reply: reply)
    holder.server.withLock { $0 = server }
    return server
  }

  private final class Holder: Sendable {
    let server = Mutex<TLSServer?>(nil)
  }

  private init(
    channel: any Channel, identity: TestAuthority.Identity,
    reply: @escaping @Sendable (Request, Int) -> Reply
  ) {
    self.channel = channel
    self.reply = reply
    port = channel.localAddress?.port ?? 0
    state = Mutex(State(identity: identity))
  }

  var requests: [Request] { state.withLock { $0.requests } }
  var connections: Int { state.withLock { $0.count } }

  /// Shows another certificate on connections from now on.
  func use(_ identity: TestAuthority.Identity) { state.withLock { $0.identity = identity } }

  /// Returns when the connection is closed.
  func closed(_ connection: Int) async throws {
    let channel = state.withLock { $0.channels[connection] }
    // Unlike a wait for the future, this ends with the test's time.
    while channel?.isActive == true { try await Task.sleep(for: .milliseconds(2)) }
  }

  /// Closes the connections that are open.
  func closeConnections() async {
    for channel in state.withLock({ Array($0.channels.values) }) { try? await channel.close() }
  }

  func stop() async {
    try? await channel.close()
    await closeConnections()
  }

  private func add(
    _ channel: any Channel, _ clientAuthority: String?, _ newest: TLSVersion?
  ) -> EventLoopFuture<Void> {
    let number = state.withLock { state in
      state.count += 1
      state.channels[state.count] = channel
      return state.count
    }
    return channel.eventLoop.makeCompletedFuture {
      // Looks at the hello, then leaves.
      let sni = ByteToMessageHandler(
        SNIHandler { result in
          if case .hostname(let name) = result {
            self.state.withLock { $0.serverNames[number] = name }
          }
          return channel.eventLoop.makeCompletedFuture {
            let context = try self.context(clientAuthority, newest)
            let pipeline = channel.pipeline.syncOperations
            try pipeline.addHandler(NIOSSLServerHandler(context: context))
            let configured = channel.configureHTTP2SecureUpgrade(
              h2ChannelConfigurator: { channel in
                channel.configureHTTP2Pipeline(mode: .server) { stream in
                  stream.eventLoop.makeCompletedFuture {
                    let pipeline = stream.pipeline.syncOperations
                    try pipeline.addHandler(HTTP2FramePayloadToHTTP1ServerCodec())
                    try pipeline.addHandler(Handler(server: self, connection: number))
                  }
                }.map { _ in }
              },
              http1ChannelConfigurator: { channel in
                channel.pipeline.configureHTTPServerPipeline().flatMapThrowing {
                  try channel.pipeline.syncOperations.addHandler(
                    Handler(server: self, connection: number))
                }
              })
            configured.whenFailure { _ in channel.close(promise: nil) }
          }
        })
      try channel.pipeline.syncOperations.addHandler(sni)
    }
  }

  private func context(
    _ clientAuthority: String?, _ newest: TLSVersion?
  ) throws -> NIOSSLContext {
    let identity = state.withLock { $0.identity }
    let certificates = try NIOSSLCertificate.fromPEMBytes(Array(identity.certificate.utf8))
    let key = try NIOSSLPrivateKey(bytes: Array(identity.key.utf8), format: .pem)
    var configuration = TLSConfiguration.makeServerConfiguration(
      certificateChain: certificates.map { .certificate($0) }, privateKey: .privateKey(key))
    configuration.minimumTLSVersion = .tlsv1
    configuration.maximumTLSVersion = newest
    configuration.applicationProtocols = ["h2", "http/1.1"]
    configuration.shutdownTimeout = .milliseconds(50)
    if let clientAuthority {
      configuration.certificateVerification = .noHostnameVerification
      configuration.trustRoots = .certificates(
        try NIOSSLCertificate.fromPEMBytes(Array(clientAuthority.utf8)))
    }
    return try NIOSSLContext(configuration: configuration)
  }

  fileprivate func answer(
    _ head: HTTPRequestHead, connection: Int, clientSerial: [UInt8]?
  ) -> Reply {
    let (request, before) = state.withLock { state in
      let request = Request(
        method: head.method.rawValue, target: head.uri, headers: head.headers,
        connection: connection, clientSerial: clientSerial,
        serverName: state.serverNames[connection])
      state.requests.append(request)
      return (request, state.requests.count - 1)
    }
    return reply(request, before)
  }
}

private final class Handler: ChannelInboundHandler {
  typealias InboundIn = HTTPServerRequestPart
  typealias OutboundOut = HTTPServerResponsePart

  private let server: TLSServer
  private let connection: Int
  private var head: HTTPRequestHead?

  init(server: TLSServer, connection: Int) {
    self.server = server
    self.connection = connection
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    switch unwrapInboundIn(data) {
    case .head(let head): self.head = head
    case .body: break
    case .end:
      guard let head else { return }
      let connection = context.channel.parent ?? context.channel
      let certificate = try? connection.pipeline.syncOperations.nioSSL_peerCertificate()
      let reply = server.answer(
        head, connection: self.connection, clientSerial: certificate.map { $0.serialNumber })
      var headers = HTTPHeaders(reply.headers)
      headers.add(name: "Content-Length", value: String(reply.body.utf8.count))
      let response = HTTPResponseHead(
        version: head.version, status: HTTPResponseStatus(statusCode: reply.status),
        headers: headers)
      context.write(wrapOutboundOut(.head(response)), promise: nil)
      let body = context.channel.allocator.buffer(string: reply.body)
      context.write(wrapOutboundOut(.body(.byteBuffer(body))), promise: nil)
      context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
    }
  }

  // A client that does not like the certificate leaves in the middle of the handshake.
  func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
}
