import EVM
import MPPClient
import MPPCore
import MPPTempo
import Tempo

/// What a receipt must name to be believed (`05` §11, C27): this exchange's challenge, its channel, and amounts within
/// what was signed. A receipt never raises anything that is signed later.
enum ReceiptCheck {
  static func check(
    _ receipt: SessionReceipt, channel: ClientChannel, challenge: Challenge
  ) throws(PaymentClientError) {
    guard receipt.channelID == channel.channelID else {
      throw invalid("it names channel \(receipt.channelID)")
    }
    guard receipt.challengeID.equalsBytes(of: challenge.id) else {
      throw invalid("it names another challenge")
    }
    let authorized = channel.account.authorized
    guard receipt.acceptedCumulative <= authorized else {
      throw invalid("\(receipt.acceptedCumulative) accepted, \(authorized) authorised")
    }
    guard receipt.spent <= receipt.acceptedCumulative else {
      throw invalid("\(receipt.spent) spent, \(receipt.acceptedCumulative) accepted")
    }
  }

  /// A close receipt must be the answer to this close (B10): its challenge, its amount, its transaction.
  static func checkClose(
    _ receipt: SessionReceipt, channel: ClientChannel, challenge: Challenge, amount: Amount
  ) throws(PaymentClientError) -> Hash32 {
    try check(receipt, channel: channel, challenge: challenge)
    guard receipt.acceptedCumulative == amount else {
      throw invalid("\(receipt.acceptedCumulative) accepted, \(amount) was signed for the close")
    }
    guard let hash = receipt.transactionHash else { throw invalid("it names no transaction") }
    return hash
  }

  private static func invalid(_ reason: String) -> PaymentClientError {
    PaymentClientError(.receiptInvalid, "the receipt is not for this payment: \(reason)")
  }
}

extension SessionReceipt {
  var summary: PaymentReceipt {
    PaymentReceipt(
      reference: channelID.hex, challengeID: challengeID, accepted: acceptedCumulative, spent: spent,
      units: units.flatMap { UInt64(exactly: $0) }, transaction: transactionHash?.hex)
  }
}

/// Proves that a voucher was signed by this channel's own signer.
enum OwnVoucher {
  static func verify(_ signature: [UInt8], amount: Amount, channel: ClientChannel) -> Bool {
    do {
      let digest = try Voucher(channelID: channel.channelID, cumulativeAmount: amount.units)
        .digest(domain: VoucherDomain(chainID: channel.chainID, escrow: channel.escrow))
      return try PrimitiveSignature(parsing: signature).signer(of: digest)
        == channel.descriptor.effectiveSigner
    } catch {
      return false
    }
  }
}
