public import MPPCore

/// When a subscription ends (`07` §4, §5): an instant in whole seconds, which is what the chain knows.
public struct SubscriptionExpiry: Sendable, Hashable {
  /// Seconds since 1970, above zero.
  public let seconds: UInt64

  /// - Throws: for zero, and for an instant after the year 9999.
  public init(seconds: UInt64) throws(SubscriptionError) {
    // The chain's clock has 64 bits; a date as text ends at the year 9999.
    guard seconds > 0, seconds <= 253_402_300_799 else {
      throw SubscriptionError("subscriptionExpires cannot be represented in a Tempo key authorization")
    }
    self.seconds = seconds
  }

  /// Reads the member `subscriptionExpires`, any RFC 3339 spelling of an instant. Impossible dates are refused.
  public init(_ text: String) throws(SubscriptionError) {
    let instant: Timestamp
    do {
      instant = try Timestamp(rfc3339: text)
    } catch {
      throw SubscriptionError("subscriptionExpires is invalid")
    }
    guard instant.milliseconds % 1000 == 0 else {
      throw SubscriptionError("subscriptionExpires must be representable as whole seconds")
    }
    guard let seconds = UInt64(exactly: instant.seconds) else {
      throw SubscriptionError("subscriptionExpires cannot be represented in a Tempo key authorization")
    }
    try self.init(seconds: seconds)
  }

  /// The spelling of the reference, `2027-01-01T00:00:00.000Z`.
  public var text: String { Timestamp(seconds: Int64(seconds)).rfc3339 }

  /// Throws unless the subscription outlives the challenge that offers it, counted in whole seconds. A challenge
  /// without expiry is outlived by anything.
  public func checkOutlives(challengeExpires: String?) throws(SubscriptionError) {
    guard let challengeExpires else { return }
    let isLater: Bool
    do {
      isLater = Int64(seconds) > (try Timestamp(rfc3339: challengeExpires)).seconds
    } catch {
      isLater = false
    }
    guard isLater else {
      throw SubscriptionError("subscriptionExpires must be strictly later than challenge expires")
    }
  }
}
