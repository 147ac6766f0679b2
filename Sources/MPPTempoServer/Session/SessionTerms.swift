import EVM
import MPPCore
import MPPServer
import MPPTempo
import Tempo

/// A session offer in typed form: what a credential for it is checked against.
final class SessionTerms: Sendable {
  let request: SessionRequest
  let amount: Amount
  let currency: Address
  let recipient: Address
  /// Zero when there is none.
  let `operator`: Address
  let escrow: Address
  let chainID: UInt64
  let minimumDelta: Amount
  /// The server pays the fees of opens and top-ups.
  let isSponsored: Bool
  let domain: VoucherDomain

  /// - Throws: `SessionRequestError` when a v2 server could not issue the request.
  init(_ request: SessionRequest) throws(SessionRequestError) {
    try request.requireServerFields()
    let details = request.methodDetails
    guard let currency = request.currencyAddress else { throw SessionRequestError("currency") }
    guard let recipient = request.recipientAddress else { throw SessionRequestError("recipient") }
    guard let chainID = details.chainID else { throw SessionRequestError("chainId") }
    guard let escrow = details.escrowContract?.address else { throw SessionRequestError("escrowContract") }
    self.request = request
    amount = request.amount
    self.currency = currency
    self.recipient = recipient
    self.operator = details.operator?.address ?? .zero
    self.escrow = escrow
    self.chainID = chainID
    minimumDelta = details.minVoucherDelta ?? .zero
    isSponsored = details.feePayer == true
    domain = VoucherDomain(chainID: chainID, escrow: escrow)
  }

  /// The common prefix of every action, C1 to C4 (`04` §18): the channel is the one it says to be, and it
  /// pays this offer. `known` is the stored record: with its descriptor the hash need not be formed again.
  func check(
    _ channelID: Hash32, _ descriptor: ChannelDescriptor, known: StoredRecord<ChannelRecord>?
  ) throws(PaymentProblem) {
    let isProved =
      if let known {
        known.record.channelID == channelID && known.record.chainID == chainID
          && known.record.escrow == escrow && known.record.descriptor == descriptor
      } else { false }
    guard isProved || descriptor.channelID(escrow: escrow, chainID: chainID) == channelID else {
      throw .verificationFailed(reason: "channel descriptor does not match channelId")
    }
    guard descriptor.payee == recipient, descriptor.token == currency, descriptor.operator == `operator`
    else { throw .verificationFailed(reason: "credential descriptor does not match challenge") }
  }
}
