public import EVM

/// Counters of nonce keys other than zero (`02` §13).
public enum NonceManagerABI {
  public static let getNonce = ABIFunction("getNonce", [.address, .uint256], returns: [.uint64])
  public static let functions = [getNonce]
  public static let nonceIncremented = ABIEvent(
    "NonceIncremented", [.indexed(.address), .indexed(.uint256), .data(.uint64)])

  public static func getNonceCalldata(account: Address, key: UInt256) throws(TempoError) -> [UInt8] {
    try ABIReader.encode(getNonce, [.address(account), .uint(key)])
  }

  public static func decodeNonce(_ data: [UInt8]) throws(TempoError) -> UInt64 {
    var values = try ABIReader.decodeReturn(getNonce, data)
    return try values.uint64()
  }
}
