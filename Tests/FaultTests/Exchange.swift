// One request at the proxy: what the client asked, what becomes of it, what goes back.

import NIOCore
import NIOHTTP1
import NIOHTTP2

/// Serves an HTTP/2 stream, or an HTTP/1.1 connection request by request. Used on its event loop only.
final class Exchange: ChannelInboundHandler {
  typealias InboundIn = HTTPServerRequestPart
  typealias OutboundOut = HTTPServerResponsePart

  private let proxy: FaultProxy
  private let connection: ClientConnection
  private let protocolName: String
  private var context: ChannelHandlerContext?
  private var head: HTTPRequestHead?
  private var body = ByteBuffer()
  private var asked: Asked?
  private var fault = Fault.none
  private var upstream: (any Channel)?
  private var answerHead: HTTPResponseHead?
  private var answerBody = ByteBuffer()

  init(proxy: FaultProxy, connection: ClientConnection, protocolName: String) {
    self.proxy = proxy
    self.connection = connection
    self.protocolName = protocolName
  }

  func handlerAdded(context: ChannelHandlerContext) { self.context = context }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    switch unwrapInboundIn(data) {
    case .head(let head):
      self.head = head
      body.clear()
    case .body(var part): body.writeBuffer(&part)
    case .end: begin(context)
    }
  }

  func channelInactive(context: ChannelHandlerContext) {
    finish()
    self.context = nil
    context.fireChannelInactive()
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    context.close(promise: nil)
  }

  /// Forgets the request; whatever it holds at the server ends.
  private func finish() {
    if !fault.outlivesClient { upstream?.close(promise: nil) }
    upstream = nil
    guard asked != nil else { return }
    asked = nil
    proxy.noteEnd()
    connection.exchangeEnds()
  }

  private var bound: NIOLoopBound<Exchange>? {
    context.map { NIOLoopBound(self, eventLoop: $0.eventLoop) }
  }

  // MARK: Before the server

  private func begin(_ context: ChannelHandlerContext) {
    guard let head else { return }
    guard connection.takes(streamID(context)) else { return }
    var headers: [String: String] = [:]
    for (name, value) in head.headers { headers[name.lowercased()] = value }
    connection.exchangeBegins()
    answerHead = nil
    answerBody.clear()
    let (asked, fault) = proxy.decide { number in
      Asked(
        method: head.method.rawValue, target: head.uri, headers: headers,
        protocolName: protocolName, connection: connection.number, number: number)
    }
    self.asked = asked
    self.fault = fault
    switch fault {
    case .resetUnsent: connection.wire.end(.reset)
    case .goAwayAbruptly: connection.goAwayAbruptly()
    case .answer(let status, let text, let headers):
      write(status, headers + [("Content-Length", String(text.utf8.count))])
      write(ByteBuffer(string: text))
      writeEnd()
    case .stream(let chunks, let staysOpen): stream(chunks, staysOpen: staysOpen)
    case .streamHeld(let gate, let chunks):
      write(200, Fault.json)
      context.flush()
      whenOpen(gate) { exchange in
        for chunk in chunks { exchange.write(ByteBuffer(bytes: chunk)) }
        exchange.context?.flush()
      }
    case .held(let gate): whenOpen(gate) { $0.forward() }
    case .goAway:
      connection.goAway(isFinal: false)
      forward()
    case .goAwayAfterThis:
      connection.goAway(isFinal: true)
      forward()
    default: forward()
    }
  }

  /// The stream's number; HTTP/1.1 has none.
  private func streamID(_ context: ChannelHandlerContext) -> HTTP2StreamID {
    guard protocolName == "HTTP/2" else { return .rootStream }
    let found = try? context.channel.syncOptions?.getOption(HTTP2StreamChannelOptions.streamID)
    return found ?? .rootStream
  }

  private func whenOpen(_ gate: Gate, _ body: @escaping @Sendable (Exchange) -> Void) {
    guard let bound else { return }
    gate.whenOpen { bound.eventLoop.execute { body(bound.value) } }
  }

  private func stream(_ chunks: [[UInt8]], staysOpen: Bool) {
    write(200, Fault.json)
    for chunk in chunks {
      write(ByteBuffer(bytes: chunk))
      context?.flush()
    }
    if !staysOpen { writeEnd() }
  }

  private func forward() {
    guard let context, let head, let asked, let bound else { return }
    let body = body
    proxy.upstream.open(on: context.eventLoop, for: bound).whenComplete { result in
      guard case .success(let channel) = result else {
        bound.value.connection.wire.end(.reset)
        return
      }
      guard bound.value.asked != nil || bound.value.fault.outlivesClient else {
        channel.close(promise: nil)
        return
      }
      bound.value.upstream = channel
      bound.value.proxy.noteReached(asked)
      bound.value.proxy.upstream.send(head, body, over: channel)
    }
  }

  // MARK: After the server

  func answerBegins(_ head: HTTPResponseHead) {
    answerHead = head
    guard fault.relaysAtOnce else { return }
    relayHead()
    context?.flush()
  }

  func answerGoesOn(_ part: ByteBuffer) {
    guard fault.relaysAtOnce else {
      var part = part
      answerBody.writeBuffer(&part)
      return
    }
    write(part)
    context?.flush()
  }

  /// The server's connection begins, or is over, whatever came of it.
  func server(isAtIt: Bool) { proxy.noteServer(isAtIt: isAtIt) }

  func answerEnds() {
    upstream = nil
    guard asked != nil else { return }
    switch fault {
    case .endUnanswered(let end): connection.wire.end(end)
    case .streamReset: context?.close(promise: nil)
    case .silence: break
    case .blackHole: connection.wire.isSilent = true
    case .endInAnswer(let end): answer(half: true) { $0.connection.wire.end(end) }
    case .resetAfterAnswer: answer(half: false) { $0.connection.wire.end(.reset) }
    case .drip: drip()
    case .truncated:
      relayHead(isCut: true)
      write(half)
      writeEnd()
    case .none, .held: writeEnd()
    default:
      relayHead()
      write(answerBody)
      writeEnd()
    }
  }

  private var half: ByteBuffer {
    answerBody.getSlice(at: answerBody.readerIndex, length: answerBody.readableBytes / 2)
      ?? answerBody
  }

  private func answer(half isHalf: Bool, then end: @escaping @Sendable (Exchange) -> Void) {
    guard let context, let bound else { return }
    relayHead()
    write(isHalf ? half : answerBody)
    let last = HTTPServerResponsePart.end(nil)
    if isHalf {
      context.flush()
      bound.eventLoop.execute { end(bound.value) }
    } else {
      context.writeAndFlush(wrapOutboundOut(last)).whenComplete { _ in end(bound.value) }
    }
  }

  private func drip() {
    relayHead()
    for byte in answerBody.readableBytesView {
      write(ByteBuffer(bytes: [byte]))
      context?.flush()
    }
    writeEnd()
  }

  // MARK: Writing

  private func relayHead(isCut: Bool = false) {
    guard let answerHead else { return }
    let kept = answerHead.headers.filter { name, _ in
      let name = name.lowercased()
      return !["connection", "transfer-encoding", "keep-alive"].contains(name)
        && !(isCut && name == "content-length")
    }
    write(Int(answerHead.status.code), kept.map { ($0.name, $0.value) })
  }

  private func write(_ status: Int, _ headers: [(String, String)]) {
    guard let context, let head else { return }
    let answer = HTTPResponseHead(
      version: head.version, status: HTTPResponseStatus(statusCode: status),
      headers: HTTPHeaders(headers))
    context.write(wrapOutboundOut(.head(answer)), promise: nil)
  }

  private func write(_ part: ByteBuffer) {
    context?.write(wrapOutboundOut(.body(.byteBuffer(part))), promise: nil)
  }

  private func writeEnd() {
    guard let context else { return }
    context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
    // An HTTP/2 stream has its end in `channelInactive`, which this brings about; HTTP/1.1 goes on.
    if protocolName == "HTTP/1.1" { finish() }
  }
}
