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

  public static let authorizeKey = ABIFunction("authorizeKey", [.address, .uint8, restrictions])
  public static let authorizeKeyWithWitness = ABIFunction(
    "authorizeKey", [.address, .uint8, restrictions, .bytes32])
  /// Reverts since T3.
  public static let authorizeKeyBeforeT3 = ABIFunction(
    "authorizeKey", [.address, .uint8, .uint64, .bool, .array(.tuple([.address, .uint256]))])
  public static let burnKeyAuthorizationWitness = ABIFunction("burnKeyAuthorizationWitness", [.bytes32])
  public static let revokeKey = ABIFunction("revokeKey", [.address])
  public static let updateSpendingLimit = ABIFunction(
    "updateSpendingLimit", [.address, .address, .uint256])
  public static let setAllowedCalls = ABIFunction("setAllowedCalls", [.address, .array(scope)])
  /// `(signatureType, keyId, expiry, enforceLimits, isRevoked)`
  public static let getKey = ABIFunction(
    "getKey", [.address, .address], returns: [.tuple([.uint8, .address, .uint64, .bool, .bool])])
  /// Unknown to the chain since T3.
  public static let getRemainingLimit = ABIFunction(
    "getRemainingLimit", [.address, .address, .address], returns: [.uint256])
  public static let getRemainingLimitWithPeriod = ABIFunction(
    "getRemainingLimitWithPeriod", [.address, .address, .address], returns: [.uint256, .uint64])
  public static let getAllowedCalls = ABIFunction(
    "getAllowedCalls", [.address, .address], returns: [.bool, .array(scope)])
  public static let isAdminKey = ABIFunction("isAdminKey", [.address, .address], returns: [.bool])

  public static let functions = [
    authorizeKey, authorizeKeyWithWitness, authorizeKeyBeforeT3, burnKeyAuthorizationWitness, revokeKey,
    updateSpendingLimit, setAllowedCalls, getKey, getRemainingLimit, getRemainingLimitWithPeriod,
    getAllowedCalls, isAdminKey,
  ]

  public static let keyAuthorized = ABIEvent(
    "KeyAuthorized", [.indexed(.address), .indexed(.address), .data(.uint8), .data(.uint64)])
  public static let keyRevoked = ABIEvent("KeyRevoked", [.indexed(.address), .indexed(.address)])
  public static let accessKeySpend = ABIEvent(
    "AccessKeySpend",
    [.indexed(.address), .indexed(.address), .indexed(.address), .data(.uint256), .data(.uint256)])
  public static let events = [keyAuthorized, keyRevoked, accessKeySpend]
}
