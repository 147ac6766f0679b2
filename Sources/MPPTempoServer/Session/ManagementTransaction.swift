import EVM
import MPPCore
import MPPTempo
import Tempo
import TempoRPC

/// The transaction of an `open` or `topUp` credential with a sender: decoded, and signed by who sends it. Pure.
struct ManagementTransaction: Sendable {
  let signed: SignedTempoTransaction
  /// Who sends it and with which key, by its signature.
  let signer: RecoveredSender
  let call: ChannelReserveCall

  var sender: Address { signer.account }

  /// What the payer signed, and who it is: the chain includes it once at most, whoever sponsors it.
  var identity: Hash32 { signed.transaction.expiringNonceHash(sender: sender) }

  enum Label: String {
    case open
    case topUp

    func fault(_ text: String) -> PaymentProblem { SessionProblem.failed("TIP-1034 \(rawValue) \(text)") }
  }

  /// V8 and W55: the sender is named by a signature for this chain. Nothing of an unsigned or badly signed transaction
  /// goes on.
  /// - Parameter isSponsored: whether the offer pays the fee.
  init(_ calls: ManagementCalls, chainID: UInt64, isSponsored: Bool) throws(PaymentProblem) {
    signed = calls.signed
    call = calls.call
    guard signed.isFinal || isSponsored else {
      throw .badRequest(reason: "fee sponsorship is not offered by this server")
    }
    guard let signer = calls.signer else {
      throw signed.isFinal
        ? calls.label.fault("transaction is not signed by its sender")
        : .badRequest(reason: "Transaction must be signed by the sender before fee payer co-signing")
    }
    self.signer = signer
    guard signed.transaction.chainID == chainID else {
      throw calls.label.fault("transaction is for another chain")
    }
    guard signed.transaction.calls.allSatisfy({ $0.value.isZero }) else {
      throw calls.label.fault("calls must not transfer native value")
    }
  }

  /// The transaction of a `topUp` credential, which does what the credential says.
  init(_ payload: SessionPayload.TopUp, _ call: SessionCall) throws(PaymentProblem) {
    let isSponsored = call.terms.isSponsored
    let calls = try ManagementCalls(
      parsing: payload.transaction, .topUp, escrow: call.terms.escrow, isSponsored: isSponsored)
    guard case .topUp(let descriptor, let amount) = calls.call, descriptor == payload.descriptor else {
      throw SessionProblem.failed("TIP-1034 topUp descriptor does not match stored channel")
    }
    guard amount == payload.additionalDeposit.units else {
      throw SessionProblem.failed("TIP-1034 topUp deposit does not match credential")
    }
    try calls.checkSwap(token: call.terms.currency, amount: payload.additionalDeposit)
    try self.init(calls, chainID: call.terms.chainID, isSponsored: isSponsored)
    guard sender == descriptor.payer else {
      throw SessionProblem.failed("TIP-1034 topUp transaction is not sent by the channel payer")
    }
    try checkValidity(.topUp, now: call.now)
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
}
