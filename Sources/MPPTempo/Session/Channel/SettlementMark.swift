public import MPPCore

/// What had been delivered when the last settlement was sent; where the settlement schedule counts from (`04` §21.3, W38).
public struct SettlementMark: Sendable, Hashable {
  /// When the settlement was sent, on the server's clock.
  public let at: Timestamp
  /// ``ChannelRecord/spent`` at that time.
  public let spent: Amount
  /// ``ChannelRecord/units`` at that time.
  public let units: UInt64

  /// - Parameters:
  ///   - spent: base units in total.
  ///   - units: number of charges in total.
  public init(at: Timestamp, spent: Amount, units: UInt64) {
    self.at = at
    self.spent = spent
    self.units = units
  }
}
