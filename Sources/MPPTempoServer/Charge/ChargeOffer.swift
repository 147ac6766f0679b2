import EVM
import MPPCore
import MPPServer
import MPPTempo

/// Joins the method's configuration and an offer's own terms (`06` §1.2, §1.3). Every mistake shows when the route is made.
struct ChargeOffer: Sendable {
  private let options: TempoChargeOptions
  private let offer: Offer

  private static let known: Set<String> = ["memo", "splits", "supportedModes", "externalId", "feePayer"]

  init(_ options: TempoChargeOptions, _ offer: Offer) throws {
    self.options = options
    self.offer = offer
    for option in offer.options where !Self.known.contains(option.key) {
      throw ConfigurationError(.offer, "a charge offer has no option named \(option.key)")
    }
    if option("feePayer")?.boolValue == true, options.feePayer == nil {
      throw ConfigurationError(.offer, "this server has no fee payer: leave feePayer out")
    }
  }

  func terms(_ amount: OfferAmount) throws -> ChargeTerms {
    let price: ChargeRequestInput.Price =
      switch amount {
      case .decimal(let text): .decimal(text)
      case .baseUnits(let units): .baseUnits(units)
      }
    let isSponsored = options.feePayer != nil && option("feePayer")?.boolValue != false
    let input = ChargeRequestInput(
      amount: price, currency: offer.currency ?? options.currencyText, decimals: options.decimals,
      recipient: offer.recipient ?? options.recipient?.checksummed, description: nil,
      externalID: option("externalId")?.stringValue, chainID: options.chainID,
      feePayer: isSponsored ? true : nil, memo: option("memo")?.stringValue, splits: try splits(),
      supportedModes: try modes(isSponsored: isSponsored))
    do throws(ChargeRequestError) {
      return try ChargeTerms(try input.wireRequest())
    } catch {
      throw ConfigurationError(.offer, "a charge offer has no valid \(error.field)")
    }
  }

  private func splits() throws -> [ChargeRequestInput.Split]? {
    guard let member = option("splits") else { return nil }
    guard case .array(let entries) = member else { throw ConfigurationError(.offer, "splits is not a list") }
    return try entries.map { entry in
      guard let amount = entry["amount"]?.stringValue, let recipient = entry["recipient"]?.stringValue else {
        throw ConfigurationError(.offer, "a split has an amount and a recipient")
      }
      return ChargeRequestInput.Split(
        amount: amount, recipient: recipient, memo: entry["memo"]?.stringValue)
    }
  }

  /// A sponsored payment cannot be pushed: its sender alone cannot broadcast it. A memo that many payments may carry binds none
  /// of them to a challenge, so a pushed one could be presented by anybody.
  private func modes(isSponsored: Bool) throws -> [ChargeRequest.Mode]? {
    let pullOnly = isSponsored || (option("memo") != nil && !options.explicitMemoIsUnique)
    guard let chosen = option("supportedModes") else { return pullOnly ? [.pull] : nil }
    guard case .array(let entries) = chosen else {
      throw ConfigurationError(.offer, "supportedModes is not a list")
    }
    let modes = try entries.map { entry in
      guard let mode = entry.nameValue.flatMap(ChargeRequest.Mode.init(rawValue:)) else {
        throw ConfigurationError(.offer, "supportedModes knows pull and push")
      }
      return mode
    }
    guard !pullOnly || !modes.contains(.push) else {
      throw ConfigurationError(
        .offer, "push cannot be offered for a sponsored charge, or for a memo that is not unique")
    }
    return modes
  }

  private func option(_ key: String) -> JSONValue? { offer.options.first { $0.key == key }?.value }
}
