public import EVM

/// Functions and events of the TIP-20 channel reserve, also known as TIP20EscrowChannel (`02` §11, `04` §5).
public enum ChannelReserveABI {
  /// Seconds between a close request and the payer's withdrawal.
  public static let closeGracePeriodSeconds: UInt64 = 900
  /// What the reserve knows as transaction identity inside `eth_call`: ASCII, 32 bytes. A simulated
  /// channel id is never the real one.
  public static let simulatedNonceHash = Hash32(
    words: 0x5445_4d50_4f5f_5250, 0x435f_5349_4d55_4c41, 0x5449_4f4e_5f4d_5050, 0x5f43_4f4e_5445_5854)

  /// `(payer, payee, operator, token, salt, authorizedSigner, expiringNonceHash)`
  public static let descriptorType = ABIType.tuple([
    .address, .address, .address, .address, .bytes32, .address, .bytes32,
  ])
  /// `(settled, deposit, closeRequestedAt)`: base units, base units, seconds.
  public static let stateType = ABIType.tuple([.uint96, .uint96, .uint32])

  /// `(payee, operator, token, deposit, salt, authorizedSigner)` → channel id. The sender becomes the payer
  /// and pays the deposit.
  public static let open = ABIFunction(
    "open", [.address, .address, .address, .uint96, .bytes32, .address], returns: [.bytes32])
  /// `(descriptor, cumulativeAmount, signature)`, for payee and operator. Pays what is not settled yet; a
  /// repetition reverts with `AmountNotIncreasing`.
  public static let settle = ABIFunction("settle", [descriptorType, .uint96, .bytes])
  /// `(descriptor, additionalDeposit)`, for the payer. Also cancels a close request, even with an amount of
  /// zero.
  public static let topUp = ABIFunction("topUp", [descriptorType, .uint96])
  /// `(descriptor, cumulativeAmount, captureAmount, signature)`, for payee and operator. Pays, refunds the
  /// rest, and deletes the channel.
  public static let close = ABIFunction("close", [descriptorType, .uint96, .uint96, .bytes])
  /// `(descriptor)`, for the payer. Starts the grace period; a repetition succeeds and changes nothing.
  public static let requestClose = ABIFunction("requestClose", [descriptorType])
  /// `(descriptor)`, for the payer, once the grace period is over. Refunds what is not settled and deletes
  /// the channel.
  public static let withdraw = ABIFunction("withdraw", [descriptorType])
  /// `(descriptor)` → descriptor and state; zeros for a channel that is not there.
  public static let getChannel = ABIFunction(
    "getChannel", [descriptorType], returns: [.tuple([descriptorType, stateType])])
  /// `(channelId)` → state; zeros for a channel that is not there.
  public static let getChannelState = ABIFunction("getChannelState", [.bytes32], returns: [stateType])
  /// `(channelIds)` → states in the same order.
  public static let getChannelStatesBatch = ABIFunction(
    "getChannelStatesBatch", [.array(.bytes32)], returns: [.array(stateType)])
  /// The seven members of a descriptor → the channel id at this contract on this chain.
  public static let computeChannelId = ABIFunction(
    "computeChannelId", [.address, .address, .address, .address, .bytes32, .address, .bytes32],
    returns: [.bytes32])
  /// `(channelId, cumulativeAmount)` → the digest that ``Voucher/digest(domain:)`` computes.
  public static let getVoucherDigest = ABIFunction(
    "getVoucherDigest", [.bytes32, .uint96], returns: [.bytes32])
  /// The separator that ``VoucherDomain`` computes.
  public static let domainSeparator = ABIFunction("domainSeparator", returns: [.bytes32])
  /// Seconds; the answer is ``closeGracePeriodSeconds``.
  public static let closeGracePeriod = ABIFunction("CLOSE_GRACE_PERIOD", returns: [.uint64])
  /// The answer is ``Voucher/typeHash``.
  public static let voucherTypeHash = ABIFunction("VOUCHER_TYPEHASH", returns: [.bytes32])

  /// Everything ``ChannelReserveCall`` can read.
  public static let functions = [
    open, settle, topUp, close, requestClose, withdraw, getChannel, getChannelState, getChannelStatesBatch,
    computeChannelId, getVoucherDigest, domainSeparator, closeGracePeriod, voucherTypeHash,
  ]

  private static let parties: [ABIEvent.Argument] = [
    .indexed(.bytes32), .indexed(.address), .indexed(.address),
  ]

  /// Parties `(channelId, payer, payee)` as topics, then operator, token, authorizedSigner, salt,
  /// expiringNonceHash, deposit.
  public static let channelOpened = ABIEvent(
    "ChannelOpened",
    parties + [
      .data(.address), .data(.address), .data(.address), .data(.bytes32), .data(.bytes32), .data(.uint96),
    ])
  /// After the parties: cumulativeAmount, deltaPaid, newSettled, in base units.
  public static let settled = ABIEvent(
    "Settled", parties + [.data(.uint96), .data(.uint96), .data(.uint96)])
  /// After the parties: additionalDeposit, newDeposit, in base units.
  public static let topUpEvent = ABIEvent("TopUp", parties + [.data(.uint96), .data(.uint96)])
  /// After the parties: the second from which the payer may withdraw.
  public static let closeRequested = ABIEvent("CloseRequested", parties + [.data(.uint256)])
  /// The parties alone; written by a top-up, before its own event.
  public static let closeRequestCancelled = ABIEvent("CloseRequestCancelled", parties)
  /// After the parties: settledToPayee over the channel's whole life, refundedToPayer. Written by close and
  /// withdraw.
  public static let channelClosed = ABIEvent("ChannelClosed", parties + [.data(.uint96), .data(.uint96)])

  /// Everything ``ChannelReserveEvent`` can read.
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

  /// Adds `additionalDeposit` base units; zero only makes sense to cancel a close request.
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

  /// Starts the grace period of ``closeGracePeriodSeconds``; repeating it is harmless.
  public static func requestCloseCalldata(_ descriptor: ChannelDescriptor) throws(TempoError) -> [UInt8] {
    try ChannelReserveCall.requestClose(descriptor).calldata()
  }

  /// Refunds `deposit − settled` to the payer. Reverts with `CloseNotReady` before the grace period is over.
  public static func withdrawCalldata(_ descriptor: ChannelDescriptor) throws(TempoError) -> [UInt8] {
    try ChannelReserveCall.withdraw(descriptor).calldata()
  }

  /// Read the answer with ``decodeChannel(_:)``.
  public static func getChannelCalldata(_ descriptor: ChannelDescriptor) throws(TempoError) -> [UInt8] {
    try ChannelReserveCall.getChannel(descriptor).calldata()
  }

  /// Read the answer with ``decodeState(_:)``.
  public static func getChannelStateCalldata(_ channelID: Hash32) throws(TempoError) -> [UInt8] {
    try ChannelReserveCall.getChannelState(channelID).calldata()
  }

  /// Read the answer with ``decodeStates(_:)``.
  public static func getChannelStatesBatchCalldata(_ channelIDs: [Hash32]) throws(TempoError) -> [UInt8] {
    try ChannelReserveCall.getChannelStatesBatch(channelIDs).calldata()
  }
}
