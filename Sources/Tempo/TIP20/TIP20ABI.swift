public import EVM

/// Functions and events of TIP-20 tokens (`02` §8).
public enum TIP20ABI {
  /// Text for people.
  public static let name = ABIFunction("name", returns: [.string])
  /// Text for people.
  public static let symbol = ABIFunction("symbol", returns: [.string])
  /// `USD` for tokens that may pay fees.
  public static let currency = ABIFunction("currency", returns: [.string])
  /// 6 for every TIP-20 token.
  public static let decimals = ABIFunction("decimals", returns: [.uint8])
  /// Base units.
  public static let totalSupply = ABIFunction("totalSupply", returns: [.uint256])
  /// `(account)` → base units.
  public static let balanceOf = ABIFunction("balanceOf", [.address], returns: [.uint256])
  /// `(owner, spender)` → base units; 2^256 − 1 is never used up.
  public static let allowance = ABIFunction("allowance", [.address, .address], returns: [.uint256])
  /// `(to, amount)` → true; a failure reverts. An amount of zero is allowed.
  public static let transfer = ABIFunction("transfer", [.address, .uint256], returns: [.bool])
  /// Returns nothing.
  public static let transferWithMemo = ABIFunction("transferWithMemo", [.address, .uint256, .bytes32])
  /// `(from, to, amount)` → true; uses up the sender's allowance.
  public static let transferFrom = ABIFunction(
    "transferFrom", [.address, .address, .uint256], returns: [.bool])
  /// `(from, to, amount, memo)` → true; uses up the sender's allowance.
  public static let transferFromWithMemo = ABIFunction(
    "transferFromWithMemo", [.address, .address, .uint256, .bytes32], returns: [.bool])
  /// `(spender, amount)` → true. Sets the allowance; under an access key an increase counts against its
  /// limit.
  public static let approve = ABIFunction("approve", [.address, .uint256], returns: [.bool])
  /// `(owner, spender, value, deadline, v, r, s)`: an allowance by signature, secp256k1 only, deadline in
  /// seconds.
  public static let permit = ABIFunction(
    "permit", [.address, .address, .uint256, .uint256, .uint8, .bytes32, .bytes32])
  /// `(owner)` → the nonce of its next permit.
  public static let nonces = ABIFunction("nonces", [.address], returns: [.uint256])
  /// EIP-712 domain of the token's permits.
  public static let domainSeparator = ABIFunction("DOMAIN_SEPARATOR", returns: [.bytes32])
  /// `(to, amount)`, for issuers of the token.
  public static let mint = ABIFunction("mint", [.address, .uint256])
  /// `(amount)` of the sender's own balance, for issuers of the token.
  public static let burn = ABIFunction("burn", [.uint256])
  /// While true every transfer reverts with `ContractPaused`, and the token pays no fees.
  public static let paused = ABIFunction("paused", returns: [.bool])
  /// Base units; minting beyond it reverts.
  public static let supplyCap = ABIFunction("supplyCap", returns: [.uint256])
  /// The policy that says who may send and receive the token; a transfer against it reverts with
  /// `PolicyForbids`.
  public static let transferPolicyId = ABIFunction("transferPolicyId", returns: [.uint64])
  /// The token it is quoted in on the exchange; zero for pathUSD.
  public static let quoteToken = ABIFunction("quoteToken", returns: [.address])

  /// The functions above.
  public static let functions = [
    name, symbol, currency, decimals, totalSupply, balanceOf, allowance, transfer, transferWithMemo,
    transferFrom, transferFromWithMemo, approve, permit, nonces, domainSeparator, mint, burn, paused,
    supplyCap, transferPolicyId, quoteToken,
  ]

  /// Sender and recipient as topics, then base units. Written by fees, mints and the memo forms too.
  public static let transferEvent = ABIEvent(
    "Transfer", [.indexed(.address), .indexed(.address), .data(.uint256)])
  /// Written after `Transfer` of the same movement; the memo is a topic.
  public static let transferWithMemoEvent = ABIEvent(
    "TransferWithMemo",
    [.indexed(.address), .indexed(.address), .data(.uint256), .indexed(.bytes32)])
  /// Owner and spender as topics, then the new allowance.
  public static let approvalEvent = ABIEvent(
    "Approval", [.indexed(.address), .indexed(.address), .data(.uint256)])
  /// Recipient as topic, then base units; after a `Transfer` from zero.
  public static let mintEvent = ABIEvent("Mint", [.indexed(.address), .data(.uint256)])
  /// Sender as topic, then base units.
  public static let burnEvent = ABIEvent("Burn", [.indexed(.address), .data(.uint256)])

  /// The events above.
  public static let events = [
    transferEvent, transferWithMemoEvent, approvalEvent, mintEvent, burnEvent,
  ]
}

extension TIP20ABI {
  /// 68 bytes; `amount` in base units.
  public static func transferCalldata(to: Address, amount: UInt128) throws(TempoError) -> [UInt8] {
    try TIP20Call.transfer(to: to, amount: UInt256(amount)).calldata()
  }

  /// 100 bytes; `amount` in base units.
  public static func transferWithMemoCalldata(
    to: Address, amount: UInt128, memo: Hash32
  ) throws(TempoError) -> [UInt8] {
    try TIP20Call.transferWithMemo(to: to, amount: UInt256(amount), memo: memo).calldata()
  }

  /// 68 bytes; `amount` in base units.
  public static func approveCalldata(spender: Address, amount: UInt128) throws(TempoError) -> [UInt8] {
    try TIP20Call.approve(spender: spender, amount: UInt256(amount)).calldata()
  }

  /// Read the answer with ``decodeAmount(_:)``.
  public static func balanceOfCalldata(_ account: Address) throws(TempoError) -> [UInt8] {
    try ABIReader.encode(balanceOf, [.address(account)])
  }

  /// Read the answer with ``decodeAmount(_:)``.
  public static func allowanceCalldata(owner: Address, spender: Address) throws(TempoError) -> [UInt8] {
    try ABIReader.encode(allowance, [.address(owner), .address(spender)])
  }

  /// Return data of `balanceOf`, `allowance` and `totalSupply`.
  public static func decodeAmount(_ data: [UInt8]) throws(TempoError) -> UInt256 {
    var values = try ABIReader.decodeReturn(balanceOf, data)
    return try values.uint256()
  }

  /// Read the answer with ``decodeCurrency(_:)``.
  public static func currencyCalldata() throws(TempoError) -> [UInt8] { try ABIReader.encode(currency, []) }

  /// Return data of `currency`: `"USD"` for tokens that may pay fees.
  public static func decodeCurrency(_ data: [UInt8]) throws(TempoError) -> String {
    var values = try ABIReader.decodeReturn(currency, data)
    return try values.string()
  }

  /// Return data of `decimals`.
  public static func decodeDecimals(_ data: [UInt8]) throws(TempoError) -> UInt8 {
    var values = try ABIReader.decodeReturn(decimals, data)
    guard let result = UInt8(exactly: try values.uint64()) else { throw .amountOutOfRange }
    return result
  }
}
