public import MPPCore

/// A price set aside for content that is being delivered: committed when it has been handed over, released when not.
public struct Hold: Sendable, Hashable {
  /// Which process took it, and which of its holds it is; unique in a record.
  public let id: HoldID
  /// Base units, more than zero.
  public let amount: Amount
  /// From here on the hold may be released by any other process, and by a close: its own is taken for dead. The process
  /// that took it keeps it until its content was delivered or was not.
  public let expires: Timestamp

  /// - Parameters:
  ///   - amount: base units, more than zero.
  ///   - expires: end of the lease, on the server's clock.
  public init(id: HoldID, amount: Amount, expires: Timestamp) {
    self.id = id
    self.amount = amount
    self.expires = expires
  }
}
