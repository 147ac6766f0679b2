public import EVM

/// What the chain says about an access key of an account (`02` §9.1).
public struct AccessKeyStatus: Sendable, Hashable {
  /// All zeros for a key that was never authorized.
  public let keyID: Address
  /// 0 secp256k1, 1 P-256, 2 WebAuthn; as ``PrimitiveSignature/Kind``.
  public let keyType: UInt8
  /// Seconds since 1970; from here on the key signs nothing.
  public let expiry: UInt64
  /// False: the key may spend without limit.
  public let enforcesLimits: Bool
  /// A revoked key never comes back.
  public let isRevoked: Bool

  /// - Parameter expiry: seconds since 1970; 2^64 − 1 for a key that never expires.
  public init(keyID: Address, keyType: UInt8, expiry: UInt64, enforcesLimits: Bool, isRevoked: Bool) {
    self.keyID = keyID
    self.keyType = keyType
    self.expiry = expiry
    self.enforcesLimits = enforcesLimits
    self.isRevoked = isRevoked
  }

  /// Whether the account has authorized the key at some time.
  public var isAuthorized: Bool { keyID != .zero || isRevoked }

  /// Whether the key may sign for its account at this time.
  public func isActive(at seconds: UInt64) -> Bool { keyID != .zero && !isRevoked && expiry > seconds }
}

extension AccountKeychainABI {
  /// Read the answer with ``decodeKey(_:)``.
  public static func getKeyCalldata(account: Address, key: Address) throws(TempoError) -> [UInt8] {
    try ABIReader.encode(getKey, [.address(account), .address(key)])
  }

  /// Return data of `getKey`.
  public static func decodeKey(_ data: [UInt8]) throws(TempoError) -> AccessKeyStatus {
    var values = try ABIReader.decodeReturn(getKey, data)
    var tuple = try values.nested()
    guard let type = UInt8(exactly: try tuple.uint64()) else { throw .amountOutOfRange }
    return AccessKeyStatus(
      keyID: try tuple.address(), keyType: type, expiry: try tuple.uint64(), enforcesLimits: try tuple.bool(),
      isRevoked: try tuple.bool())
  }
}
