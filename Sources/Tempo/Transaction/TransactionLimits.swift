/// What the transaction pool accepts (`02` §5.9). Applied while parsing, before any cryptography.
public enum TransactionLimits {
  /// Bytes of a whole serialised transaction.
  public static let totalBytes = 256 * 1024
  /// Calls of one transaction.
  public static let calls = 32
  /// Bytes of calldata of one call.
  public static let callData = 131_072
  /// Entries of one access list.
  public static let accessListAddresses = 256
  /// Storage keys of one entry.
  public static let accessListKeysPerAddress = 256
  /// Storage keys of one access list in total.
  public static let accessListKeys = 2048
  /// Entries of one authorization list.
  public static let delegations = 16
  /// Limits of one key authorization.
  public static let spendingLimits = 256
  /// Targets of one key authorization.
  public static let callScopes = 64
  /// Selectors of one target.
  public static let selectorRules = 64
  /// Recipients of one selector.
  public static let scopeRecipients = 64
  /// Gas of one transaction.
  public static let gas: UInt64 = 30_000_000
  /// Strings and lists of one transaction.
  public static let items = 16_384
  /// Nesting of RLP lists.
  public static let depth = 8
}
