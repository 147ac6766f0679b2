public import EVM
import MPPCore
public import Tempo

/// The one shape of key authorization that a subscription is (`07` §7): one token limit with the period, one
/// `transferWithMemo` to the recipient, an end.
public enum SubscriptionAuthorization {
  /// Selectors of which a scope may consist.
  private static let transfer = Selector(TIP20ABI.transfer)
  private static let transferWithMemo = Selector(TIP20ABI.transferWithMemo)

  /// The authorization that a payer signs with the key of the account, see
  /// `KeyAuthorization.signed(by:)`.
  ///
  /// Throws when period or expiry of the terms cannot be expressed, before anything is signed.
  public static func make(
    _ terms: SubscriptionTerms, chainID: UInt64, accessKey: SubscriptionAccessKey
  ) throws(SubscriptionError) -> KeyAuthorization {
    let period = try terms.period()
    let expiry = try terms.expiry()
    return KeyAuthorization(
      chainID: chainID, keyType: accessKey.keyType, keyID: accessKey.address, expiry: expiry.seconds,
      limits: [
        SpendingLimit(
          token: terms.currency, amount: UInt256(terms.amount.units), period: period.seconds)
      ],
      allowedCalls: [
        CallScope(
          target: terms.currency,
          rules: [SelectorRule(selector: transferWithMemo, recipients: [terms.recipient])])
      ])
  }

  /// Checks that a payload authorizes exactly the terms, in the order of `07` §11, and says who did.
  ///
  /// That the account has the money and the key is not registered yet is the chain's to say. A flipped bit in
  /// a secp256k1 signature makes it one of somebody else: compare the answer with the credential's source.
  ///
  /// - Parameters:
  ///   - accessKey: the key of the challenge; without it any key passes.
  ///   - allowsTransfer: also take an authorization that allows `transfer` to the recipient beside
  ///     `transferWithMemo`, as the draft has it and the reference does not.
  public static func verify(
    _ payload: SubscriptionPayload, terms: SubscriptionTerms, chainID: UInt64,
    accessKey: SubscriptionAccessKey?, allowsTransfer: Bool = false
  ) throws(SubscriptionError) -> AccountSource {
    let authorization = payload.authorization.authorization
    try require(authorization.chainID == chainID, "keyAuthorization chainId mismatch")
    if let accessKey {
      try require(authorization.keyID == accessKey.address, "keyAuthorization access key mismatch")
      try require(authorization.keyType == accessKey.keyType, "keyAuthorization key type mismatch")
    }
    let period = try terms.period()
    let expiry = try terms.expiry()
    try require(authorization.expiry == expiry.seconds, "keyAuthorization expiry mismatch")
    try checkLimits(authorization.limits ?? [], terms, period)
    try checkScopes(authorization.allowedCalls ?? [], terms, allowsTransfer: allowsTransfer)
    // The chain drops the limits of an admin key, and an account says whose key it would be.
    try require(
      !authorization.isAdmin && authorization.account == nil,
      "keyAuthorization must not name an admin or an account")
    do {
      return AccountSource(chainID: chainID, address: try payload.authorization.signer())
    } catch {
      throw SubscriptionError("keyAuthorization signature is invalid")
    }
  }

  private static func checkLimits(
    _ limits: [SpendingLimit], _ terms: SubscriptionTerms, _ period: SubscriptionPeriod
  ) throws(SubscriptionError) {
    guard limits.count == 1 else {
      throw SubscriptionError("keyAuthorization must contain exactly one token limit")
    }
    try require(limits[0].token == terms.currency, "keyAuthorization currency mismatch")
    try require(limits[0].amount == UInt256(terms.amount.units), "keyAuthorization amount mismatch")
    try require(limits[0].period == period.seconds, "keyAuthorization period mismatch")
  }

  private static func checkScopes(
    _ scopes: [CallScope], _ terms: SubscriptionTerms, allowsTransfer: Bool
  ) throws(SubscriptionError) {
    // A target without rules is one scope, which allows any function.
    let count = scopes.reduce(0) { $0 + max(1, $1.rules.count) }
    guard scopes.count == 1, count == 1 || (allowsTransfer && count == 2) else {
      throw SubscriptionError("keyAuthorization must contain a recipient-scoped transferWithMemo call")
    }
    try require(scopes[0].target == terms.currency, "keyAuthorization call target mismatch")
    let rules = scopes[0].rules
    let allowed = [transfer, transferWithMemo]
    try require(
      !rules.isEmpty && rules.allSatisfy { allowed.contains($0.selector) },
      "keyAuthorization selector not allowed")
    try require(Set(rules.map(\.selector)).count == rules.count, "keyAuthorization duplicate selector")
    try require(
      rules.allSatisfy { $0.recipients == [terms.recipient] }, "keyAuthorization recipient mismatch")
    try require(
      rules.contains { $0.selector == transferWithMemo }, "keyAuthorization must allow transferWithMemo")
  }

  private static func require(_ condition: Bool, _ reason: String) throws(SubscriptionError) {
    guard condition else { throw SubscriptionError(reason) }
  }
}
