public import EVM

/// What a transaction takes at most from the limits of the access key that signs it, by token (`02` §9.5).
public struct TokenSpending: Sendable, Hashable {
  /// Base units.
  public private(set) var amounts: [Address: UInt256] = [:]

  /// Of these calls: transfers, allowances, deposits, and what an exchange pulls. Others are not counted: the dry run of the
  /// transaction sees them.
  public init(calls: [Call]) throws(TempoError) {
    for call in calls { try add(call) }
  }

  /// Adds, for example, a fee.
  public mutating func add(_ amount: UInt256, of token: Address) throws(TempoError) {
    do {
      amounts[token] = try (amounts[token] ?? .zero).adding(amount)
    } catch {
      throw .amountOutOfRange
    }
  }

  private mutating func add(_ call: Call) throws(TempoError) {
    guard let target = call.to else { return }
    if let transfer = try? TIP20Call(calldata: call.data) {
      switch transfer {
      case .transfer(_, let amount), .transferWithMemo(_, let amount, _), .approve(_, let amount):
        try add(amount, of: target)
      case .transferFrom, .transferFromWithMemo: break
      }
    } else if let swap = try? SwapExactAmountOut(calldata: call.data) {
      try add(UInt256(swap.maxAmountIn), of: swap.tokenIn)
    } else if let deposit = try? ChannelReserveCall(calldata: call.data) {
      switch deposit {
      case .open(let open): try add(UInt256(open.deposit), of: open.token)
      case .topUp(let descriptor, let additional): try add(UInt256(additional), of: descriptor.token)
      default: break
      }
    }
  }
}
