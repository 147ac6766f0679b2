import EVM
import MPPCore
import MPPTempo
import Tempo

/// An `open` credential that passed every check that needs neither the chain nor the ledger (`04` §18.1, V1
/// to V14). The voucher's signature is checked last, by the caller.
struct VerifiedOpen: Sendable {
  let channelID: Hash32
  let descriptor: ChannelDescriptor
  let deposit: Amount
  let voucher: SignedVoucher
  let transaction: ManagementTransaction

  init(_ payload: SessionPayload.Open, _ terms: SessionTerms, now: Timestamp) throws(PaymentProblem) {
    try terms.check(payload.channelID, payload.descriptor, known: nil)
    let descriptor = payload.descriptor
    if let signer = payload.authorizedSigner, signer != descriptor.authorizedSigner {
      throw SessionProblem.failed("credential authorizedSigner does not match descriptor")
    }
    let calls = try ManagementCalls(
      parsing: payload.transaction, .open, escrow: terms.escrow, isSponsored: terms.isSponsored)
    guard case .open(let arguments) = calls.call else {
      throw SessionProblem.failed("Expected TIP-1034 open calldata")
    }
    try Self.check(arguments, descriptor, terms)
    let deposit = Amount(units: arguments.deposit)
    try calls.checkSwap(token: terms.currency, amount: deposit)
    // The id binds payer and salt, which the arguments alone do not.
    let rebuilt = arguments.descriptor(
      payer: calls.signer?.account ?? descriptor.payer, expiringNonceHash: descriptor.expiringNonceHash)
    guard rebuilt.channelID(escrow: terms.escrow, chainID: terms.chainID) == payload.channelID else {
      throw SessionProblem.failed("TIP-1034 ChannelOpened channelId does not match descriptor")
    }
    let transaction = try ManagementTransaction(
      calls, chainID: terms.chainID, isSponsored: terms.isSponsored)
    let nonceHash = transaction.signed.transaction.expiringNonceHash(sender: transaction.sender)
    guard nonceHash == descriptor.expiringNonceHash else {
      throw SessionProblem.failed("credential expiringNonceHash does not match transaction")
    }
    try transaction.checkValidity(.open, now: now)
    guard deposit >= terms.amount else {
      throw SessionProblem.failed("open deposit is less than request amount")
    }
    guard payload.cumulativeAmount >= terms.amount else {
      throw SessionProblem.failed("voucher amount is less than request amount")
    }
    guard rebuilt == descriptor else { throw SessionProblem.foreignDescriptor }
    guard payload.cumulativeAmount <= deposit else {
      throw .amountExceedsDeposit(reason: "voucher amount exceeds open deposit")
    }
    channelID = payload.channelID
    self.descriptor = descriptor
    self.deposit = deposit
    self.transaction = transaction
    voucher = SignedVoucher(
      channelID: payload.channelID, cumulativeAmount: payload.cumulativeAmount, signature: payload.signature)
  }

  private static func check(
    _ arguments: ChannelReserveCall.Open, _ descriptor: ChannelDescriptor, _ terms: SessionTerms
  ) throws(PaymentProblem) {
    guard arguments.payee == terms.recipient else {
      throw SessionProblem.failed("TIP-1034 open payee does not match challenge")
    }
    guard arguments.operator == terms.operator else {
      throw SessionProblem.failed("TIP-1034 open operator does not match challenge")
    }
    guard arguments.token == terms.currency else {
      throw SessionProblem.failed("TIP-1034 open token does not match challenge")
    }
    guard arguments.authorizedSigner == descriptor.authorizedSigner else {
      throw SessionProblem.failed("TIP-1034 open authorizedSigner does not match credential")
    }
  }
}
