public import EVM

/// Functions and events of TIP-20 tokens (`02` §8).
public enum TIP20ABI {
  public static let name = ABIFunction("name", returns: [.string])
  public static let symbol = ABIFunction("symbol", returns: [.string])
  public static let currency = ABIFunction("currency", returns: [.string])
  public static let decimals = ABIFunction("decimals", returns: [.uint8])
  public static let totalSupply = ABIFunction("totalSupply", returns: [.uint256])
  public static let balanceOf = ABIFunction("balanceOf", [.address], returns: [.uint256])
  public static let allowance = ABIFunction("allowance", [.address, .address], returns: [.uint256])
  public static let transfer = ABIFunction("transfer", [.address, .uint256], returns: [.bool])
  /// Returns nothing.
  public static let transferWithMemo = ABIFunction("transferWithMemo", [.address, .uint256, .bytes32])
  public static let transferFrom = ABIFunction(
    "transferFrom", [.address, .address, .uint256], returns: [.bool])
  public static let transferFromWithMemo = ABIFunction(
    "transferFromWithMemo", [.address, .address, .uint256, .bytes32], returns: [.bool])
  public static let approve = ABIFunction("approve", [.address, .uint256], returns: [.bool])
  public static let permit = ABIFunction(
    "permit", [.address, .address, .uint256, .uint256, .uint8, .bytes32, .bytes32])
  public static let nonces = ABIFunction("nonces", [.address], returns: [.uint256])
  public static let domainSeparator = ABIFunction("DOMAIN_SEPARATOR", returns: [.bytes32])
  public static let mint = ABIFunction("mint", [.address, .uint256])
  public static let burn = ABIFunction("burn", [.uint256])
  public static let paused = ABIFunction("paused", returns: [.bool])
  public static let supplyCap = ABIFunction("supplyCap", returns: [.uint256])
  public static let transferPolicyId = ABIFunction("transferPolicyId", returns: [.uint64])
  public static let quoteToken = ABIFunction("quoteToken", returns: [.address])

  public static let functions = [
    name, symbol, currency, decimals, totalSupply, balanceOf, allowance, transfer, transferWithMemo,
    transferFrom, transferFromWithMemo, approve, permit, nonces, domainSeparator, mint, burn, paused,
    supplyCap, transferPolicyId, quoteToken,
  ]

  public static let transferEvent = ABIEvent(
    "Transfer", [.indexed(.address), .indexed(.address), .data(.uint256)])
  /// Written after `Transfer` of the same movement; the memo is a topic.
  public static let transferWithMemoEvent = ABIEvent(
    "TransferWithMemo",
    [.indexed(.address), .indexed(.address), .data(.uint256), .indexed(.bytes32)])
  public static let approvalEvent = ABIEvent(
    "Approval", [.indexed(.address), .indexed(.address), .data(.uint256)])
  public static let mintEvent = ABIEvent("Mint", [.indexed(.address), .data(.uint256)])
  public static let burnEvent = ABIEvent("Burn", [.indexed(.address), .data(.uint256)])

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

  public static func approveCalldata(spender: Address, amount: UInt128) throws(TempoError) -> [UInt8] {
    try TIP20Call.approve(spender: spender, amount: UInt256(amount)).calldata()
  }

  public static func balanceOfCalldata(_ account: Address) throws(TempoError) -> [UInt8] {
    try ABIReader.encode(balanceOf, [.address(account)])
  }

  public static func allowanceCalldata(owner: Address, spender: Address) throws(TempoError) -> [UInt8] {
    try ABIReader.encode(allowance, [.address(owner), .address(spender)])
  }

  /// Return data of `balanceOf`, `allowance` and `totalSupply`.
  public static func decodeAmount(_ data: [UInt8]) throws(TempoError) -> UInt256 {
    var values = try ABIReader.decodeReturn(balanceOf, data)
    return try values.uint256()
  }

  /// Return data of `decimals`.
  public static func decodeDecimals(_ data: [UInt8]) throws(TempoError) -> UInt8 {
    var values = try ABIReader.decodeReturn(decimals, data)
    guard let result = UInt8(exactly: try values.uint64()) else { throw .amountOutOfRange }
    return result
  }
}
