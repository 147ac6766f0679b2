import HTTPTypes
import HummingbirdCore
import MPPServer
import NIOCore
import NIOHTTPTypes

/// Sits between the framework and the encoder of a connection and tells the payments what became of their responses: delivered
/// when the socket has taken the last byte of the body, failed when it has not, or when another response took the place.
final class DeliveryHandler: ChannelOutboundHandler, RemovableChannelHandler {
  typealias OutboundIn = HTTPResponsePart
  typealias OutboundOut = HTTPResponsePart

  private let monitor: DeliveryMonitor
  /// The payment of the response that is passing.
  private var delivering: Payment?
  /// Bytes of its body that have not come yet.
  private var rest = 0

  private init(_ monitor: DeliveryMonitor) { self.monitor = monitor }

  /// Watches a connection whose task is answering a request now. The response of this request, and all later ones, pass the handler:
  /// the event loop does things in the order in which it got them, and a task that runs on it, which writes at once, adds it at once.
  static func install(on channel: any Channel) {
    let monitor = DeliveryMonitor()
    DeliveryMonitors.shared.insert(monitor, for: channel)
    @Sendable func add() {
      do {
        let pipeline = channel.pipeline.syncOperations
        // What is written by the framework passes everything in front of its own handler, which is the last one.
        let state = try pipeline.handler(type: HTTPConnectionStateHandler.self)
        try pipeline.addHandler(DeliveryHandler(monitor), position: .after(state))
      } catch {
        // The connection is gone, or is not one of Hummingbird's: its responses are written the slow way.
        _ = monitor.close()
        DeliveryMonitors.shared.remove(monitor, for: channel)
      }
    }
    if channel.eventLoop.inEventLoop { add() } else { channel.eventLoop.execute(add) }
  }

  func handlerAdded(context: ChannelHandlerContext) { monitor.watch() }

  func handlerRemoved(context: ChannelHandlerContext) {
    DeliveryMonitors.shared.remove(monitor, for: context.channel)
    for payment in monitor.close() { payment.failedNow() }
    delivering?.failedNow()
    delivering = nil
  }

  func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
    switch unwrapOutboundIn(data) {
    case .head(let head):
      if head.status.kind != .informational {
        let passing = monitor.passes(head)
        // A body that was given up in the middle.
        delivering?.failedNow()
        delivering = passing.delivering?.payment
        rest = passing.delivering?.length ?? 0
        for payment in passing.discarded { payment.failedNow() }
      }
      context.write(data, promise: promise)
    case .body(let buffer):
      guard delivering != nil, rest > 0 else { return context.write(data, promise: promise) }
      rest -= min(buffer.readableBytes, rest)
      // The reader may leave when it has the last byte: the end of the response would fail then.
      if rest == 0 { return finish(context, data, promise) }
      context.write(data, promise: promise)
    case .end:
      finish(context, data, promise)
    }
  }

  /// Writes the part that completes the response, and tells its payment what became of it.
  private func finish(_ context: ChannelHandlerContext, _ data: NIOAny, _ promise: EventLoopPromise<Void>?) {
    guard let payment = delivering else { return context.write(data, promise: promise) }
    delivering = nil
    let written = promise ?? context.eventLoop.makePromise(of: Void.self)
    written.futureResult.whenComplete { result in
      switch result {
      case .success: payment.deliveredNow()
      case .failure: payment.failedNow()
      }
    }
    context.write(data, promise: written)
  }
}
