import EVM
public import Tempo

/// The calls of a payment transaction: transfers, optionally after an exchange that yields the tokens (`06` §1.9).
public struct PaymentCalls: Sendable, Hashable {
  /// The exchange in front of the transfers: `approve` of its input to the exchange, then the exchange.
  public let swap: SwapExactAmountOut?
  /// One to ``maximumTransfers``, in the order of the calls; `from` is nil, the sender of the transaction
  /// pays.
  public let transfers: [TokenMovement]

  /// Most transfers of one transaction: the main payment and ten splits.
  public static let maximumTransfers = 11

  /// Accepts `[approve, swapExactAmountOut]?` and then one or more transfers, everything in canonical encoding and
  /// without native value.
  public init(_ calls: [Call]) throws(PaymentCallsError) {
    var rest = calls[...]
    swap = try Self.takeSwap(&rest)
    guard !rest.isEmpty, rest.count <= Self.maximumTransfers else { throw .pattern }
    var transfers: [TokenMovement] = []
    for call in rest {
      guard let movement = TokenMovement(call: call) else { throw .pattern }
      transfers.append(movement)
    }
    self.transfers = transfers
  }

  private static func takeSwap(_ calls: inout ArraySlice<Call>) throws(PaymentCallsError)
    -> SwapExactAmountOut?
  {
    guard let first = calls.first, TIP20ABI.approve.matches(first.data) else { return nil }
    guard calls.count >= 2, let approval = try? TIP20Call(calldata: first.data),
      case .approve(let spender, let approved) = approval
    else { throw .pattern }
    let exchange = calls[calls.startIndex + 1]
    guard let swap = try? SwapExactAmountOut(calldata: exchange.data) else { throw .pattern }
    guard first.value == .zero, exchange.value == .zero else { throw .pattern }
    guard first.to == swap.tokenIn else { throw .approvalTarget }
    guard spender == TempoAddress.dex else { throw .approvalSpender }
    guard approved == UInt256(swap.maxAmountIn) else { throw .approvalAmount }
    guard exchange.to == TempoAddress.dex else { throw .exchangeTarget }
    calls = calls.dropFirst(2)
    return swap
  }
}

/// Why the calls of a transaction are not those of a payment. The texts follow `06` §1.11.
public enum PaymentCallsError: Error, Sendable, Hashable, CustomStringConvertible {
  /// Another number, order or kind of calls, native value, or calldata that is not canonical.
  case pattern
  /// The token that is approved is not the one the exchange takes.
  case approvalTarget
  /// Somebody other than the exchange would be allowed to take the token.
  case approvalSpender
  /// The allowance is not exactly what the exchange may take at most.
  case approvalAmount
  /// The second call goes to another contract than the exchange.
  case exchangeTarget

  public var description: String {
    switch self {
    case .pattern: "disallowed call pattern in fee-payer transaction"
    case .approvalTarget: "approve target does not match swap tokenIn"
    case .approvalSpender: "approve spender is not the DEX"
    case .approvalAmount: "approve amount does not match swap max input"
    case .exchangeTarget: "buy target is not the DEX"
    }
  }
}
