import EVM
import MPPCore
import MPPServer
import MPPTempo

/// What a bootstrap asks for, and which channels it tells of: a proof of an account, and the session offer it stands in front of.
struct BootstrapTerms: Sendable {
  /// Amount zero.
  let charge: ChargeTerms
  /// Of the session offer; its price counts nothing here.
  let session: SessionTerms

  init(_ options: TempoSessionOptions, _ offer: Offer) throws {
    session = try SessionOffer(options, offer).terms(.baseUnits(Amount(units: 1)))
    let input = ChargeRequestInput(
      amount: .baseUnits(.zero), currency: offer.currency ?? options.currencyText, decimals: options.decimals,
      recipient: offer.recipient ?? options.payee.checksummed, chainID: options.chainID)
    do throws(ChargeRequestError) {
      charge = try ChargeTerms(try input.wireRequest())
    } catch {
      throw ConfigurationError(.offer, "a session offer has no valid \(error.field)")
    }
  }
}
