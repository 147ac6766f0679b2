import EVM
import MPPClient
import MPPCore
import MPPTempo
import Tempo

/// The only place where vouchers are signed (A3). Every path — request, retry, open, close — ends here, and here the
/// limits are asserted once more, immediately before the key is used.
struct VoucherSigner: Sendable {
  enum Purpose: Sendable, Hashable {
    /// Goes with a request; the amount is what the journal says is authorised, and within what one channel may spend now.
    case payment(limit: Amount)
    /// Closes the channel; never more than was authorised before.
    case close
  }

  let signer: TempoSigner

  /// Signs a voucher for `amount` on a channel whose record is on disk.
  func sign(
    _ amount: Amount, on durable: DurableChannel, for purpose: Purpose
  ) async throws(PaymentClientError) -> SignedVoucher {
    let channel = durable.channel
    try check(amount, channel, purpose)
    do {
      let digest = try Voucher(channelID: channel.channelID, cumulativeAmount: amount.units)
        .digest(domain: VoucherDomain(chainID: channel.chainID, escrow: channel.escrow))
      // Bare, canonical and by this very key: anything else the chain would refuse.
      let signature = try await signer.sign(digest)
      return SignedVoucher(
        channelID: channel.channelID, cumulativeAmount: amount, signature: signature.serialized)
    } catch let error as TempoError {
      throw PaymentClientError(
        .signing, "the signature is not the channel's signer's", underlying: error)
    } catch {
      throw PaymentClientError(
        .signing, "the voucher could not be signed", isRetryable: true, underlying: error)
    }
  }

  private func check(
    _ amount: Amount, _ channel: ClientChannel, _ purpose: Purpose
  ) throws(PaymentClientError) {
    let account = channel.account
    guard channel.descriptor.channelID(escrow: channel.escrow, chainID: channel.chainID) == channel.channelID,
      channel.descriptor.payer == signer.account, channel.descriptor.effectiveSigner == signer.keyAddress
    else { throw PaymentClientError(.untrustedTerms, "channel \(channel.channelID) is not this payer's") }
    guard amount <= account.authorized else {
      throw PaymentClientError(.inconsistent, "\(amount) is above the \(account.authorized) on record")
    }
    guard amount <= account.cap else {
      throw PaymentClientError(.refusedByPolicy, "\(amount) is above the channel's limit of \(account.cap)")
    }
    if case .payment(let limit) = purpose {
      guard amount <= limit else {
        throw PaymentClientError(.refusedByPolicy, "\(amount) is above the limit of \(limit) for one channel")
      }
      guard amount == account.authorized else {
        throw PaymentClientError(.inconsistent, "a payment carries the highest amount on record")
      }
    }
    guard amount <= account.deposit else {
      throw PaymentClientError(.inconsistent, "\(amount) is above the deposit of \(account.deposit)")
    }
    switch (purpose, channel.phase) {
    case (.payment, .opening), (.payment, .open): break
    case (.close, .closing): break
    default: throw PaymentClientError(.channelUnusable, "channel \(channel.channelID) is \(channel.phase)")
    }
  }
}
