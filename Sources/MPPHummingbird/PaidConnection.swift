import HTTPTypes
public import Hummingbird
import MPPServer
import NIOCore
import NIOHTTPTypes

/// What a request context keeps of its connection, so that a paid response of known length leaves in one write, as an unpaid one
/// does: a handler on the channel tells when it has been written, and the price is charged then.
///
/// Make it in the context's `init(source:)`, once for each request; see ``PaidRequestContext``.
public struct PaidConnection: Sendable {
  private let channel: any Channel
  /// `nil` until the connection is watched.
  private let monitor: DeliveryMonitor?
  /// This request among those of the watched connection.
  private let number: Int

  /// Counts a request of the connection: make one for each request, and no more.
  public init(_ source: ApplicationRequestContextSource) {
    channel = source.channel
    monitor = DeliveryMonitors.shared.monitor(of: channel)
    number = monitor?.begin() ?? 0
  }

  /// Announces the response that is written next. `false`: the connection is not watched, so nothing would tell what became of it.
  func expect(_ delivery: PendingDelivery) -> Bool {
    monitor?.expect(delivery, number) ?? false
  }

  /// Announces a response that reports for itself, and watches the connection from now on. Call it before the response is returned, and
  /// ``handedOver(_:_:)`` when its last part was.
  func follow(_ payment: Payment, isBodyless: Bool) -> BodyDelivery {
    let body = BodyDelivery()
    let delivery = PendingDelivery(payment: payment, isBodyless: isBodyless, body: body)
    if let monitor {
      _ = monitor.expect(delivery, number)
    } else {
      DeliveryHandler.install(on: channel, expecting: delivery)
    }
    return body
  }

  /// All of a response has been handed to the transport. The channel reports when the socket has taken it; what the channel has not seen
  /// pass is charged now.
  func handedOver(_ payment: Payment, _ body: BodyDelivery) {
    // Behind the last part, which was queued before.
    channel.eventLoop.execute {
      if !body.isLeaving { payment.deliveredNow() }
    }
  }

  /// Watches the connection from now on, unless it is watched already. Call it before the response of this request is returned.
  func watch() {
    if monitor == nil { DeliveryHandler.install(on: channel) }
  }

  /// Ends the connection with the response of this request.
  func closeAfterResponse() { ClosingHandler.install(on: channel) }

  /// Tells a client that waits for it to send its body (RFC 9110 §10.1.1).
  func askForBody() {
    channel.writeAndFlush(HTTPResponsePart.head(HTTPResponse(status: .continue)), promise: nil)
  }
}
