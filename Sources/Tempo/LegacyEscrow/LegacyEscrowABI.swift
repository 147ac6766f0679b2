public import EVM

/// The stream channel contract of v1 sessions (`02` §12). Its vouchers are secp256k1 only and uint128.
public enum LegacyEscrowABI {
  /// `(finalized, closeRequestedAt, payer, payee, token, authorizedSigner, deposit, settled)`
  private static let channelMembers: [ABIType] = [
    .bool, .uint64, .address, .address, .address, .address, .uint128, .uint128,
  ]
  /// The members of a channel as one tuple; `finalized` stays true for ever after a close.
  public static let channelType = ABIType.tuple(channelMembers)

  /// `(payee, token, deposit, salt, authorizedSigner)` → channel id. Needs an allowance for the deposit.
  public static let open = ABIFunction(
    "open", [.address, .address, .uint128, .bytes32, .address], returns: [.bytes32])
  /// `(channelId, cumulativeAmount, signature)`, for the payee. Pays what is not settled yet.
  public static let settle = ABIFunction("settle", [.bytes32, .uint128, .bytes])
  /// `(channelId, additionalDeposit)`, for the payer. Needs an allowance; cancels a close request; zero
  /// reverts.
  public static let topUp = ABIFunction("topUp", [.bytes32, .uint256])
  /// `(channelId, cumulativeAmount, signature)`, for the payee. Pays up to the voucher's own amount, refunds
  /// the rest.
  public static let close = ABIFunction("close", [.bytes32, .uint128, .bytes])
  /// `(channelId)`, for the payer. Starts the grace period; a repetition changes nothing.
  public static let requestClose = ABIFunction("requestClose", [.bytes32])
  /// `(channelId)`, for the payer, once the grace period is over.
  public static let withdraw = ABIFunction("withdraw", [.bytes32])
  /// `(channelId)` → the channel as a tuple; zeros for an unknown one.
  public static let getChannel = ABIFunction("getChannel", [.bytes32], returns: [channelType])
  /// As ``getChannel``, with the members side by side.
  public static let channels = ABIFunction("channels", [.bytes32], returns: channelMembers)
  /// `(channelIds)` → channels in the same order.
  public static let getChannelsBatch = ABIFunction(
    "getChannelsBatch", [.array(.bytes32)], returns: [.array(channelType)])
  /// `(payer, payee, token, salt, authorizedSigner)` → the channel id at this contract on this chain.
  public static let computeChannelId = ABIFunction(
    "computeChannelId", [.address, .address, .address, .bytes32, .address], returns: [.bytes32])
  /// `(channelId, cumulativeAmount)` → the digest that ``LegacyVoucher/digest(domain:)`` computes.
  public static let getVoucherDigest = ABIFunction(
    "getVoucherDigest", [.bytes32, .uint128], returns: [.bytes32])
  /// The separator that ``LegacyVoucherDomain`` computes.
  public static let domainSeparator = ABIFunction("domainSeparator", returns: [.bytes32])
  /// The parts of the domain, in the form of EIP-5267.
  public static let eip712Domain = ABIFunction(
    "eip712Domain",
    returns: [.fixedBytes(1), .string, .string, .uint256, .address, .bytes32, .array(.uint256)])
  /// Seconds; the answer is 900.
  public static let closeGracePeriod = ABIFunction("CLOSE_GRACE_PERIOD", returns: [.uint64])
  /// The answer is ``LegacyVoucher/typeHash``.
  public static let voucherTypeHash = ABIFunction("VOUCHER_TYPEHASH", returns: [.bytes32])

  /// The functions above.
  public static let functions = [
    open, settle, topUp, close, requestClose, withdraw, getChannel, channels, getChannelsBatch,
    computeChannelId, getVoucherDigest, domainSeparator, eip712Domain, closeGracePeriod, voucherTypeHash,
  ]

  private static let parties: [ABIEvent.Argument] = [
    .indexed(.bytes32), .indexed(.address), .indexed(.address),
  ]

  /// Parties `(channelId, payer, payee)` as topics, then token, authorizedSigner, salt, deposit.
  public static let channelOpened = ABIEvent(
    "ChannelOpened",
    parties + [.data(.address), .data(.address), .data(.bytes32), .data(.uint256)])
  /// After the parties: cumulativeAmount, deltaPaid, newSettled, in base units.
  public static let settled = ABIEvent(
    "Settled", parties + [.data(.uint256), .data(.uint256), .data(.uint256)])
  /// After the parties: additionalDeposit, newDeposit, in base units.
  public static let topUpEvent = ABIEvent("TopUp", parties + [.data(.uint256), .data(.uint256)])
  /// After the parties: the second from which the payer may withdraw.
  public static let closeRequested = ABIEvent("CloseRequested", parties + [.data(.uint256)])
  /// The parties alone; written by a top-up, before its own event.
  public static let closeRequestCancelled = ABIEvent("CloseRequestCancelled", parties)
  /// After the parties: settledToPayee over the channel's whole life, refundedToPayer.
  public static let channelClosed = ABIEvent("ChannelClosed", parties + [.data(.uint256), .data(.uint256)])
  /// The parties alone; written by a withdrawal, before `ChannelClosed`.
  public static let channelExpired = ABIEvent("ChannelExpired", parties)
  /// The events above.
  public static let events = [
    channelOpened, settled, topUpEvent, closeRequested, closeRequestCancelled, channelClosed,
    channelExpired,
  ]
}
