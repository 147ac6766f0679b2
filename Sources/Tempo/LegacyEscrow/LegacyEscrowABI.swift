public import EVM

/// The stream channel contract of v1 sessions (`02` §12). Its vouchers are secp256k1 only and uint128.
public enum LegacyEscrowABI {
  /// `(finalized, closeRequestedAt, payer, payee, token, authorizedSigner, deposit, settled)`
  private static let channelMembers: [ABIType] = [
    .bool, .uint64, .address, .address, .address, .address, .uint128, .uint128,
  ]
  public static let channelType = ABIType.tuple(channelMembers)

  public static let open = ABIFunction(
    "open", [.address, .address, .uint128, .bytes32, .address], returns: [.bytes32])
  public static let settle = ABIFunction("settle", [.bytes32, .uint128, .bytes])
  public static let topUp = ABIFunction("topUp", [.bytes32, .uint256])
  public static let close = ABIFunction("close", [.bytes32, .uint128, .bytes])
  public static let requestClose = ABIFunction("requestClose", [.bytes32])
  public static let withdraw = ABIFunction("withdraw", [.bytes32])
  public static let getChannel = ABIFunction("getChannel", [.bytes32], returns: [channelType])
  public static let channels = ABIFunction("channels", [.bytes32], returns: channelMembers)
  public static let getChannelsBatch = ABIFunction(
    "getChannelsBatch", [.array(.bytes32)], returns: [.array(channelType)])
  public static let computeChannelId = ABIFunction(
    "computeChannelId", [.address, .address, .address, .bytes32, .address], returns: [.bytes32])
  public static let getVoucherDigest = ABIFunction(
    "getVoucherDigest", [.bytes32, .uint128], returns: [.bytes32])
  public static let domainSeparator = ABIFunction("domainSeparator", returns: [.bytes32])
  public static let eip712Domain = ABIFunction(
    "eip712Domain",
    returns: [.fixedBytes(1), .string, .string, .uint256, .address, .bytes32, .array(.uint256)])
  public static let closeGracePeriod = ABIFunction("CLOSE_GRACE_PERIOD", returns: [.uint64])
  public static let voucherTypeHash = ABIFunction("VOUCHER_TYPEHASH", returns: [.bytes32])

  public static let functions = [
    open, settle, topUp, close, requestClose, withdraw, getChannel, channels, getChannelsBatch,
    computeChannelId, getVoucherDigest, domainSeparator, eip712Domain, closeGracePeriod, voucherTypeHash,
  ]

  private static let parties: [ABIEvent.Argument] = [
    .indexed(.bytes32), .indexed(.address), .indexed(.address),
  ]

  public static let channelOpened = ABIEvent(
    "ChannelOpened",
    parties + [.data(.address), .data(.address), .data(.bytes32), .data(.uint256)])
  public static let settled = ABIEvent(
    "Settled", parties + [.data(.uint256), .data(.uint256), .data(.uint256)])
  public static let topUpEvent = ABIEvent("TopUp", parties + [.data(.uint256), .data(.uint256)])
  public static let closeRequested = ABIEvent("CloseRequested", parties + [.data(.uint256)])
  public static let closeRequestCancelled = ABIEvent("CloseRequestCancelled", parties)
  public static let channelClosed = ABIEvent("ChannelClosed", parties + [.data(.uint256), .data(.uint256)])
  public static let channelExpired = ABIEvent("ChannelExpired", parties)
  public static let events = [
    channelOpened, settled, topUpEvent, closeRequested, closeRequestCancelled, channelClosed,
    channelExpired,
  ]
}
