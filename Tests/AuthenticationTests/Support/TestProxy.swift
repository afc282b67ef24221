// Small proxies on loopback, HTTP CONNECT and SOCKS5, with or without TLS: they keep which host they
// were asked for, and connect to a port of this machine instead.

import NIOCore
import NIOPosix
import NIOSSL
import Synchronization

/// Forwards connections until `stop`.
final class TestProxy: Sendable {
  enum Kind: Sendable { case http, socks5 }

  /// What one client asked for.
  struct Request: Sendable, Equatable {
    /// Host and port as the client wrote them; a SOCKS address that is no name is `ip:`.
    let target: String
    /// The header `Proxy-Authorization`.
    var authorization: String?
    /// The first line for HTTP.
    var line = ""
  }

  private static let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)

  let port: Int
  private let channel: any Channel
  private let log: Log

  fileprivate final class Log: Sendable {
    let requests = Mutex<[Request]>([])
  }

  /// - Parameters:
  ///   - kind: what it speaks.
  ///   - identity: its certificate; nil for none.
  ///   - target: the port that every connection is forwarded to.
  ///   - answer: the status line of an HTTP proxy; other than 200 it forwards nothing.
  static func start(
    _ kind: Kind, answer: String = "200 Connected", identity: TestAuthority.Identity? = nil,
    to target: Int
  ) async throws -> TestProxy {
    let log = Log()
    let context = try identity.map(context)
    let channel = try await ServerBootstrap(group: group)
      .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
      .childChannelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          let pipeline = channel.pipeline.syncOperations
          if let context { try pipeline.addHandler(NIOSSLServerHandler(context: context)) }
          try pipeline.addHandler(
            Forwarder(kind: kind, answer: answer, target: target, log: log))
        }
      }
      .bind(host: "127.0.0.1", port: 0).get()
    return TestProxy(channel: channel, log: log)
  }

  private init(channel: any Channel, log: Log) {
    self.channel = channel
    self.log = log
    port = channel.localAddress?.port ?? 0
  }

  var requests: [Request] { log.requests.withLock { $0 } }

  func stop() async { try? await channel.close() }

  private static func context(_ identity: TestAuthority.Identity) throws -> NIOSSLContext {
    let certificates = try NIOSSLCertificate.fromPEMBytes(Array(identity.certificate.utf8))
    let key = try NIOSSLPrivateKey(bytes: Array(identity.key.utf8), format: .pem)
    return try NIOSSLContext(
      configuration: .makeServerConfiguration(
        certificateChain: certificates.map { .certificate($0) }, privateKey: .privateKey(key)))
  }
}

/// One client: reads what it wants, connects, then moves bytes.
private final class Forwarder: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer
  typealias OutboundOut = ByteBuffer

  private enum State {
    case greeting, request, connecting
    case forwarding(any Channel)
  }

  private let kind: TestProxy.Kind
  private let answer: String
  private let target: Int
  private let log: TestProxy.Log
  private var state: State
  private var buffer = ByteBuffer()

  init(kind: TestProxy.Kind, answer: String, target: Int, log: TestProxy.Log) {
    self.kind = kind
    self.answer = answer
    self.target = target
    self.log = log
    state = kind == .socks5 ? .greeting : .request
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    var bytes = unwrapInboundIn(data)
    if case .forwarding(let peer) = state {
      peer.writeAndFlush(bytes, promise: nil)
      return
    }
    buffer.writeBuffer(&bytes)
    if case .greeting = state { greet(context) }
    if case .request = state { read(context) }
  }

  private func greet(_ context: ChannelHandlerContext) {
    guard let count = buffer.getInteger(at: buffer.readerIndex + 1, as: UInt8.self),
      buffer.readableBytes >= 2 + Int(count)
    else { return }
    buffer.moveReaderIndex(forwardBy: 2 + Int(count))
    state = .request
    send([5, 0], context)
  }

  private func read(_ context: ChannelHandlerContext) {
    guard let (request, answer) = kind == .http ? httpRequest() : socksRequest() else { return }
    log.requests.withLock { $0.append(request) }
    state = .connecting
    guard kind == .socks5 || self.answer.hasPrefix("200 ") else { return send(answer, context) }
    let client = context.channel
    let connected = ClientBootstrap(group: context.eventLoop)
      .channelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          try channel.pipeline.syncOperations.addHandler(Returner(client: client))
        }
      }
      .connect(host: "127.0.0.1", port: target)
    connected.assumeIsolated().whenComplete { result in
      guard case .success(let peer) = result else { return context.close(promise: nil) }
      self.send(answer, context)
      self.state = .forwarding(peer)
      if self.buffer.readableBytes > 0 { peer.writeAndFlush(self.buffer, promise: nil) }
    }
  }

  private func send(_ bytes: [UInt8], _ context: ChannelHandlerContext) {
    context.writeAndFlush(wrapOutboundOut(ByteBuffer(bytes: bytes)), promise: nil)
  }

  private func httpRequest() -> (TestProxy.Request, [UInt8])? {
    let text = String(buffer: buffer)
    guard let end = text.firstRange(of: "\r\n\r\n") else { return nil }
    buffer.clear()
    let lines = text[..<end.lowerBound].split(separator: "\r\n").map(String.init)
    let header = lines.first { $0.lowercased().hasPrefix("proxy-authorization:") }
    let words = (lines.first ?? "").split(separator: " ")
    let request = TestProxy.Request(
      target: words.count > 1 ? String(words[1]) : "",
      authorization: header.map { String($0.drop { $0 != " " }.dropFirst()) },
      line: lines.first ?? "")
    return (request, Array("HTTP/1.1 \(answer)\r\n\r\n".utf8))
  }

  private func socksRequest() -> (TestProxy.Request, [UInt8])? {
    let start = buffer.readerIndex
    guard let type = buffer.getInteger(at: start + 3, as: UInt8.self),
      let length = buffer.getInteger(at: start + 4, as: UInt8.self)
    else { return nil }
    let size = type == 3 ? Int(length) + 1 : 4
    guard let port = buffer.getInteger(at: start + 4 + size, as: UInt16.self) else { return nil }
    let name = buffer.getString(at: start + 5, length: Int(length)) ?? ""
    buffer.moveReaderIndex(forwardBy: 6 + size)
    return (
      TestProxy.Request(target: "\(type == 3 ? name : "ip"):\(port)"),
      [5, 0, 0, 1, 0, 0, 0, 0, 0, 0]
    )
  }

  func channelInactive(context: ChannelHandlerContext) {
    if case .forwarding(let peer) = state { peer.close(promise: nil) }
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
}

/// The way back.
private final class Returner: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer
  private let client: any Channel

  init(client: any Channel) { self.client = client }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    client.writeAndFlush(unwrapInboundIn(data), promise: nil)
  }

  func channelInactive(context: ChannelHandlerContext) { client.close(promise: nil) }
}
