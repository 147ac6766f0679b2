import EVM
import MPPClient
import MPPCore
import MPPTempo

/// A charge challenge, typed and checked. Everything in it is the server's word.
struct ChargeTerms: Sendable {
  let challenge: Challenge
  let request: ChargeRequest
  let token: Address
  /// Empty for a proof.
  let transfers: [ExpectedTransfer]

  static func read(_ challenge: Challenge) throws(PaymentClientError) -> ChargeTerms {
    do {
      let request = try ChargeRequest(parsing: challenge.request.value())
      guard let token = request.currencyAddress else { throw ChargeRequestError("currency") }
      return ChargeTerms(
        challenge: challenge, request: request, token: token, transfers: try request.transfers())
    } catch {
      throw PaymentClientError(.invalidChallenge, "\(error)", underlying: error)
    }
  }

  var isProof: Bool { request.amount == .zero }
  var isSponsored: Bool { request.methodDetails.feePayer == true }

  /// Everything beside price, token and recipient that must not change between the attempts of one request.
  var scope: String {
    let details = request.methodDetails
    return [
      details.chainID.map(String.init) ?? "", details.memoText ?? "", isSponsored ? "sponsored" : "",
      details.splits.map { "\($0.recipient.lowercased()):\($0.amount)" }.joined(separator: ","),
    ].joined(separator: "|")
  }

  /// Push or pull, as the user wants it and the server takes it (`06` §1.7, step 6).
  func mode(_ wanted: TempoChargeOptions.Mode?) throws(PaymentClientError) -> TempoChargeOptions.Mode {
    let offered = request.methodDetails.supportedModes ?? [.pull, .push]
    switch wanted {
    case .pull where offered.contains(.pull): return .pull
    case .push where offered.contains(.push): return .push
    case .some(let mode):
      throw PaymentClientError(.invalidChallenge, "the challenge does not support \(mode.rawValue)")
    case nil: return offered.contains(.pull) ? .pull : .push
    }
  }
}
