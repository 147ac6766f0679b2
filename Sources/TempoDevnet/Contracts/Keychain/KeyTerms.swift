import EVM

/// What an access key shall be allowed to do, as an authorization states it (`02` §9.1, §9.2).
struct KeyTerms: Sendable, Hashable {
  struct Limit: Sendable, Hashable {
    var token: Address
    /// Base units; more than 128 bits is refused.
    var amount: UInt256
    /// Seconds; zero for a limit that is never renewed.
    var period: UInt64
  }

  var keyID: Address
  /// 0 secp256k1, 1 P-256, 2 WebAuthn.
  var type: UInt8
  /// Seconds; `.max` for never.
  var expiry: UInt64
  /// `nil` for unlimited spending, empty for none at all.
  var limits: [Limit]?
  /// `nil` for any call.
  var scopes: CallScopes?
  var witness: Hash32?
  var isAdmin = false

  /// Whether the key may do everything the account can, for ever.
  var isUnrestricted: Bool { expiry == .max && limits == nil && scopes == nil }

  /// Storage items, for gas (`02` §7.3).
  var slots: UInt64 { 1 + 2 * UInt64(limits?.count ?? 0) + (scopes?.slots ?? 0) }
}
