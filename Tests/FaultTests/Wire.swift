// The proxy's end of a client's connection, below TLS: where it is cut, reset and silenced.

import NIOCore
import NIOHTTP2
import NIOPosix

/// Stands between the socket and TLS. Used on the connection's event loop only.
final class Wire: ChannelDuplexHandler {
  typealias InboundIn = ByteBuffer
  typealias OutboundIn = ByteBuffer

  private var context: ChannelHandlerContext?
  /// Drops what comes and what goes, as a network does that has lost the way.
  var isSilent = false

  init(isSilent: Bool) { self.isSilent = isSilent }

  func handlerAdded(context: ChannelHandlerContext) { self.context = context }
  func handlerRemoved(context: ChannelHandlerContext) { self.context = nil }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    if !isSilent { context.fireChannelRead(data) }
  }

  func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
    guard isSilent else {
      context.write(data, promise: promise)
      return
    }
    promise?.succeed()
  }

  /// Ends the connection without a goodbye of TLS.
  func end(_ how: Fault.End) {
    guard let context else { return }
    if how == .reset {
      let now = linger(l_onoff: 1, l_linger: 0)
      // On the event loop it is set when this returns.
      _ = (context.channel as? any SocketOptionProvider)?.setSoLinger(now)
    }
    context.close(promise: nil)
  }
}

/// A client's connection. Used on its event loop only.
final class ClientConnection {
  let number: Int
  let channel: any Channel
  let wire: Wire
  private let idleLimit: TimeAmount?
  private var exchanges = 0
  /// Set once the client is told to go away.
  private var closingPause: TimeAmount?
  private var idleTimer: Scheduled<Void>?
  private var highestStream = HTTP2StreamID.rootStream
  /// The highest before the newest one.
  private var earlierStream = HTTP2StreamID.rootStream
  /// What the client was told of the streams that are still served.
  private var lastStream = HTTP2StreamID.maxID

  init(number: Int, channel: any Channel, wire: Wire, idleLimit: TimeAmount?) {
    self.number = number
    self.channel = channel
    self.wire = wire
    self.idleLimit = idleLimit
  }

  /// False for a stream that the client was told would not be looked at.
  func takes(_ stream: HTTP2StreamID) -> Bool {
    guard stream <= lastStream else { return false }
    earlierStream = highestStream
    highestStream = max(highestStream, stream)
    return true
  }

  func exchangeBegins() {
    exchanges += 1
    idleTimer?.cancel()
  }

  func exchangeEnds() {
    exchanges -= 1
    guard exchanges == 0, let limit = closingPause ?? idleLimit else { return }
    let channel = channel
    idleTimer = channel.eventLoop.scheduleTask(in: limit) { channel.close(promise: nil) }
  }

  /// Sends GOAWAY as Go's server does: streams of any number may still come, for a while. Or with the
  /// last one that has come.
  func goAway(isFinal: Bool) {
    guard closingPause == nil else { return }
    closingPause = .seconds(1)
    if isFinal { lastStream = highestStream }
    send(.goAway(lastStreamID: lastStream, errorCode: .noError, opaqueData: nil))
  }

  /// Leaves at once, without a look at the newest stream; those before it may have reached the server.
  func goAwayAbruptly() {
    let bound = NIOLoopBound(wire, eventLoop: channel.eventLoop)
    send(.goAway(lastStreamID: earlierStream, errorCode: .internalError, opaqueData: nil))
      .whenComplete { _ in bound.value.end(.reset) }
  }

  @discardableResult
  private func send(_ payload: HTTP2Frame.FramePayload) -> EventLoopFuture<Void> {
    channel.writeAndFlush(HTTP2Frame(streamID: .rootStream, payload: payload))
  }
}
