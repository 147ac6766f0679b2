public import EVM

/// Counters of nonce keys other than zero (`02` §13).
public enum NonceManagerABI {
  /// `(account, nonceKey)` → the next nonce. Reverts for key zero, whose nonce is the account's.
  public static let getNonce = ABIFunction("getNonce", [.address, .uint256], returns: [.uint64])
  /// The functions above.
  public static let functions = [getNonce]
  /// Account and nonce key as topics, then the new value.
  public static let nonceIncremented = ABIEvent(
    "NonceIncremented", [.indexed(.address), .indexed(.uint256), .data(.uint64)])

  /// - Parameter key: not zero: `getNonce` knows no protocol nonce and reverts.
  public static func getNonceCalldata(account: Address, key: UInt256) throws(TempoError) -> [UInt8] {
    try ABIReader.encode(getNonce, [.address(account), .uint(key)])
  }

  /// Return data of `getNonce`: the nonce the next transaction with this key must have.
  public static func decodeNonce(_ data: [UInt8]) throws(TempoError) -> UInt64 {
    var values = try ABIReader.decodeReturn(getNonce, data)
    return try values.uint64()
  }
}
