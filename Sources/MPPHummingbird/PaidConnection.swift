public import Hummingbird
import NIOCore

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

  /// Watches the connection from now on, unless it is watched already. Call it before the response of this request is returned.
  func watch() {
    if monitor == nil { DeliveryHandler.install(on: channel) }
  }
}
