import HTTPTypes
import HummingbirdCore
import MPPServer
import NIOCore
import NIOHTTPTypes

/// Sits between the framework and the encoder of a connection and tells the payments what became of their responses: delivered
/// when the socket has taken the last part, failed when it has not, or when another response took the place.
final class DeliveryHandler: ChannelOutboundHandler, RemovableChannelHandler {
  typealias OutboundIn = HTTPResponsePart
  typealias OutboundOut = HTTPResponsePart

  private let monitor: DeliveryMonitor
  /// The payment of the response that is passing.
  private var delivering: Payment?

  private init(_ monitor: DeliveryMonitor) { self.monitor = monitor }

  /// Watches a connection whose task is answering a request now. The response of this request, and all later ones, pass the handler,
  /// because the event loop does things in the order in which it got them.
  static func install(on channel: any Channel) {
    let monitor = DeliveryMonitor()
    DeliveryMonitors.shared.insert(monitor, for: channel)
    channel.eventLoop.execute {
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
        delivering = passing.delivering
        for payment in passing.discarded { payment.failedNow() }
      }
      context.write(data, promise: promise)
    case .body:
      context.write(data, promise: promise)
    case .end:
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
}
