import HTTPTypes
import HummingbirdCore
import NIOCore
import NIOHTTPTypes

/// Ends a connection with the response that is written next: says so in its head, and closes when the socket has taken its end.
///
/// For requests with `Upgrade`: NIO's decoder takes what follows them for another protocol, so that nothing behind them is ever answered.
final class ClosingHandler: ChannelOutboundHandler, RemovableChannelHandler {
  typealias OutboundIn = HTTPResponsePart
  typealias OutboundOut = HTTPResponsePart

  /// Before the response of a request that is being answered is returned; see ``DeliveryHandler/install(on:expecting:)``.
  static func install(on channel: any Channel) {
    @Sendable func add() {
      let pipeline = channel.pipeline.syncOperations
      // Gone, or not one of Hummingbird's: nothing to end.
      guard let state = try? pipeline.handler(type: HTTPConnectionStateHandler.self) else { return }
      try? pipeline.addHandler(ClosingHandler(), position: .before(state))
    }
    if channel.eventLoop.inEventLoop { add() } else { channel.eventLoop.execute(add) }
  }

  func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
    switch unwrapOutboundIn(data) {
    case .head(var head) where head.status.kind != .informational:
      head.headerFields[.connection] = "close"
      context.write(wrapOutboundOut(.head(head)), promise: promise)
    case .end:
      let written = promise ?? context.eventLoop.makePromise(of: Void.self)
      written.futureResult.assumeIsolated().whenComplete { _ in context.close(promise: nil) }
      context.write(data, promise: written)
    case .head, .body:
      context.write(data, promise: promise)
    }
  }
}
