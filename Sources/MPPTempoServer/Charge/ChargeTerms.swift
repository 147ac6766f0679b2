import EVM
import MPPCore
import MPPTempo

/// What a charge's request asks for, checked once when the route is made.
struct ChargeTerms: Sendable {
  let request: ChargeRequest
  let chainID: UInt64
  let currency: Address
  /// Empty for a proof.
  let transfers: [ExpectedTransfer]

  init(_ request: ChargeRequest) throws(ChargeRequestError) {
    self.request = request
    guard let chainID = request.methodDetails.chainID else { throw ChargeRequestError("chainId") }
    self.chainID = chainID
    guard let currency = request.currencyAddress else { throw ChargeRequestError("currency") }
    self.currency = currency
    transfers = try request.transfers()
  }

  var amount: Amount { request.amount }
  var hasExplicitMemo: Bool { request.methodDetails.memo != nil }
  var isSponsored: Bool { request.methodDetails.feePayer == true }

  func accepts(_ mode: ChargeRequest.Mode) -> Bool {
    request.methodDetails.supportedModes?.contains(mode) ?? true
  }

  /// Finds the payments of this charge for one challenge.
  func matcher(realm: String, challengeID: String) -> TransferMatcher {
    TransferMatcher(token: currency, expected: transfers) { memo in
      guard let memo = AttributionMemo(memo) else { return false }
      return memo.isFor(serverID: realm) && memo.isBound(to: challengeID)
    }
  }
}
