public import EVM

/// What is left of a limit of an access key (`02` §9.1).
public struct AccessKeyLimit: Sendable, Hashable {
  /// Base units.
  public let remaining: UInt256
  /// Seconds since 1970 at which the full amount is there again; zero for a limit that never is.
  public let periodEnd: UInt64

  /// - Parameters:
  ///   - remaining: base units.
  ///   - periodEnd: seconds since 1970; zero for a limit that is never renewed.
  public init(remaining: UInt256, periodEnd: UInt64) {
    self.remaining = remaining
    self.periodEnd = periodEnd
  }
}

extension AccountKeychainABI {
  /// What is left for one token; read the answer with ``decodeRemainingLimit(_:)``. Zero also for a missing,
  /// revoked or expired key.
  public static func getRemainingLimitCalldata(
    account: Address, key: Address, token: Address
  ) throws(TempoError) -> [UInt8] {
    try ABIReader.encode(
      getRemainingLimitWithPeriod, [.address(account), .address(key), .address(token)])
  }

  /// Return data of `getRemainingLimitWithPeriod`; a period that is over is renewed already.
  public static func decodeRemainingLimit(_ data: [UInt8]) throws(TempoError) -> AccessKeyLimit {
    var values = try ABIReader.decodeReturn(getRemainingLimitWithPeriod, data)
    return AccessKeyLimit(remaining: try values.uint256(), periodEnd: try values.uint64())
  }

  /// Read the answer with ``decodeAllowedCalls(_:)``. A missing, revoked or expired key is allowed nothing.
  public static func getAllowedCallsCalldata(account: Address, key: Address) throws(TempoError) -> [UInt8] {
    try ABIReader.encode(getAllowedCalls, [.address(account), .address(key)])
  }

  /// Return data of `getAllowedCalls`; `nil` allows every call, an empty list none.
  public static func decodeAllowedCalls(_ data: [UInt8]) throws(TempoError) -> [CallScope]? {
    var values = try ABIReader.decodeReturn(getAllowedCalls, data)
    guard try values.bool() else { return nil }
    var scopes: [CallScope] = []
    var items = try values.nested()
    while !items.isEmpty {
      var item = try items.nested()
      var scope = CallScope(target: try item.address())
      var rules = try item.nested()
      while !rules.isEmpty {
        var rule = try rules.nested()
        let bytes = try rule.bytes()
        guard let selector = try? Selector(bytes) else { throw .abi(getAllowedCalls.name) }
        var recipients: [Address] = []
        var addresses = try rule.nested()
        while !addresses.isEmpty { recipients.append(try addresses.address()) }
        scope.rules.append(SelectorRule(selector: selector, recipients: recipients))
      }
      scopes.append(scope)
    }
    return scopes
  }
}
