public import EVM

/// What an account lets an access key do (`02` §9.2).
///
/// Absent and empty differ in every list, and the difference is money: no `limits` is unlimited spending, an
/// empty list is none at all; no `allowedCalls` is any call, an empty list is no call.
public struct KeyAuthorization: Sendable, Hashable {
  /// Must be the chain's own: zero stands for no chain.
  public var chainID: UInt64
  /// The kind of signature the key makes; the chain refuses it as any other.
  public var keyType: PrimitiveSignature.Kind
  /// The address of the access key.
  public var keyID: Address
  /// Seconds since 1970; `nil` is never.
  public var expiry: UInt64?
  /// `nil` is unlimited, empty is no spending.
  public var limits: [SpendingLimit]?
  /// `nil` is any call, empty is none.
  public var allowedCalls: [CallScope]?
  /// A value the account can burn on the chain to void an authorization that was not used yet.
  public var witness: Hash32?
  /// An admin key may authorize further keys.
  public var isAdmin: Bool
  /// Binds the authorization to one account.
  public var account: Address?

  /// Without optional arguments: a key that may do and spend everything, for ever.
  public init(
    chainID: UInt64, keyType: PrimitiveSignature.Kind, keyID: Address, expiry: UInt64? = nil,
    limits: [SpendingLimit]? = nil, allowedCalls: [CallScope]? = nil, witness: Hash32? = nil,
    isAdmin: Bool = false, account: Address? = nil
  ) {
    self.chainID = chainID
    self.keyType = keyType
    self.keyID = keyID
    self.expiry = expiry
    self.limits = limits
    self.allowedCalls = allowedCalls
    self.witness = witness
    self.isAdmin = isAdmin
    self.account = account
  }

  /// `rlp(authorization)`, what ``hash`` is taken of.
  public var serialized: [UInt8] { RLP.encode(item) }

  /// `H(rlp(authorization))`: what the root key signs.
  public var hash: Hash32 { Keccak256.hash(serialized) }

  /// Checks what no chain takes, or takes as something else than it looks: an expiry of zero reads as "never".
  public func validate() throws(TempoError) {
    guard expiry != 0, (limits ?? []).allSatisfy({ $0.amount.uint128 != nil }) else {
      throw .rule(.impossibleKeyAuthorization)
    }
    try checkLimits()
  }

  /// Signs with the key of the account itself, after ``validate()``. An access key cannot authorize another.
  public func signed(by signer: TempoSigner) async throws -> SignedKeyAuthorization {
    guard !signer.isAccessKey else { throw TempoError.rule(.rootKeyRequired) }
    try validate()
    return SignedKeyAuthorization(self, signature: try await signer.sign(hash))
  }

  // MARK: - RLP

  /// Trailing absent fields are cut; an absent one before a present one is the empty string.
  var item: RLPItem {
    var optional: [RLPItem?] = [
      (expiry ?? 0) == 0 ? nil : RLP.uint(expiry ?? 0), limits.map { .list($0.map(\.item)) },
      allowedCalls.map { .list($0.map(\.item)) }, witness.map(RLPItem.hash), isAdmin ? .bytes([1]) : nil,
      account.map(RLPItem.address),
    ]
    while case .some(.none) = optional.last { optional.removeLast() }
    let required = [RLP.uint(chainID), RLP.uint(UInt64(keyType.rawValue)), .address(keyID)]
    return .list(required + optional.map { $0 ?? .empty })
  }

  /// Takes exactly what ``item`` writes.
  init(item: RLPItem) throws(TempoError) {
    let fields = try RLPFields.list(item, "keyAuthorization.authorization")
    guard (3...9).contains(fields.count) else { throw .invalidField("keyAuthorization.authorization") }
    let type = try RLPFields.uint64(fields[1], "keyAuthorization.keyType")
    guard type <= 2, let kind = PrimitiveSignature.Kind(rawValue: UInt8(type)) else {
      throw .invalidField("keyAuthorization.keyType")
    }
    self.init(
      chainID: try RLPFields.uint64(fields[0], "keyAuthorization.chainId"), keyType: kind,
      keyID: try RLPFields.address(fields[2], "keyAuthorization.keyId"))
    func optional(_ index: Int) -> RLPItem? {
      index < fields.count && fields[index] != .empty ? fields[index] : nil
    }
    if let item = optional(3) { expiry = try RLPFields.uint64(item, "keyAuthorization.expiry") }
    if let item = optional(4) { limits = try Self.limits(item) }
    if let item = optional(5) { allowedCalls = try Self.allowedCalls(item) }
    if let item = optional(6) { witness = try RLPFields.hash(item, "keyAuthorization.witness") }
    if let item = optional(7) {
      guard item == .bytes([1]) else { throw .invalidField("keyAuthorization.isAdmin") }
      isAdmin = true
    }
    if let item = optional(8) { account = try RLPFields.address(item, "keyAuthorization.account") }
    // A placeholder in the last place, a period that says zero: the bytes that were signed must be the bytes
    // that are written again.
    guard self.item == item else { throw .invalidField("keyAuthorization.authorization") }
  }

  private static func limits(_ item: RLPItem) throws(TempoError) -> [SpendingLimit] {
    let items = try RLPFields.list(item, "keyAuthorization.limits")
    guard items.count <= TransactionLimits.spendingLimits else {
      throw .limitExceeded("keyAuthorization.limits")
    }
    var limits: [SpendingLimit] = []
    for item in items { limits.append(try SpendingLimit(item: item)) }
    return limits
  }

  private static func allowedCalls(_ item: RLPItem) throws(TempoError) -> [CallScope] {
    let items = try RLPFields.list(item, "keyAuthorization.allowedCalls")
    guard items.count <= TransactionLimits.callScopes else {
      throw .limitExceeded("keyAuthorization.allowedCalls")
    }
    var scopes: [CallScope] = []
    for item in items { scopes.append(try CallScope(item: item)) }
    return scopes
  }

  private func checkLimits() throws(TempoError) {
    guard (limits ?? []).count <= TransactionLimits.spendingLimits else {
      throw .limitExceeded("keyAuthorization.limits")
    }
    let scopes = allowedCalls ?? []
    guard scopes.count <= TransactionLimits.callScopes,
      scopes.allSatisfy({ $0.rules.count <= TransactionLimits.selectorRules }),
      scopes.allSatisfy({
        $0.rules.allSatisfy { $0.recipients.count <= TransactionLimits.scopeRecipients }
      })
    else { throw .limitExceeded("keyAuthorization.allowedCalls") }
  }
}
