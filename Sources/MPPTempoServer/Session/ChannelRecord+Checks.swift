import EVM
import MPPCore
import MPPTempo
import Tempo

// What a channel's record has to say for an action. Pure; asked when a credential is validated, and again when it is settled.
extension ChannelRecord {
  /// The channel takes payments.
  func checkServes() throws(PaymentProblem) {
    guard deposit > .zero else { throw SessionProblem.notFunded }
    guard phase == .open else { throw SessionProblem.closing }
  }

  /// Rules 2 to 10 of `04` §22: the channel can be closed with a voucher for `amount`.
  /// - Parameter signer: who would send the close.
  func checkCloses(_ amount: Amount, signer: Address) throws(PaymentProblem) {
    guard deposit > .zero else {
      throw PaymentProblem.channelClosed(reason: "channel deposit is zero (settled)")
    }
    guard amount >= spent else {
      throw SessionProblem.failed("close voucher amount must be >= \(spent) (spent)")
    }
    guard amount >= settled else {
      throw SessionProblem.failed("close voucher amount must be >= \(settled) (on-chain settled)")
    }
    guard max(spent, settled) <= deposit else {
      throw PaymentProblem.amountExceedsDeposit(reason: "close capture amount exceeds on-chain deposit")
    }
    try descriptor.checkSender(signer, channelID, verb: "close")
  }
}

extension ChannelDescriptor {
  /// Whether `sender` may settle and close this channel.
  func checkSender(_ sender: Address, _ id: Hash32, verb: String) throws(PaymentProblem) {
    guard sender != payee else { return }
    if !self.operator.isZero, sender == self.operator { return }
    var reason =
      "Cannot \(verb) precompile channel \(id.hex): tx sender \(sender) is not the channel payee \(payee)"
    if !self.operator.isZero { reason += " or operator \(self.operator)" }
    throw .badRequest(reason: reason)
  }
}
