import EVM
import MPPCore
import MPPServer
import MPPTempo

/// Joins the method's configuration and an offer's own terms (`04` §6.1, §15.1). Every mistake shows when the
/// route is made.
struct SessionOffer: Sendable {
  private let options: TempoSessionOptions
  private let offer: Offer

  private static let known: Set<String> = [
    "minVoucherDelta", "operator", "escrowContract", "feeToken", "channelId", "feePayer",
  ]

  init(_ options: TempoSessionOptions, _ offer: Offer) throws {
    self.options = options
    self.offer = offer
    for option in offer.options where !Self.known.contains(option.key) {
      throw ConfigurationError(.offer, "a session offer has no option named \(option.key)")
    }
    if option("feePayer")?.boolValue == true, options.feePayer == nil {
      throw ConfigurationError(.offer, "this server has no fee payer: leave feePayer out")
    }
  }

  func terms(_ amount: OfferAmount) throws -> SessionTerms {
    guard let unit = offer.unit else {
      throw ConfigurationError(.offer, "a session offer says what one price buys: per: \"request\"")
    }
    let price: SessionRequestInput.Price =
      switch amount {
      case .decimal(let text): .decimal(text)
      case .baseUnits(let units): .baseUnits(units)
      }
    let isSponsored = options.feePayer != nil && option("feePayer")?.boolValue != false
    let input = SessionRequestInput(
      amount: price, currency: offer.currency ?? options.currencyText, decimals: options.decimals,
      recipient: offer.recipient ?? options.payee.checksummed, unitType: unit,
      suggestedDeposit: offer.suggestedDeposit ?? options.suggestedDeposit,
      escrowContract: text("escrowContract") ?? options.escrow.hex, chainID: options.chainID,
      channelID: text("channelId"), minVoucherDelta: text("minVoucherDelta") ?? options.minVoucherDelta,
      operator: text("operator") ?? options.operator?.checksummed,
      feePayer: isSponsored ? true : nil, feeToken: text("feeToken") ?? options.feeToken?.checksummed,
      sessionProtocol: "v2")
    let terms: SessionTerms
    do throws(SessionRequestError) {
      terms = try SessionTerms(try input.wireRequest())
    } catch {
      throw ConfigurationError(.offer, "a session offer has no valid \(error.field)")
    }
    // Nothing is sold that we could not collect.
    let signer = options.signer.address
    guard signer == terms.recipient || signer == terms.operator else {
      throw ConfigurationError(
        .offer,
        "the signer \(signer) is neither the recipient \(terms.recipient) of an offer nor its operator")
    }
    return terms
  }

  private func option(_ key: String) -> JSONValue? { offer.options.first { $0.key == key }?.value }
  private func text(_ key: String) -> String? { option(key)?.stringValue }
}
