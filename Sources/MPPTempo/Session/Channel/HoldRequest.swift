public import MPPCore

/// What a request wants to set aside.
public struct HoldRequest: Sendable, Equatable {
  /// A name that was never used on the channel.
  public let id: HoldID
  /// Base units; zero is refused.
  public let amount: Amount
  /// The server's clock; holds of other processes whose lease has ended by then give way when room is short.
  public let now: Timestamp
  /// End of the lease; later than the longest time the content may take.
  public let expires: Timestamp

  /// - Parameters:
  ///   - amount: base units.
  ///   - expires: end of the lease; renew it for content that takes longer.
  public init(id: HoldID, amount: Amount, now: Timestamp, expires: Timestamp) {
    self.id = id
    self.amount = amount
    self.now = now
    self.expires = expires
  }
}
