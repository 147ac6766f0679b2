public import MPPCore

/// What a request wants to set aside.
public struct HoldRequest: Sendable, Equatable {
  public let id: HoldID
  /// Base units; zero is refused.
  public let amount: Amount
  public let now: Timestamp
  /// End of the lease; later than the longest time the content may take.
  public let expires: Timestamp

  public init(id: HoldID, amount: Amount, now: Timestamp, expires: Timestamp) {
    self.id = id
    self.amount = amount
    self.now = now
    self.expires = expires
  }
}
