import EVM

/// A key authorization inside a transaction, read literally by the chain itself (`02` §9.2): what is absent
/// and what is empty mean different things.
struct KeyGrant: Sendable, Hashable {
  var chainID: UInt64
  var terms: KeyTerms
  /// The only account the authorization is for, when it names one.
  var account: Address?
  /// `H(rlp(authorization))`.
  var digest: Hash32
  var signature: [UInt8]
  /// What was read, with a `v` of 27 or 28.
  var item = RLPItem.empty

  /// `[authorization, signature]`
  init(_ item: RLPItem) throws {
    let parts = try item.list(count: 2)
    let fields = try parts[0].list()
    guard (3...9).contains(fields.count) else { throw RPCFailure.undecodable }
    // Trailing optionals are cut, so the last one present is never a placeholder.
    if fields.count > 3, fields[fields.count - 1] == .empty { throw RPCFailure.undecodable }
    func optional(_ index: Int) -> RLPItem? {
      index < fields.count && fields[index] != .empty ? fields[index] : nil
    }
    chainID = try fields[0].uint64()
    let type = try fields[1].uint64()
    guard type <= 2 else { throw RPCFailure.undecodable }
    terms = KeyTerms(
      keyID: try fields[2].address(), type: UInt8(type), expiry: try optional(3)?.uint64() ?? .max,
      limits: try optional(4).map(Self.limits), scopes: try optional(5).map(Self.scopes),
      witness: try optional(6)?.hash())
    if let marker = optional(7) {
      guard try marker.uint64() == 1 else { throw RPCFailure.undecodable }
      terms.isAdmin = true
    }
    account = try optional(8)?.address()
    digest = Keccak256.hash(RLP.encode(parts[0]))
    signature = SignatureRules.normalised(try parts[1].bytes())
    self.item = .list([parts[0], .bytes(signature)])
  }

  private static func limits(_ item: RLPItem) throws -> [KeyTerms.Limit] {
    try item.list().map { entry in
      let fields = try entry.list()
      guard fields.count == 2 || fields.count == 3 else { throw RPCFailure.undecodable }
      let period = fields.count == 3 ? try fields[2].uint64() : 0
      guard fields.count == 2 || period > 0 else { throw RPCFailure.undecodable }
      return KeyTerms.Limit(
        token: try fields[0].address(), amount: try fields[1].uint256(), period: period)
    }
  }

  private static func scopes(_ item: RLPItem) throws -> CallScopes {
    CallScopes(
      targets: try item.list().map { entry in
        let fields = try entry.list(count: 2)
        return CallScopes.Target(
          address: try fields[0].address(),
          rules: try fields[1].list().map { rule in
            let parts = try rule.list(count: 2)
            let selector = try parts[0].bytes()
            guard selector.count == 4 else { throw RPCFailure.undecodable }
            return CallScopes.Rule(
              selector: selector.reduce(0) { $0 << 8 | UInt32($1) },
              recipients: try parts[1].list().map { try $0.address() })
          })
      })
  }
}
