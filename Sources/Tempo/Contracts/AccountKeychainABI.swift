public import EVM

/// The precompile that keeps access keys (`02` §9.1).
public enum AccountKeychainABI {
  private static let limit = ABIType.tuple([.address, .uint256, .uint64])
  private static let scope = ABIType.tuple([
    .address, .array(.tuple([.bytes4, .array(.address)])),
  ])
  private static let restrictions = ABIType.tuple([
    .uint64, .bool, .array(limit), .bool, .array(scope),
  ])

  /// `(keyId, type, (expiry, enforceLimits, limits, allowAnyCalls, allowedCalls))`, for the account's own key
  /// or an admin key. A key id that was revoked never comes back.
  public static let authorizeKey = ABIFunction("authorizeKey", [.address, .uint8, restrictions])
  /// As ``authorizeKey`` with a 32-byte witness, which must not have been burned.
  public static let authorizeKeyWithWitness = ABIFunction(
    "authorizeKey", [.address, .uint8, restrictions, .bytes32])
  /// Reverts since T3.
  public static let authorizeKeyBeforeT3 = ABIFunction(
    "authorizeKey", [.address, .uint8, .uint64, .bool, .array(.tuple([.address, .uint256]))])
  /// `(witness)`: no authorization with this witness can be used any more.
  public static let burnKeyAuthorizationWitness = ABIFunction("burnKeyAuthorizationWitness", [.bytes32])
  /// `(keyId)`: final.
  public static let revokeKey = ABIFunction("revokeKey", [.address])
  /// `(keyId, token, newLimit)`: sets what remains and the full amount to base units, and turns limits on.
  public static let updateSpendingLimit = ABIFunction(
    "updateSpendingLimit", [.address, .address, .uint256])
  /// `(keyId, scopes)`
  public static let setAllowedCalls = ABIFunction("setAllowedCalls", [.address, .array(scope)])
  /// `(signatureType, keyId, expiry, enforceLimits, isRevoked)`
  public static let getKey = ABIFunction(
    "getKey", [.address, .address], returns: [.tuple([.uint8, .address, .uint64, .bool, .bool])])
  /// Unknown to the chain since T3.
  public static let getRemainingLimit = ABIFunction(
    "getRemainingLimit", [.address, .address, .address], returns: [.uint256])
  /// `(account, keyId, token)` → remaining base units and the second the period ends; a period that is over
  /// is renewed already.
  public static let getRemainingLimitWithPeriod = ABIFunction(
    "getRemainingLimitWithPeriod", [.address, .address, .address], returns: [.uint256, .uint64])
  /// `(account, keyId)` → whether calls are restricted, and to which.
  public static let getAllowedCalls = ABIFunction(
    "getAllowedCalls", [.address, .address], returns: [.bool, .array(scope)])
  /// `(account, keyId)` → whether the key may authorize others.
  public static let isAdminKey = ABIFunction("isAdminKey", [.address, .address], returns: [.bool])

  /// All functions above, those of older forks included.
  public static let functions = [
    authorizeKey, authorizeKeyWithWitness, authorizeKeyBeforeT3, burnKeyAuthorizationWitness, revokeKey,
    updateSpendingLimit, setAllowedCalls, getKey, getRemainingLimit, getRemainingLimitWithPeriod,
    getAllowedCalls, isAdminKey,
  ]

  /// Account and key as topics, then signature type and expiry in seconds.
  public static let keyAuthorized = ABIEvent(
    "KeyAuthorized", [.indexed(.address), .indexed(.address), .data(.uint8), .data(.uint64)])
  /// Account and key, both topics.
  public static let keyRevoked = ABIEvent("KeyRevoked", [.indexed(.address), .indexed(.address)])
  /// Account, key and token as topics, then the amount and what remains, in base units.
  public static let accessKeySpend = ABIEvent(
    "AccessKeySpend",
    [.indexed(.address), .indexed(.address), .indexed(.address), .data(.uint256), .data(.uint256)])
  /// The events above.
  public static let events = [keyAuthorized, keyRevoked, accessKeySpend]
}
