@testable import EVM
@testable import MPPCore
@testable import MPPTempo
@testable import Tempo

/// Key authorizations, as transactions and subscriptions carry them: the bytes that were signed are the bytes that are
/// written, in both forms.
enum KeyAuthorizationProperties {
  private static let terms = SubscriptionTerms(
    amount: Amount(units: 10_000), currency: TempoAddress.channelReserve,
    recipient: TempoAddress.channelReserve,
    periodCount: "30", periodUnit: "day", subscriptionExpires: "2030-01-01T00:00:00Z")

  static func check(_ bytes: [UInt8]) throws {
    guard let signed = try? SignedKeyAuthorization(parsing: bytes) else { return }
    let written = signed.serialized
    try require(
      written == bytes || (written.dropLast() == bytes.dropLast() && bytes[bytes.count - 1] <= 1),
      "a key authorization has two encodings")
    try require(try SignedKeyAuthorization(parsing: written) == signed, "a key authorization changes")
    _ = try? signed.signer()
    if let again = try? SignedKeyAuthorization(rpcForm: signed.rpcForm) {
      try require(again.authorization == signed.authorization, "the JSON form says something else")
    }
    let payload = SubscriptionPayload(signed)
    if let again = try? SubscriptionPayload(parsing: payload.jsonValue) {
      try require(again == payload, "parse ∘ write changes a subscription's payload")
    }
    _ = try? SubscriptionAuthorization.verify(payload, terms: terms, chainID: 4217, accessKey: nil)
  }
}
