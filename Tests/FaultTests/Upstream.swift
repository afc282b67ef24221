// The proxy's way to the API server: one HTTP/1.1 connection over TLS for each request.

import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL

@testable import KubernetesClient

struct Upstream: Sendable {
  private let host: String
  private let port: Int
  private let context: NIOSSLContext

  /// Leads where the settings do, with their certificate authority and client certificate.
  init(_ settings: ConnectionSettings) throws {
    host = settings.server.host
    port = settings.server.port
    var configuration = TLSConfiguration.makeClientConfiguration()
    configuration.certificateVerification = .noHostnameVerification
    if let authority = settings.certificateAuthority {
      configuration.trustRoots = .certificates(try NIOSSLCertificate.fromPEMBytes(authority))
    }
    if let certificate = settings.clientCertificate, let key = settings.clientKey {
      configuration.certificateChain = try NIOSSLCertificate.fromPEMBytes(certificate)
        .map { .certificate($0) }
      configuration.privateKey = .privateKey(try NIOSSLPrivateKey(bytes: key, format: .pem))
    }
    context = try NIOSSLContext(configuration: configuration)
  }

  /// Connects on the exchange's own event loop and tells it what the server answers.
  func open(
    on eventLoop: any EventLoop, for exchange: NIOLoopBound<Exchange>
  ) -> EventLoopFuture<any Channel> {
    let context = context
    return ClientBootstrap(group: eventLoop)
      .channelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          let pipeline = channel.pipeline.syncOperations
          try pipeline.addHandler(NIOSSLClientHandler(context: context, serverHostname: nil))
          try pipeline.addHTTPClientHandlers()
          try pipeline.addHandler(Answer(exchange: exchange.value))
        }
      }
      .connect(host: host, port: port)
  }

  func send(_ head: HTTPRequestHead, _ body: ByteBuffer, over channel: any Channel) {
    var headers = HTTPHeaders()
    for (name, value) in head.headers
    where !["host", "connection", "content-length", "transfer-encoding"].contains(name.lowercased())
    {
      headers.add(name: name, value: value)
    }
    headers.add(name: "Host", value: "\(host):\(port)")
    headers.add(name: "Connection", value: "close")
    if body.readableBytes > 0 || head.method == .POST {
      headers.add(name: "Content-Length", value: String(body.readableBytes))
    }
    let request = HTTPRequestHead(
      version: .http1_1, method: head.method, uri: head.uri, headers: headers)
    channel.write(HTTPClientRequestPart.head(request), promise: nil)
    if body.readableBytes > 0 {
      channel.write(HTTPClientRequestPart.body(.byteBuffer(body)), promise: nil)
    }
    channel.writeAndFlush(HTTPClientRequestPart.end(nil), promise: nil)
  }

  /// Hands the server's answer on.
  private final class Answer: ChannelInboundHandler {
    typealias InboundIn = HTTPClientResponsePart
    private let exchange: Exchange

    init(exchange: Exchange) { self.exchange = exchange }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
      switch unwrapInboundIn(data) {
      case .head(let head): exchange.answerBegins(head)
      case .body(let part): exchange.answerGoesOn(part)
      case .end:
        exchange.answerEnds()
        context.close(promise: nil)
      }
    }

    func channelActive(context: ChannelHandlerContext) {
      exchange.server(isAtIt: true)
      context.fireChannelActive()
    }

    func channelInactive(context: ChannelHandlerContext) {
      exchange.server(isAtIt: false)
      context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
      context.close(promise: nil)
    }
  }
}
