public import EVM

/// How much of one token an access key may move (`02` §9.2, §9.5).
public struct SpendingLimit: Sendable, Hashable {
  /// The token. The chain refuses two limits for one; a token without one cannot be spent at all once there
  /// are limits.
  public var token: Address
  /// Base units. The chain takes at most 2^128 − 1.
  public var amount: UInt256
  /// Seconds after which the full amount is there again; zero makes it a limit for the life of the key.
  public var period: UInt64

  /// - Parameters:
  ///   - amount: base units.
  ///   - period: seconds; zero: the amount is for the life of the key.
  public init(token: Address, amount: UInt256, period: UInt64 = 0) {
    self.token = token
    self.amount = amount
    self.period = period
  }

  /// `[token, amount, period]`; a period of zero is left out.
  var item: RLPItem {
    .list([.address(token), RLP.uint(amount)] + (period == 0 ? [] : [RLP.uint(period)]))
  }

  init(item: RLPItem) throws(TempoError) {
    let fields = try RLPFields.list(item, "keyAuthorization.limits")
    guard fields.count == 2 || fields.count == 3 else { throw .invalidField("keyAuthorization.limits") }
    token = try RLPFields.address(fields[0], "keyAuthorization.limits.token")
    amount = try RLPFields.uint256(fields[1], "keyAuthorization.limits.limit")
    period = fields.count == 3 ? try RLPFields.uint64(fields[2], "keyAuthorization.limits.period") : 0
  }

  var rpcForm: RPCValue {
    var members: [RPCValue.Member] = [
      .init("token", .address(token)), .init("limit", .string(amount.hexQuantity)),
    ]
    if period != 0 { members.append(.init("period", .quantity(period))) }
    return .object(members)
  }

  init(rpcForm value: RPCValue) throws(TempoError) {
    token = try RPCFields.address(value["token"], "limits.token")
    amount = try RPCFields.uint256(value["limit"], "limits.limit")
    period =
      try RPCFields.present(value["period"]).map { value throws(TempoError) in
        try RPCFields.uint64(value, "limits.period")
      } ?? 0
  }
}
