// One HTTP exchange on a channel: collects the request, asks the cluster, writes the answer or a watch.

import NIOCore
import NIOHTTP1

/// Serves an HTTP/2 stream, or an HTTP/1.1 connection request by request.
final class RequestHandler: ChannelInboundHandler {
  typealias InboundIn = HTTPServerRequestPart
  typealias OutboundOut = HTTPServerResponsePart

  /// The connection that a request came over; for HTTP/2 not the channel of the handler.
  struct Connection: Sendable {
    let channel: any Channel
    let number: Int
    let protocolName: String
  }

  private let cluster: SimulatedCluster
  private let connection: Connection
  private var head: HTTPRequestHead?
  private var body: [UInt8] = []
  private var watch: Int?
  private var timers: [() -> Void] = []

  init(cluster: SimulatedCluster, connection: Connection) {
    self.cluster = cluster
    self.connection = connection
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    switch unwrapInboundIn(data) {
    case .head(let head):
      self.head = head
      body.removeAll()
    case .body(let buffer):
      // One byte too many is enough to know.
      let room = ControlPlane.bodyLimit + 1 - body.count
      body += buffer.readableBytesView.prefix(max(0, room))
    case .end:
      guard let head else { return }
      self.head = nil
      answer(head, context)
    }
  }

  func channelInactive(context: ChannelHandlerContext) {
    endWatch()
    context.fireChannelInactive()
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    endWatch()
    context.close(promise: nil)
  }

  /// Frees what an open watch holds when its client has gone.
  private func endWatch() {
    for cancel in timers { cancel() }
    timers.removeAll()
    guard let watch else { return }
    self.watch = nil
    cluster.endWatch(watch)
  }

  // MARK: - Answering

  private func answer(_ head: HTTPRequestHead, _ context: ChannelHandlerContext) {
    var headers: [String: String] = [:]
    for (name, value) in head.headers { headers[name.lowercased()] = value }
    let request = APIRequest(head.method.rawValue, head.uri, headers: headers, body: body)
    body.removeAll()
    switch cluster.takeFault(for: request) {
    case nil: write(cluster.respond(to: request), request, head, context)
    case .closeConnection:
      record(request, status: 0, bytes: 0)
      connection.channel.close(promise: nil)
    case .delay(let milliseconds):
      let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
      context.eventLoop.scheduleTask(in: .milliseconds(Int64(milliseconds))) {
        let (handler, context) = bound.value
        guard context.channel.isActive else { return }
        handler.write(handler.cluster.respond(to: request), request, head, context)
      }
    case .html(let code):
      let page =
        "<html><head><title>\(code)</title></head><body><h1>Error \(code)</h1></body></html>"
      let response = APIResponse(
        code: code, contentType: "text/html; charset=utf-8", body: .bytes(Array(page.utf8)))
      write(response, request, head, context)
    case .status(let code, let retryAfter, let contentType, let text):
      var response = APIResponse(
        code: code, contentType: contentType, body: .bytes(Array(text.utf8)))
      if let retryAfter { response.headers.append(("Retry-After", String(retryAfter))) }
      write(response, request, head, context)
    }
  }

  private func write(
    _ response: APIResponse, _ request: APIRequest, _ head: HTTPRequestHead,
    _ context: ChannelHandlerContext
  ) {
    var headers = HTTPHeaders()
    headers.add(name: "Content-Type", value: response.contentType)
    headers.add(name: "Cache-Control", value: "no-cache, private")
    headers.add(name: "Audit-Id", value: Identifiers.uid())
    for (name, value) in response.headers { headers.add(name: name, value: value) }
    if case .bytes(let bytes) = response.body {
      headers.add(name: "Content-Length", value: String(bytes.count))
    }
    let answer = HTTPResponseHead(
      version: head.version, status: HTTPResponseStatus(statusCode: response.code),
      headers: headers)
    context.write(wrapOutboundOut(.head(answer)), promise: nil)
    record(request, status: response.code, bytes: response.bytes.count)
    switch response.body {
    case .bytes(let bytes):
      if head.method != .HEAD {
        let buffer = context.channel.allocator.buffer(bytes: bytes)
        context.write(wrapOutboundOut(.body(.byteBuffer(buffer))), promise: nil)
      }
      finish(context.channel, keepsOpen: head.isKeepAlive)
    case .stream(let stream, let watch, let seconds):
      context.flush()
      self.watch = watch
      schedule(watch, seconds, context)
      forward(stream, context.channel)
    }
  }

  private func finish(_ channel: any Channel, keepsOpen: Bool) {
    let end = HTTPServerResponsePart.end(nil)
    guard keepsOpen else {
      channel.writeAndFlush(end).whenComplete { _ in channel.close(promise: nil) }
      return
    }
    channel.writeAndFlush(end, promise: nil)
  }

  /// Writes the chunks of a watch as they come.
  private func forward(_ stream: EventStream, _ channel: any Channel) {
    let isLastExchange = connection.protocolName == "HTTP/1.1"
    let size = cluster.options.pieceSize ?? .max
    stream.read { chunk in
      channel.eventLoop.execute {
        guard let chunk else {
          channel.writeAndFlush(HTTPServerResponsePart.end(nil)).whenComplete { _ in
            if isLastExchange { channel.close(promise: nil) }
          }
          return
        }
        var rest = chunk[...]
        while !rest.isEmpty {
          let buffer = channel.allocator.buffer(bytes: rest.prefix(size))
          channel.writeAndFlush(HTTPServerResponsePart.body(.byteBuffer(buffer)), promise: nil)
          rest = rest.dropFirst(size)
        }
      }
    }
  }

  /// The end of a watch's time, and the bookmarks before.
  private func schedule(_ watch: Int, _ seconds: Int, _ context: ChannelHandlerContext) {
    let cluster = cluster
    let end = context.eventLoop.scheduleTask(in: .seconds(Int64(seconds))) {
      cluster.sendBookmark(watch: watch)
      cluster.endWatch(watch)
    }
    let interval = TimeAmount.seconds(Int64(max(1, cluster.options.bookmarkInterval)))
    let bookmarks = context.eventLoop.scheduleRepeatedTask(
      initialDelay: interval, delay: interval
    ) { _ in cluster.sendBookmark(watch: watch) }
    timers = [{ end.cancel() }, { bookmarks.cancel() }]
  }

  private func record(_ request: APIRequest, status: Int, bytes: Int) {
    cluster.record(
      RequestRecord(
        method: request.method, path: request.path, query: request.query,
        userAgent: request.headers["user-agent"] ?? "", contentType: request.contentType,
        status: status, requestBytes: request.body.count, responseBytes: bytes,
        protocolName: connection.protocolName, connection: connection.number))
  }
}
