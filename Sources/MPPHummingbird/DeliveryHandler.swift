import HTTPTypes
import HummingbirdCore
import MPPServer
import NIOCore
import NIOHTTPTypes

/// Sits between the framework and the encoder of a connection and tells the payments what became of their responses: delivered
/// when the socket has taken the last byte of the body, failed when it has not, or when another response took the place.
///
/// A connection is not closed under a paid response whose last byte is on its way: the framework takes a request for answered when the
/// end of its response is queued, and a server that is shut down would cut off what the socket has not taken yet.
final class DeliveryHandler: ChannelDuplexHandler, RemovableChannelHandler {
  typealias InboundIn = NIOAny
  typealias OutboundIn = HTTPResponsePart
  typealias OutboundOut = HTTPResponsePart

  /// How long a connection that shall close waits for a reader that takes nothing.
  static let longestStall = TimeAmount.seconds(10)

  private let monitor: DeliveryMonitor
  /// The response that is passing.
  private var delivering: PendingDelivery?
  /// Bytes of its body that have not come yet; nil when its head does not say.
  private var rest: Int?
  /// Paid responses that have passed and are not reported.
  private var leaving = 0
  /// A response ended before its length: the next one would be read as its rest.
  private var isBroken = false
  /// The server is shutting down.
  private var isQuiescing = false
  /// Somebody who does not wait any longer has closed the input.
  private var isOutOfTime = false
  /// The server has closed the connection, whatever was on its way: its readers have not left.
  private var isCutOff = false
  /// A close that waits for what is leaving.
  private var heldClose: EventLoopPromise<Void>?
  private var stall: Scheduled<Void>?

  private init(_ monitor: DeliveryMonitor) { self.monitor = monitor }

  /// Watches a connection whose task is answering a request now. The response of this request, and all later ones, pass the handler:
  /// the event loop does things in the order in which it got them, and a task that runs on it, which writes at once, adds it at once.
  ///
  /// - Parameter first: the response of this request, when it reports for itself.
  static func install(on channel: any Channel, expecting first: PendingDelivery? = nil) {
    let monitor = DeliveryMonitor()
    if let first { monitor.expectFirst(first) }
    DeliveryMonitors.shared.insert(monitor, for: channel)
    @Sendable func add() {
      do {
        let pipeline = channel.pipeline.syncOperations
        // What the framework writes passes its own handler and then this one; so do the closes of that handler.
        let state = try pipeline.handler(type: HTTPConnectionStateHandler.self)
        try pipeline.addHandler(DeliveryHandler(monitor), position: .before(state))
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
    breakOff()
    stall?.cancel()
    stall = nil
    heldClose?.succeed()
    heldClose = nil
  }

  func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    if event is ChannelShouldQuiesceEvent { isQuiescing = true }
    context.fireUserInboundEventTriggered(event)
  }

  func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
    guard !isBroken else {
      promise?.fail(ChannelError.ioOnClosedChannel)
      return
    }
    switch unwrapOutboundIn(data) {
    case .head(let head):
      if head.status.kind != .informational {
        let passing = monitor.passes(head)
        // A body that was given up in the middle.
        breakOff()
        delivering = passing.delivering
        rest = passing.delivering.flatMap { $0.isBodyless ? nil : Self.length(of: head) }
        for payment in passing.discarded { payment.failedNow() }
      }
      context.write(data, promise: promise)
    case .body(let buffer):
      guard delivering != nil, let left = rest, left > 0 else { return context.write(data, promise: promise) }
      rest = left - min(buffer.readableBytes, left)
      // The reader may leave when it has the last byte: the end of the response would fail then.
      if rest == 0 { return finish(context, data, promise) }
      context.write(data, promise: promise)
    case .end:
      if delivering != nil, let rest, rest > 0 {
        end(context, data, promise)
      } else {
        finish(context, data, promise)
      }
    }
  }

  /// Nil for a status that has no content, whatever its head says of the length.
  private static func length(of head: HTTPResponse) -> Int? {
    guard head.status.code != 204, head.status.code != 304 else { return nil }
    return head.headerFields.value(of: .contentLength).flatMap { Int($0) }
  }

  /// The response that is passing will not be whole. One that reports for itself knows why.
  private func breakOff() {
    if let delivering, delivering.body == nil { delivering.payment.failedNow() }
    delivering = nil
    rest = nil
  }

  /// The end of a response that is shorter than its head says: its reader would wait for the rest.
  private func end(_ context: ChannelHandlerContext, _ data: NIOAny, _ promise: EventLoopPromise<Void>?) {
    delivering?.payment.failedNow()
    breakOff()
    isBroken = true
    context.writeAndFlush(data, promise: promise)
    close(context: context, mode: .all, promise: nil)
  }

  /// Writes the part that completes the response, and tells its payment what became of it.
  private func finish(_ context: ChannelHandlerContext, _ data: NIOAny, _ promise: EventLoopPromise<Void>?) {
    guard let delivery = delivering else { return context.write(data, promise: promise) }
    delivering = nil
    rest = nil
    leaving += 1
    delivery.body?.leaves()
    let written = promise ?? context.eventLoop.makePromise(of: Void.self)
    written.futureResult.assumeIsolated().whenComplete { result in
      switch result {
      case .success: self.report(delivery, context, wasDelivered: true)
      // Who has left has had a long response; nobody has left a server that closes.
      case .failure: self.report(delivery, context, wasDelivered: delivery.body != nil && !self.isCutOff)
      }
    }
    context.write(data, promise: written)
  }

  private func report(_ delivery: PendingDelivery, _ context: ChannelHandlerContext, wasDelivered: Bool) {
    let payment = delivery.payment
    guard delivery.body != nil else {
      if wasDelivered { payment.deliveredNow() } else { payment.failedNow() }
      return left(context)
    }
    // What takes a suspension is done before the connection, and with it the server, may end.
    let done = context.eventLoop.makePromise(of: Void.self)
    done.futureResult.assumeIsolated().whenComplete { _ in self.left(context) }
    Task {
      if wasDelivered { await payment.delivered() } else { await payment.failed() }
      done.succeed()
    }
  }

  // MARK: The end of the connection

  func close(context: ChannelHandlerContext, mode: CloseMode, promise: EventLoopPromise<Void>?) {
    switch mode {
    case .all where leaving > 0 && !isOutOfTime:
      if let heldClose {
        if let promise { heldClose.futureResult.cascade(to: promise) }
        return
      }
      heldClose = promise ?? context.eventLoop.makePromise()
      watchStall(context, unsent(context))
    case .all:
      closeNow(context, promise)
    case .input:
      // Of the framework's own, when the time for a graceful end is over.
      isOutOfTime = true
      context.close(mode: mode, promise: promise)
      letGo(context)
    case .output:
      // Fails what the socket has not taken, as the whole close does.
      noteCutOff()
      context.close(mode: mode, promise: promise)
    }
  }

  private func closeNow(_ context: ChannelHandlerContext, _ promise: EventLoopPromise<Void>?) {
    noteCutOff()
    context.close(mode: .all, promise: promise)
  }

  private func noteCutOff() {
    guard isQuiescing || isOutOfTime else { return }
    isCutOff = true
    delivering?.body?.cutOff()
  }

  /// A response is reported.
  private func left(_ context: ChannelHandlerContext) {
    leaving -= 1
    if leaving == 0 { letGo(context) }
  }

  private func letGo(_ context: ChannelHandlerContext) {
    guard let heldClose else { return }
    self.heldClose = nil
    stall?.cancel()
    stall = nil
    closeNow(context, heldClose)
  }

  private func watchStall(_ context: ChannelHandlerContext, _ unsent: Int) {
    stall = context.eventLoop.assumeIsolated().scheduleTask(in: Self.longestStall) {
      let now = self.unsent(context)
      if now == unsent { self.letGo(context) } else { self.watchStall(context, now) }
    }
  }

  /// Bytes that the socket has not taken.
  private func unsent(_ context: ChannelHandlerContext) -> Int {
    (try? context.channel.syncOptions?.getOption(.bufferedWritableBytes)) ?? 0
  }
}
