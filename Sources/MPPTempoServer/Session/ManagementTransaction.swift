import EVM
import MPPCore
import MPPTempo
import Tempo
import TempoRPC

/// The transaction of an `open` or `topUp` credential, decoded and checked without the chain (`04` §18.5).
/// Pure.
struct ManagementTransaction: Sendable {
  let signed: SignedTempoTransaction
  /// Who sends it and with which key, by its signature.
  let signer: RecoveredSender
  let call: ChannelReserveCall
  let swap: SwapExactAmountOut?

  var sender: Address { signer.account }

  /// What the payer signed, and who it is: the chain includes it once at most, whoever sponsors it.
  var identity: Hash32 { signed.transaction.expiringNonceHash(sender: sender) }

  enum Label: String {
    case open
    case topUp
  }

  /// - Parameters:
  ///   - escrow: the offer's reserve; the last call must go there.
  ///   - isSponsored: whether the offer pays the fee.
  init(
    parsing bytes: [UInt8], _ label: Label, escrow: Address, chainID: UInt64, isSponsored: Bool = false
  ) throws(PaymentProblem) {
    do {
      signed = try SignedTempoTransaction(parsing: bytes)
    } catch {
      throw SessionProblem.failed("TIP-1034 \(label.rawValue) transaction cannot be read")
    }
    let calls = signed.transaction.calls
    guard calls.count == 1 || calls.count == 3, let last = calls.last else {
      throw SessionProblem.failed(
        "TIP-1034 \(label.rawValue) transaction must contain one management call, optionally preceded by an auto-swap"
      )
    }
    guard last.to == escrow else {
      throw SessionProblem.failed("TIP-1034 \(label.rawValue) transaction targets the wrong address")
    }
    guard !last.data.isEmpty else {
      throw SessionProblem.failed("TIP-1034 \(label.rawValue) transaction is missing calldata")
    }
    do {
      call = try ChannelReserveCall(calldata: last.data)
    } catch {
      throw SessionProblem.failed("Expected TIP-1034 \(label.rawValue) calldata")
    }
    switch (label, call) {
    case (.open, .open), (.topUp, .topUp): break
    default: throw SessionProblem.failed("Expected TIP-1034 \(label.rawValue) calldata")
    }
    swap = calls.count == 3 ? try Self.swap(calls, label) : nil
    // The sender is named by its signature: nothing of an unsigned or badly signed transaction goes on.
    guard signed.isFinal || isSponsored else {
      throw .badRequest(reason: "fee sponsorship is not offered by this server")
    }
    guard let signer = try? signed.recover() else {
      throw SessionProblem.failed("TIP-1034 \(label.rawValue) transaction is not signed by its sender")
    }
    self.signer = signer
    guard signed.transaction.chainID == chainID else {
      throw SessionProblem.failed("TIP-1034 \(label.rawValue) transaction is for another chain")
    }
    guard signed.transaction.calls.allSatisfy({ $0.value.isZero }) else {
      throw SessionProblem.failed("TIP-1034 \(label.rawValue) calls must not transfer native value")
    }
  }

  /// The transaction of a `topUp` credential, which does what the credential says.
  init(_ payload: SessionPayload.TopUp, _ call: SessionCall) throws(PaymentProblem) {
    try self.init(
      parsing: payload.transaction, .topUp, escrow: call.terms.escrow, chainID: call.terms.chainID,
      isSponsored: call.terms.isSponsored)
    guard case .topUp(let descriptor, let amount) = self.call, descriptor == payload.descriptor else {
      throw SessionProblem.failed("TIP-1034 topUp descriptor does not match stored channel")
    }
    guard amount == payload.additionalDeposit.units else {
      throw SessionProblem.failed("TIP-1034 topUp deposit does not match credential")
    }
    try checkSwap(.topUp, token: call.terms.currency, amount: payload.additionalDeposit)
    guard sender == descriptor.payer else {
      throw SessionProblem.failed("TIP-1034 topUp transaction is not sent by the channel payer")
    }
    try checkValidity(.topUp, now: call.now)
  }

  /// The token and the amount that an auto-swap must yield.
  func checkSwap(
    _ label: Label, token: Address, amount: Amount
  ) throws(PaymentProblem) {
    guard let swap else { return }
    guard swap.tokenOut == token else {
      throw Self.swapFault(label, "output token does not match channel currency")
    }
    guard swap.amountOut == amount.units else {
      throw Self.swapFault(label, "output amount does not match channel deposit")
    }
    guard swap.tokenIn != swap.tokenOut else {
      throw Self.swapFault(label, "input and output tokens must differ")
    }
  }

  /// What can be said without the chain: the transaction has an end that is not far, and nothing that a node may
  /// wait for, such as an earlier nonce.
  func checkValidity(_ label: Label, now: Timestamp) throws(PaymentProblem) {
    let transaction = signed.transaction
    guard let validBefore = transaction.validBefore else {
      throw SessionProblem.failed("TIP-1034 \(label.rawValue) transaction has no validBefore")
    }
    guard transaction.nonceKey == ExpiringNonce.key, transaction.nonce == 0 else {
      throw SessionProblem.failed("TIP-1034 \(label.rawValue) transaction has no expiring nonce")
    }
    guard validBefore <= UInt64(clamping: now.adding(seconds: Self.longestValidity).seconds) else {
      throw SessionProblem.failed("TIP-1034 \(label.rawValue) transaction is valid for too long")
    }
  }

  /// Whether the next block can include it, by the clock and the fees of the chain. Checked before the first
  /// sending only: later, the end of a transaction says nothing about what became of it.
  ///
  /// - Parameter longest: milliseconds.
  func checkInclusion(
    _ label: Label, head: ChainBlock, now: Timestamp, longest: Int64
  ) throws(PaymentProblem) {
    let transaction = signed.transaction
    let wall = UInt64(clamping: now.seconds)
    let latest = max(head.timestamp, wall)
    guard let validBefore = transaction.validBefore, validBefore > head.timestamp,
      validBefore > wall - min(wall, Self.clockSkew)
    else { throw SessionProblem.failed("TIP-1034 \(label.rawValue) transaction has expired") }
    let (bound, overflow) = latest.addingReportingOverflow(UInt64(clamping: longest / 1_000))
    guard overflow || validBefore <= bound else {
      throw SessionProblem.failed("TIP-1034 \(label.rawValue) transaction is valid for too long")
    }
    guard (transaction.validAfter ?? 0) <= latest + Self.clockSkew else {
      throw SessionProblem.failed("TIP-1034 \(label.rawValue) transaction is not valid yet")
    }
    if let base = head.baseFeePerGas, transaction.maxFeePerGas < base {
      throw SessionProblem.failed("TIP-1034 \(label.rawValue) transaction offers less than the base fee")
    }
  }

  /// Seconds. The rest of the rule is ``checkInclusion(_:head:now:longest:)``, with the chain's clock.
  private static let longestValidity: Int64 = 900
  /// Seconds by which our clock and the chain's may differ.
  private static let clockSkew: UInt64 = 5

  private static func swap(_ calls: [Call], _ label: Label) throws(PaymentProblem) -> SwapExactAmountOut {
    let approval = calls[0]
    let exchange = calls[1]
    guard let approvalTarget = approval.to, let exchangeTarget = exchange.to, !approval.data.isEmpty,
      !exchange.data.isEmpty
    else { throw swapFault(label, "call is missing a target or calldata") }
    guard approval.value.isZero, exchange.value.isZero else {
      throw swapFault(label, "calls must not transfer native value")
    }
    guard exchangeTarget == TempoAddress.dex else { throw swapFault(label, "targets the wrong DEX") }
    let (spender, approved) = try approve(approval.data, label)
    let swap = try decode(exchange.data, label)
    guard approvalTarget == swap.tokenIn else {
      throw swapFault(label, "approval token does not match swap input")
    }
    guard spender == TempoAddress.dex else { throw swapFault(label, "approval spender is not the DEX") }
    guard approved == UInt256(swap.maxAmountIn) else {
      throw swapFault(label, "approval amount does not match swap maximum input")
    }
    return swap
  }

  /// Strict decoding is canonical decoding: what decodes loosely only is reported as not canonical.
  private static func approve(
    _ data: [UInt8], _ label: Label
  ) throws(PaymentProblem) -> (Address, UInt256) {
    guard TIP20ABI.functions.contains(where: { $0.matches(data) }) else {
      throw swapFault(label, "approval calldata is invalid")
    }
    guard TIP20ABI.approve.matches(data) else {
      throw swapFault(label, "must contain approve followed by swapExactAmountOut")
    }
    if case .approve(let spender, let amount)? = try? TIP20Call(calldata: data) { return (spender, amount) }
    let isLoose = (try? TIP20ABI.approve.decode(data, form: .inBounds)) != nil
    throw swapFault(
      label, isLoose ? "approval calldata is not canonical" : "approval calldata is invalid")
  }

  private static func decode(_ data: [UInt8], _ label: Label) throws(PaymentProblem) -> SwapExactAmountOut {
    guard StablecoinDEXABI.functions.contains(where: { $0.matches(data) }) else {
      throw swapFault(label, "swap calldata is invalid")
    }
    guard StablecoinDEXABI.swapExactAmountOut.matches(data) else {
      throw swapFault(label, "must contain approve followed by swapExactAmountOut")
    }
    if let swap = try? SwapExactAmountOut(calldata: data) { return swap }
    let isLoose = (try? StablecoinDEXABI.swapExactAmountOut.decode(data, form: .inBounds)) != nil
    throw swapFault(label, isLoose ? "swap calldata is not canonical" : "swap calldata is invalid")
  }

  private static func swapFault(_ label: Label, _ text: String) -> PaymentProblem {
    SessionProblem.failed("TIP-1034 \(label.rawValue) auto-swap \(text)")
  }
}
