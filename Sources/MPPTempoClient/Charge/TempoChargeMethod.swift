import EVM
import MPPClient
import MPPCore
import MPPTempo

/// `tempo/charge`: one payment on the chain for one request, and proofs where the price is zero.
final class TempoChargeMethod: ClientMethod {
  let name = "tempo"
  let intent = "charge"
  private let payer: ChargePayer

  init(payer: ChargePayer) { self.payer = payer }

  func start() async throws(PaymentClientError) { try await payer.start() }

  func offer(for challenge: Challenge) throws(PaymentClientError) -> PaymentOffer? {
    let terms = try ChargeTerms.read(challenge)
    guard terms.isProof || challenge.expires != nil else {
      throw PaymentClientError(.invalidChallenge, "a charge without an expiry is not paid")
    }
    if let wanted = terms.request.methodDetails.chainID, let ours = payer.chain.knownChainID, wanted != ours {
      throw PaymentClientError(.untrustedTerms, "the challenge is for chain \(wanted), not \(ours)")
    }
    return PaymentOffer(
      challenge: challenge, price: terms.request.amount, token: terms.token.hex,
      recipient: terms.request.recipient ?? "", scope: terms.scope, unit: nil,
      furtherRecipients: terms.request.methodDetails.splits.map(\.recipient))
  }

  func begin(
    _ offer: PaymentOffer, context: PaymentContext
  ) async throws(PaymentClientError) -> any PaymentExchange {
    ChargeExchange(payer: payer, context: context)
  }

  func proof(
    for offer: PaymentOffer, context: PaymentContext
  ) async throws(PaymentClientError) -> String? {
    let terms = try ChargeTerms.read(offer.challenge)
    guard terms.isProof else { return nil }
    return try await payer.proof(terms, to: context.url.origin)
  }

  func channels() async throws(PaymentClientError) -> [ChannelStatus] { [] }
  func close(_ selection: ChannelSelection) async throws(PaymentClientError) -> [CloseOutcome] { [] }
  func recover(_ scope: RecoveryScope) async throws(PaymentClientError) -> [ChannelStatus] { [] }
  func shutdown() async {}
}
