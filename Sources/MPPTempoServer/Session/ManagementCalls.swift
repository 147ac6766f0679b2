import EVM
import MPPCore
import Tempo

/// The bytes of an `open` or `topUp` credential's transaction, decoded (`04` §18.5). Who signed it is not known yet:
/// ``ManagementTransaction`` is the one whose sender is. Pure.
struct ManagementCalls: Sendable {
  let signed: SignedTempoTransaction
  /// By its signature; nil when that names nobody, or somebody else than a hand-over says.
  let signer: RecoveredSender?
  let label: ManagementTransaction.Label
  let call: ChannelReserveCall

  /// - Parameters:
  ///   - escrow: the offer's reserve; the last call must go there.
  ///   - isSponsored: whether the offer pays the fee.
  init(
    parsing bytes: [UInt8], _ label: ManagementTransaction.Label, escrow: Address, isSponsored: Bool = false
  ) throws(PaymentProblem) {
    self.label = label
    let isTempo = bytes.first == TempoTransaction.type || bytes.first == TempoTransaction.handOffType
    guard isTempo || !isSponsored else {
      throw .badRequest(reason: "Only Tempo (0x76/0x78) transactions are supported")
    }
    do {
      signed = try SignedTempoTransaction(parsing: bytes)
    } catch {
      throw label.fault("transaction cannot be read")
    }
    signer = try? signed.recover()
    let calls = signed.transaction.calls
    guard calls.count == 1 || calls.count == 3, let last = calls.last else {
      throw label.fault(
        "transaction must contain one management call, optionally preceded by an auto-swap")
    }
    guard last.to == escrow else { throw label.fault("transaction targets the wrong address") }
    guard !last.data.isEmpty else { throw label.fault("transaction is missing calldata") }
    let call = try? ChannelReserveCall(calldata: last.data)
    switch (label, call) {
    case (.open, .open?): break
    case (.topUp, .topUp?): break
    default: throw SessionProblem.failed("Expected TIP-1034 \(label.rawValue) calldata")
    }
    guard let call else { throw SessionProblem.failed("Expected TIP-1034 \(label.rawValue) calldata") }
    self.call = call
  }

  /// The auto-swap in front of the call, if there is one: it must yield `amount` of `token`, exactly.
  func checkSwap(token: Address, amount: Amount) throws(PaymentProblem) {
    let calls = signed.transaction.calls
    guard calls.count == 3 else { return }
    let (approval, exchange) = (calls[0], calls[1])
    guard let approvalTarget = approval.to, let exchangeTarget = exchange.to, !approval.data.isEmpty,
      !exchange.data.isEmpty
    else { throw swapFault("call is missing a target or calldata") }
    guard approval.value.isZero, exchange.value.isZero else {
      throw swapFault("calls must not transfer native value")
    }
    guard exchangeTarget == TempoAddress.dex else { throw swapFault("targets the wrong DEX") }
    guard let approve = Decoded(approval.data, TIP20ABI.functions) else {
      throw swapFault("approval calldata is invalid")
    }
    guard let swap = Decoded(exchange.data, StablecoinDEXABI.functions) else {
      throw swapFault("swap calldata is invalid")
    }
    guard approve.function == TIP20ABI.approve, swap.function == StablecoinDEXABI.swapExactAmountOut else {
      throw swapFault("must contain approve followed by swapExactAmountOut")
    }
    try checkTerms(approve.arguments, approvalTarget, swap.arguments, token, amount)
    guard (try? TIP20Call(calldata: approval.data)) != nil else {
      throw swapFault("approval calldata is not canonical")
    }
    guard (try? SwapExactAmountOut(calldata: exchange.data)) != nil else {
      throw swapFault("swap calldata is not canonical")
    }
  }

  private func checkTerms(
    _ approve: [ABIValue], _ approved: Address, _ swap: [ABIValue], _ token: Address, _ amount: Amount
  ) throws(PaymentProblem) {
    guard approve.count == 2, let spender = try? approve[0].address(),
      let allowance = try? approve[1].uint256()
    else { throw swapFault("approval calldata is invalid") }
    guard swap.count == 4, let tokenIn = try? swap[0].address(), let tokenOut = try? swap[1].address(),
      let amountOut = try? swap[2].uint128(), let maxAmountIn = try? swap[3].uint128()
    else { throw swapFault("swap calldata is invalid") }
    guard approved == tokenIn else { throw swapFault("approval token does not match swap input") }
    guard spender == TempoAddress.dex else { throw swapFault("approval spender is not the DEX") }
    guard allowance == UInt256(maxAmountIn) else {
      throw swapFault("approval amount does not match swap maximum input")
    }
    guard tokenOut == token else { throw swapFault("output token does not match channel currency") }
    guard amountOut == amount.units else { throw swapFault("output amount does not match channel deposit") }
    guard tokenIn != tokenOut else { throw swapFault("input and output tokens must differ") }
  }

  private func swapFault(_ text: String) -> PaymentProblem { label.fault("auto-swap \(text)") }

  /// Calldata as loosely as a contract would read it; that it is canonical is asked last.
  private struct Decoded {
    let function: ABIFunction
    let arguments: [ABIValue]

    init?(_ data: [UInt8], _ functions: [ABIFunction]) {
      guard let function = functions.first(where: { $0.matches(data) }),
        let arguments = try? function.decode(data, form: .inBounds)
      else { return nil }
      self.function = function
      self.arguments = arguments
    }
  }
}
