import MPPCore
import MPPServer
import MPPTempo
import TempoRPC

/// The problem documents of the session method, with the texts of `04` §18 to §22.
enum SessionProblem {
  static let channelNotFound = PaymentProblem.channelNotFound(reason: "channel not found")
  static let notFunded = PaymentProblem.channelNotFound(reason: "channel not funded on-chain")
  static let finalized = PaymentProblem.channelClosed(reason: "channel is finalized")
  static let alreadyFinalized = PaymentProblem.channelClosed(reason: "channel is already finalized")
  static let closing = PaymentProblem.channelClosed(reason: "channel has a pending close request")
  static let priceNotHeld = PaymentProblem.channelClosed(
    reason: "the price of this request was given back before it was answered")
  static let invalidSignature = PaymentProblem.invalidSignature(reason: "invalid voucher signature")
  static let foreignDescriptor = failed("credential descriptor does not match stored channel")
  static let voucherTooLow = failed(
    "voucher cumulativeAmount must be strictly greater than highest accepted voucher")
  static let belowSettled = failed("voucher cumulativeAmount is below on-chain settled amount")
  static let exceedsDeposit = PaymentProblem.amountExceedsDeposit(
    reason: "voucher amount exceeds on-chain deposit")

  static let notSponsored = failed("Invalid transaction: the fee of this session is not sponsored")

  static func failed(_ reason: String) -> PaymentProblem { .verificationFailed(reason: reason) }

  static func short(_ requested: Amount, _ available: Amount) -> PaymentProblem {
    .insufficientBalance(reason: "requested \(requested), available \(available)")
  }

  /// The ledger's refusal as the peer sees it.
  static func refusal(_ error: ChannelTransitionError) -> PaymentProblem {
    switch error {
    case .notFound: channelNotFound
    case .finalized: finalized
    case .closing, .closeRequested, .notCloser: closing
    case .notFunded: notFunded
    case .insufficientBalance(let requested, let available): short(requested, available)
    case .exceedsDeposit: exceedsDeposit
    case .belowAccepted: voucherTooLow
    case .belowSettled: belowSettled
    case .deltaTooSmall(let delta, let minimum):
      .deltaTooSmall(reason: "voucher delta \(delta) below minimum \(minimum)")
    case .belowCapture(_, let capture): failed("close voucher amount must be >= \(capture) (capture amount)")
    case .malformedSignature: invalidSignature
    case .foreignChannel: foreignDescriptor
    case .tooManyHolds: .unavailable(reason: "too many requests of this channel are under way", retryAfter: 1)
    case .unknownHold, .duplicateHold, .zeroAmount, .overflow, .contradiction, .invariant:
      failed("the channel's books refuse this")
    }
  }

  /// A transaction without effect, or one whose end is not known yet.
  static func transaction(_ outcome: BroadcastResult.Outcome, _ label: String) -> PaymentProblem {
    switch outcome {
    case .reverted: failed("precompile transaction reverted")
    case .rejected: failed("\(label) transaction was rejected")
    case .expired: failed("\(label) transaction expired")
    case .included, .effective, .unavailable, .pending:
      .unavailable(reason: "\(label) transaction is not confirmed yet", retryAfter: 1)
    }
  }
}
