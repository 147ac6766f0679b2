public import EVM

/// A key authorization with the signature of the account, as transactions and subscription credentials carry
/// it (`02` §9.2).
public struct SignedKeyAuthorization: Sendable, Hashable {
  /// What was signed.
  public let authorization: KeyAuthorization
  /// Of the root account, or of an admin key. Bare: wrappers are refused.
  public let signature: PrimitiveSignature

  /// Nothing is verified; ``signer()`` does that.
  public init(_ authorization: KeyAuthorization, signature: PrimitiveSignature) {
    self.authorization = authorization
    self.signature = signature
  }

  /// Parses `rlp([authorization, signature])`, strictly: whatever would be written differently is refused,
  /// except that `v` 0/1 of the signature becomes 27/28, as on the node.
  ///
  /// Throws `signature(.missing)` for an authorization without signature and `signature(.unsupportedKind)` for
  /// a wrapper in its place.
  public init(parsing bytes: [UInt8]) throws(TempoError) {
    try self.init(item: try RLPFields.decode(bytes[...]))
  }

  init(item: RLPItem) throws(TempoError) {
    let parts = try RLPFields.list(item, "keyAuthorization")
    guard (1...2).contains(parts.count) else { throw .invalidField("keyAuthorization") }
    authorization = try KeyAuthorization(item: parts[0])
    guard parts.count == 2 else { throw .signature(.missing) }
    signature = try PrimitiveSignature(
      parsing: try RLPFields.bytes(parts[1], "keyAuthorization.signature"), acceptingParityByte: true)
  }

  var item: RLPItem { .list([authorization.item, .bytes(signature.serialized)]) }

  /// `rlp([authorization, signature])`
  public var serialized: [UInt8] { RLP.encode(item) }

  /// The account that authorized, after verifying its signature. Throws when it does not verify.
  public func signer() throws(TempoError) -> Address { try signature.signer(of: authorization.hash) }

  // MARK: - JSON-RPC

  /// The JSON form of `02` §9.4.
  public var rpcForm: RPCValue {
    var members: [RPCValue.Member] = [
      .init("chainId", .quantity(authorization.chainID)),
      .init("keyType", .string(authorization.keyType.rpcName)),
      .init("keyId", .address(authorization.keyID)),
      .init("expiry", authorization.expiry.map { .quantity($0) } ?? .null),
    ]
    if let limits = authorization.limits {
      members.append(.init("limits", .array(limits.map(\.rpcForm))))
    }
    if let allowedCalls = authorization.allowedCalls {
      members.append(.init("allowedCalls", .array(allowedCalls.map(\.rpcForm))))
    }
    if let witness = authorization.witness { members.append(.init("witness", .string(witness.hex))) }
    if authorization.isAdmin { members.append(.init("isAdmin", .bool(true))) }
    if let account = authorization.account { members.append(.init("account", .address(account))) }
    members.append(.init("signature", signature.rpcForm))
    return .object(members)
  }

  /// Reads the JSON form, as wallets and nodes write it; other members are not looked at.
  public init(rpcForm value: RPCValue) throws(TempoError) {
    let type = try RPCFields.text(value["keyType"], "keyType")
    guard let keyType = PrimitiveSignature.Kind(rpcName: type) else { throw .invalidField("keyType") }
    var authorization = KeyAuthorization(
      chainID: try RPCFields.uint64(value["chainId"], "chainId"), keyType: keyType,
      keyID: try RPCFields.address(value["keyId"], "keyId"))
    if let expiry = RPCFields.present(value["expiry"]) {
      authorization.expiry = try RPCFields.uint64(expiry, "expiry")
    }
    if let items = try RPCFields.array(value["limits"], "limits") {
      authorization.limits = []
      for item in items { authorization.limits?.append(try SpendingLimit(rpcForm: item)) }
    }
    if let items = try RPCFields.array(value["allowedCalls"], "allowedCalls") {
      authorization.allowedCalls = []
      for item in items { authorization.allowedCalls?.append(try CallScope(rpcForm: item)) }
    }
    if let witness = RPCFields.present(value["witness"]) {
      authorization.witness = try RPCFields.hash(witness, "witness")
    }
    if let flag = RPCFields.present(value["isAdmin"]) {
      guard case .bool(let isAdmin) = flag else { throw .invalidField("isAdmin") }
      authorization.isAdmin = isAdmin
    }
    if let account = RPCFields.present(value["account"]) {
      authorization.account = try RPCFields.address(account, "account")
    }
    try authorization.validate()
    guard let signature = RPCFields.present(value["signature"]) else { throw .signature(.missing) }
    guard signature["userAddress"] == nil else { throw .signature(.unsupportedKind) }
    self.init(authorization, signature: try PrimitiveSignature(rpcForm: signature))
  }
}
