public import EVM
public import MPPServer

extension PaymentServer {
  /// Captures on chain what a channel has delivered and a voucher covers (`04` §21.1, DESIGN §4); the channel
  /// stays open. Safe to repeat and to run at once: a settlement under way, also one from before a restart,
  /// is finished before another is signed.
  ///
  /// - Parameter channelID: the channel.
  /// - Returns: what was captured, durable and on chain; nil when there is nothing to settle.
  /// - Throws: `PaymentProblem` (`unavailable`: the outcome is not known yet, call again), `StoreError`, or
  ///   `ConfigurationError` when this server takes no sessions.
  public func settle(channelID: Hash32) async throws -> SettlementEvent? {
    let key = MethodKey(name: "tempo", intent: "session", version: "v2")
    guard let method = try method(for: key) as? TempoSessionMethod else {
      throw ConfigurationError(.offer, "another method is registered as \(key)")
    }
    return try await method.settle(channelID: channelID.hex)
  }
}
