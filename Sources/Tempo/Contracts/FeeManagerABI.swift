public import EVM

/// The fee manager (`02` §10.1).
public enum FeeManagerABI {
  /// `(account)` → the fee token it has set, or zero.
  public static let userTokens = ABIFunction("userTokens", [.address], returns: [.address])
  /// `(token)`: sets the sender's fee token.
  public static let setUserToken = ABIFunction("setUserToken", [.address])
  /// The functions above.
  public static let functions = [userTokens, setUserToken]

  /// Read the answer with ``decodeUserToken(_:)``.
  public static func userTokensCalldata(_ account: Address) throws(TempoError) -> [UInt8] {
    try ABIReader.encode(userTokens, [.address(account)])
  }

  /// The account's fee token, or `nil` when it has set none.
  public static func decodeUserToken(_ data: [UInt8]) throws(TempoError) -> Address? {
    var values = try ABIReader.decodeReturn(userTokens, data)
    let token = try values.address()
    return token.isZero ? nil : token
  }
}
