import MPPCore

/// How often a subscription may be charged (`07` §3.1, §4): a count of fixed units of elapsed seconds, without a
/// calendar.
public struct SubscriptionPeriod: Sendable, Hashable, CustomStringConvertible {
  /// The units of time of a Tempo subscription, under their names on the wire.
  public enum Unit: String, Sendable, Hashable, CaseIterable {
    /// 86,400 seconds, whatever the calendar says.
    case day
    /// Seven days.
    case week
    /// For development and tests.
    case developmentSecond = "dev_second"

    /// Nil unless the name is one of the three, byte for byte.
    public init?(rawValue: String) {
      guard let unit = Self.allCases.first(where: { $0.rawValue.equalsBytes(of: rawValue) }) else {
        return nil
      }
      self = unit
    }

    /// Length of one unit.
    public var seconds: UInt64 {
      switch self {
      case .day: 86_400
      case .week: 604_800
      case .developmentSecond: 1
      }
    }
  }

  /// Units in one period, above zero.
  public let count: UInt64
  /// The unit that is counted.
  public let unit: Unit
  /// `count × unit`, never zero.
  public let seconds: UInt64

  /// Throws for a count of zero and for more seconds than 64 bits hold.
  public init(count: UInt64, unit: Unit) throws(SubscriptionError) {
    guard count > 0 else { throw SubscriptionError("periodCount is invalid") }
    let (seconds, overflow) = count.multipliedReportingOverflow(by: unit.seconds)
    guard !overflow else { throw Self.tooLong }
    self.count = count
    self.unit = unit
    self.seconds = seconds
  }

  /// Reads the members `periodCount` (decimal digits, no leading zero) and `periodUnit` of a request. A month,
  /// which other methods have, is not a Tempo unit.
  public init(count text: String, unit name: String) throws(SubscriptionError) {
    guard WireText.isDigits(text), !text.utf8.starts(with: "0".utf8) else {
      throw SubscriptionError("periodCount is invalid")
    }
    guard let unit = Unit(rawValue: name) else { throw SubscriptionError("periodUnit is invalid") }
    guard let count = UInt64(text) else { throw Self.tooLong }
    try self.init(count: count, unit: unit)
  }

  private static let tooLong = SubscriptionError(
    "subscription period cannot be represented as an unsigned 64-bit integer")

  public var description: String { "\(count) \(unit.rawValue)" }
}
