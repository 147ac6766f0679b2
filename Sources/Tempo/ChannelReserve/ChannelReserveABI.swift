public import EVM

/// Functions and events of the TIP-20 channel reserve, also known as TIP20EscrowChannel (`02` §11, `04` §5).
public enum ChannelReserveABI {
  /// Seconds between a close request and the payer's withdrawal.
  public static let closeGracePeriodSeconds: UInt64 = 900
  /// What the reserve knows as transaction identity inside `eth_call`: ASCII, 32 bytes. A simulated
  /// channel id is never the real one.
  public static let simulatedNonceHash = Hash32(
    words: 0x5445_4d50_4f5f_5250, 0x435f_5349_4d55_4c41, 0x5449_4f4e_5f4d_5050, 0x5f43_4f4e_5445_5854)

  public static let descriptorType = ABIType.tuple([
    .address, .address, .address, .address, .bytes32, .address, .bytes32,
  ])
  public static let stateType = ABIType.tuple([.uint96, .uint96, .uint32])

  public static let open = ABIFunction(
    "open", [.address, .address, .address, .uint96, .bytes32, .address], returns: [.bytes32])
  public static let settle = ABIFunction("settle", [descriptorType, .uint96, .bytes])
  public static let topUp = ABIFunction("topUp", [descriptorType, .uint96])
  public static let close = ABIFunction("close", [descriptorType, .uint96, .uint96, .bytes])
  public static let requestClose = ABIFunction("requestClose", [descriptorType])
  public static let withdraw = ABIFunction("withdraw", [descriptorType])
  public static let getChannel = ABIFunction(
    "getChannel", [descriptorType], returns: [.tuple([descriptorType, stateType])])
  public static let getChannelState = ABIFunction("getChannelState", [.bytes32], returns: [stateType])
  public static let getChannelStatesBatch = ABIFunction(
    "getChannelStatesBatch", [.array(.bytes32)], returns: [.array(stateType)])
  public static let computeChannelId = ABIFunction(
    "computeChannelId", [.address, .address, .address, .address, .bytes32, .address, .bytes32],
    returns: [.bytes32])
  public static let getVoucherDigest = ABIFunction(
    "getVoucherDigest", [.bytes32, .uint96], returns: [.bytes32])
  public static let domainSeparator = ABIFunction("domainSeparator", returns: [.bytes32])
  public static let closeGracePeriod = ABIFunction("CLOSE_GRACE_PERIOD", returns: [.uint64])
  public static let voucherTypeHash = ABIFunction("VOUCHER_TYPEHASH", returns: [.bytes32])

  public static let functions = [
    open, settle, topUp, close, requestClose, withdraw, getChannel, getChannelState, getChannelStatesBatch,
    computeChannelId, getVoucherDigest, domainSeparator, closeGracePeriod, voucherTypeHash,
  ]

  private static let parties: [ABIEvent.Argument] = [
    .indexed(.bytes32), .indexed(.address), .indexed(.address),
  ]

  public static let channelOpened = ABIEvent(
    "ChannelOpened",
    parties + [
      .data(.address), .data(.address), .data(.address), .data(.bytes32), .data(.bytes32), .data(.uint96),
    ])
  public static let settled = ABIEvent(
    "Settled", parties + [.data(.uint96), .data(.uint96), .data(.uint96)])
  public static let topUpEvent = ABIEvent("TopUp", parties + [.data(.uint96), .data(.uint96)])
  public static let closeRequested = ABIEvent("CloseRequested", parties + [.data(.uint256)])
  public static let closeRequestCancelled = ABIEvent("CloseRequestCancelled", parties)
  public static let channelClosed = ABIEvent("ChannelClosed", parties + [.data(.uint96), .data(.uint96)])

  public static let events = [
    channelOpened, settled, topUpEvent, closeRequested, closeRequestCancelled, channelClosed,
  ]
}

extension ChannelReserveABI {
  /// Calldata of `open`. Amounts of this and the following functions are base units and throw
  /// `amountOutOfRange` above 2^96 − 1.
  public static func openCalldata(
    payee: Address, operator: Address = .zero, token: Address, deposit: UInt128, salt: Hash32,
    authorizedSigner: Address
  ) throws(TempoError) -> [UInt8] {
    try ChannelReserveCall.open(
      ChannelReserveCall.Open(
        payee: payee, operator: `operator`, token: token, deposit: deposit, salt: salt,
        authorizedSigner: authorizedSigner)
    ).calldata()
  }

  public static func topUpCalldata(
    _ descriptor: ChannelDescriptor, additionalDeposit: UInt128
  ) throws(TempoError) -> [UInt8] {
    try ChannelReserveCall.topUp(descriptor, additionalDeposit: additionalDeposit).calldata()
  }

  /// Pays exactly `cumulativeAmount − settled`; the voucher's amount cannot be lowered.
  public static func settleCalldata(
    _ descriptor: ChannelDescriptor, cumulativeAmount: UInt128, signature: [UInt8]
  ) throws(TempoError) -> [UInt8] {
    try ChannelReserveCall.settle(
      descriptor, cumulativeAmount: cumulativeAmount, signature: signature
    ).calldata()
  }

  /// Pays `captureAmount − settled` and refunds `deposit − captureAmount`. The signature, over
  /// `cumulativeAmount`, is looked at only when something is captured.
  public static func closeCalldata(
    _ descriptor: ChannelDescriptor, cumulativeAmount: UInt128, captureAmount: UInt128, signature: [UInt8]
  ) throws(TempoError) -> [UInt8] {
    try ChannelReserveCall.close(
      descriptor, cumulativeAmount: cumulativeAmount, captureAmount: captureAmount, signature: signature
    ).calldata()
  }

  public static func requestCloseCalldata(_ descriptor: ChannelDescriptor) throws(TempoError) -> [UInt8] {
    try ChannelReserveCall.requestClose(descriptor).calldata()
  }

  public static func withdrawCalldata(_ descriptor: ChannelDescriptor) throws(TempoError) -> [UInt8] {
    try ChannelReserveCall.withdraw(descriptor).calldata()
  }

  public static func getChannelCalldata(_ descriptor: ChannelDescriptor) throws(TempoError) -> [UInt8] {
    try ChannelReserveCall.getChannel(descriptor).calldata()
  }

  public static func getChannelStateCalldata(_ channelID: Hash32) throws(TempoError) -> [UInt8] {
    try ChannelReserveCall.getChannelState(channelID).calldata()
  }

  public static func getChannelStatesBatchCalldata(_ channelIDs: [Hash32]) throws(TempoError) -> [UInt8] {
    try ChannelReserveCall.getChannelStatesBatch(channelIDs).calldata()
  }
}
