// A TLS server of the tests that writes HTTP/2 byte by byte, or what only looks like it.

import NIOCore
import NIOPosix
import NIOSSL
import Synchronization

@testable import KubernetesClient
@testable import SimulatedCluster

/// Says what a script says; knows nothing of HTTP itself.
final class RawServer: Sendable {
  /// Gets what a connection has sent up to now, its number from 1 and how often it was asked; returns
  /// what to send.
  typealias Script = @Sendable (_ received: [UInt8], _ connection: Int, _ turn: Int) -> Reply

  struct Reply: Sendable {
    var bytes: [UInt8] = []
    var closes = false
  }

  let settings: ConnectionSettings
  private let channel: any Channel
  private final class Count: Sendable { let value = Mutex(0) }

  static func start(_ script: @escaping Script) async throws -> RawServer {
    let authority = try CertificateAuthority(cluster: "raw")
    let identity = try authority.serverIdentity()
    let certificates = try NIOSSLCertificate.fromPEMBytes(Array(identity.certificatePEM.utf8))
    let key = try NIOSSLPrivateKey(bytes: Array(identity.keyPEM.utf8), format: .pem)
    var configuration = TLSConfiguration.makeServerConfiguration(
      certificateChain: certificates.map { .certificate($0) }, privateKey: .privateKey(key))
    configuration.applicationProtocols = ["h2"]
    configuration.shutdownTimeout = .milliseconds(50)
    let context = try NIOSSLContext(configuration: configuration)
    let count = Count()
    let channel = try await ServerBootstrap(group: FaultProxy.group)
      .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
      .childChannelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          let number = count.value.withLock { value in
            value += 1
            return value
          }
          let pipeline = channel.pipeline.syncOperations
          try pipeline.addHandler(NIOSSLServerHandler(context: context))
          try pipeline.addHandler(Conversation(script, number))
        }
      }
      .bind(host: "127.0.0.1", port: 0).get()
    let port = try required(channel.localAddress?.port)
    let settings = ConnectionSettings(
      contextName: "raw", server: try required(ServerAddress("https://127.0.0.1:\(port)")),
      certificateAuthority: Array(authority.certificatePEM.utf8), credential: .none)
    return RawServer(channel, settings)
  }

  private init(_ channel: any Channel, _ settings: ConnectionSettings) {
    self.channel = channel
    self.settings = settings
  }

  func stop() async { try? await channel.close() }

  private final class Conversation: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let script: Script
    private let number: Int
    private var received: [UInt8] = []
    private var turn = 0

    init(_ script: @escaping Script, _ number: Int) {
      self.script = script
      self.number = number
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
      received += Array(unwrapInboundIn(data).readableBytesView)
      turn += 1
      let reply = script(received, number, turn)
      if !reply.bytes.isEmpty {
        context.writeAndFlush(wrapOutboundOut(ByteBuffer(bytes: reply.bytes)), promise: nil)
      }
      if reply.closes { context.close(promise: nil) }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
      context.close(promise: nil)
    }
  }
}

/// Frames of HTTP/2 (RFC 9113, section 4.1), written by hand.
enum RawFrame {
  static func frame(
    _ type: UInt8, flags: UInt8 = 0, stream: UInt32 = 1, _ payload: [UInt8] = []
  ) -> [UInt8] {
    let count = UInt32(payload.count)
    return [UInt8(count >> 16 & 255), UInt8(count >> 8 & 255), UInt8(count & 255), type, flags]
      + [24, 16, 8, 0].map { UInt8(stream >> $0 & 255) } + payload
  }

  static let settings = frame(4, stream: 0)
  static func data(_ bytes: [UInt8], ends: Bool = false) -> [UInt8] {
    frame(0, flags: ends ? 1 : 0, bytes)
  }

  /// A complete header block: `:status`, then others, nothing compressed (RFC 7541, section 6.2.2).
  static func headers(
    _ status: Int?, _ fields: [(String, String)] = [], ends: Bool = false
  ) -> [UInt8] {
    var block: [UInt8] = []
    if let status { block += [0x08, 3] + Array(String(status).utf8) }
    for (name, value) in fields {
      block += [0, UInt8(name.utf8.count)] + Array(name.utf8)
      block += [UInt8(value.utf8.count)] + Array(value.utf8)
    }
    return frame(1, flags: ends ? 5 : 4, block)
  }

  static func reset(_ code: UInt8) -> [UInt8] { frame(3, [0, 0, 0, code]) }
  static func goaway(last: UInt8, _ code: UInt8) -> [UInt8] {
    frame(7, stream: 0, [0, 0, 0, last, 0, 0, 0, code])
  }

  /// True when the client's first request has come: its HEADERS frame of stream 1.
  static func hasRequest(_ received: [UInt8]) -> Bool { count(1, in: received) > 0 }

  /// How many frames of a type have come whole, after the client's preface of 24 bytes.
  static func count(_ type: UInt8, in received: [UInt8]) -> Int {
    var (place, found) = (24, 0)
    while place + 9 <= received.count {
      let length =
        Int(received[place]) << 16 | Int(received[place + 1]) << 8 | Int(received[place + 2])
      guard place + 9 + length <= received.count else { break }
      if received[place + 3] == type { found += 1 }
      place += 9 + length
    }
    return found
  }
}
