// Over real sockets: TLS, HTTP/1.1, faults, stopping, and the fleet's kubeconfig.

import Foundation
import JSON
import NIOCore
import NIOPosix
import NIOSSL
import Testing

@testable import SimulatedCluster

/// Sends one HTTP/1.1 request over TLS and reads until the server closes.
private enum WireClient {
  private final class Collector: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    private var bytes: [UInt8] = []
    private let done: EventLoopPromise<[UInt8]>

    init(_ done: EventLoopPromise<[UInt8]>) { self.done = done }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
      bytes += unwrapInboundIn(data).readableBytesView
    }
    func channelInactive(context: ChannelHandlerContext) { done.succeed(bytes) }
    func errorCaught(context: ChannelHandlerContext, error: any Error) {
      // A peer that closes without saying so is an end like any other.
      if case NIOSSLError.uncleanShutdown = error { return }
      done.fail(error)
      context.close(promise: nil)
    }
  }

  static func send(
    _ method: String, _ path: String, to cluster: SimulatedCluster, token: String? = nil,
    trusting ca: String? = nil, headers: [String] = []
  ) async throws -> String {
    let group = MultiThreadedEventLoopGroup.singleton
    let done = group.next().makePromise(of: [UInt8].self)
    var configuration = TLSConfiguration.makeClientConfiguration()
    configuration.trustRoots = .certificates(
      try NIOSSLCertificate.fromPEMBytes(Array((ca ?? cluster.caPEM).utf8)))
    let context = try NIOSSLContext(configuration: configuration)
    do {
      let channel = try await ClientBootstrap(group: group).channelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          let tls = try NIOSSLClientHandler(context: context, serverHostname: nil)
          try channel.pipeline.syncOperations.addHandlers(tls, Collector(done))
        }
      }.connect(host: "127.0.0.1", port: cluster.port).get()
      var lines = ["\(method) \(path) HTTP/1.1", "Host: 127.0.0.1", "Connection: close"] + headers
      lines.append("Authorization: Bearer \(token ?? cluster.adminToken)")
      let text = lines.joined(separator: "\r\n") + "\r\n\r\n"
      // The outcome shows in what is read.
      channel.writeAndFlush(channel.allocator.buffer(string: text), promise: nil)
    } catch {
      done.fail(error)
    }
    return String(decoding: try await done.futureResult.get(), as: UTF8.self)
  }
}

struct WireTests {
  private func with(
    _ options: SimulatedCluster.Options = .init(),
    _ body: (SimulatedCluster) async throws -> Void
  ) async throws {
    let cluster = try await SimulatedCluster.start(options)
    do {
      try await body(cluster)
    } catch {
      await cluster.stop()
      throw error
    }
    await cluster.stop()
  }

  @Test func aClientThatTrustsTheAuthorityIsAnswered() async throws {
    try await with { cluster in
      let answer = try await WireClient.send("GET", "/api/v1/namespaces/default", to: cluster)
      #expect(answer.hasPrefix("HTTP/1.1 200 OK"))
      #expect(answer.contains("\"kind\":\"Namespace\""))
      let record = try #require(cluster.requests.last)
      #expect(record.path == "/api/v1/namespaces/default")
      #expect(record.status == 200)
      #expect(record.protocolName == "HTTP/1.1")
    }
  }

  @Test func theAuthorityOfAnotherClusterIsNotTrusted() async throws {
    try await with { one in
      try await with { other in
        await #expect(throws: (any Error).self) {
          try await WireClient.send("GET", "/version", to: one, trusting: other.caPEM)
        }
      }
    }
  }

  @Test func aWrongTokenIsRefused() async throws {
    try await with { cluster in
      let answer = try await WireClient.send("GET", "/api/v1/pods", to: cluster, token: "wrong")
      #expect(answer.hasPrefix("HTTP/1.1 401"))
    }
  }

  @Test func faultsAreUsedUp() async throws {
    try await with { cluster in
      cluster.inject(
        Fault(.status(429, retryAfter: 1, body: "later"), method: "GET", pathPrefix: "/api/"))
      cluster.inject(Fault(.html(), pathPrefix: "/version"))
      let busy = try await WireClient.send("GET", "/api/v1/pods", to: cluster)
      #expect(busy.hasPrefix("HTTP/1.1 429"))
      #expect(busy.contains("Retry-After: 1\r\n"))
      #expect(busy.hasSuffix("later"))
      let page = try await WireClient.send("GET", "/version", to: cluster)
      #expect(page.hasPrefix("HTTP/1.1 502"))
      #expect(page.contains("Content-Type: text/html"))
      let fine = try await WireClient.send("GET", "/api/v1/pods", to: cluster)
      #expect(fine.hasPrefix("HTTP/1.1 200"))
    }
  }

  @Test func aConnectionCanBeClosedOnPurpose() async throws {
    try await with { cluster in
      cluster.inject(Fault(.closeConnection))
      let nothing = try await WireClient.send("GET", "/version", to: cluster)
      #expect(nothing.isEmpty)
      #expect(cluster.requests.map(\.status) == [0])
      // The listener is still there.
      let answer = try await WireClient.send("GET", "/version", to: cluster)
      #expect(answer.contains("gitVersion"))
    }
  }

  @Test func aWatchEndsWithItsTime() async throws {
    try await with { cluster in
      let answer = try await WireClient.send(
        "GET", "/api/v1/namespaces?watch=1&timeoutSeconds=1&allowWatchBookmarks=true", to: cluster)
      #expect(answer.contains("\"type\":\"ADDED\""))
      #expect(answer.contains("\"type\":\"BOOKMARK\""))
    }
  }

  @Test func aStoppedClusterRefusesConnections() async throws {
    // Not one of the system's own choice: those are given to other tests as soon as they are free.
    let cluster = try await startOnChosenPort()
    let port = cluster.port
    await cluster.stop()
    var options = SimulatedCluster.Options()
    options.port = port
    await #expect(throws: (any Error).self) {
      _ = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
        .connect(host: "127.0.0.1", port: port).get()
    }
    // The port is free again.
    let next = try await SimulatedCluster.start(options)
    #expect(next.port == port)
    await next.stop()
  }

  private func startOnChosenPort() async throws -> SimulatedCluster {
    var options = SimulatedCluster.Options()
    for port in (11_000..<19_000).shuffled().prefix(20) {
      options.port = port
      if let cluster = try? await SimulatedCluster.start(options) { return cluster }
    }
    return try await SimulatedCluster.start(options)
  }

  @Test func stoppingEndsOpenWatches() async throws {
    let cluster = try await SimulatedCluster.start()
    async let answer = WireClient.send("GET", "/api/v1/namespaces?watch=1", to: cluster)
    while cluster.requests.isEmpty { await Task.yield() }
    await cluster.stop()
    #expect(try await answer.contains("HTTP/1.1 200"))
  }

  @Test func theKubeconfigOfAFleetIsPrivateAndNamesEveryCluster() async throws {
    let fleet = try await SimulatedFleet.start(2) { index, options in
      options.version = index == 1 ? "1.20.2" : "1.32.0"
    }
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    let path = folder.appendingPathComponent("config").path
    try fleet.writeKubeconfig(to: path)
    let config = try YAML.parse(String(contentsOfFile: path, encoding: .utf8))
    let mode = try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
    let files = try FileManager.default.contentsOfDirectory(atPath: folder.path)
    try FileManager.default.removeItem(at: folder)
    await fleet.stop()
    #expect(mode == 0o600)
    #expect(files == ["config"])
    #expect(config["current-context"] == "cluster1")
    let names = (config["contexts"]?.array ?? []).compactMap { $0["name"]?.string }
    #expect(names == ["cluster1", "cluster2"])
    #expect(fleet.clusters.map(\.options.version) == ["1.20.2", "1.32.0"])
    #expect(throws: KubeconfigError.self) {
      try fleet.writeKubeconfig(to: "/nonexistent/folder/config")
    }
  }
}
