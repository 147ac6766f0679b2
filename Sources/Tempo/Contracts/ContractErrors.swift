public import EVM

/// The custom errors of every contract that payments touch (`02` §8.3, §9.1, §10.2, §11.3, §12, §13).
///
/// Errors of a token or of the keychain pass through the reserve unchanged, so one list serves all calls.
public enum ContractErrors {
  /// Errors of the channel reserve itself; ``legacyEscrow`` shares most of them.
  public static let channelReserve = [
    "ChannelAlreadyExists", "ChannelNotFound", "NotPayer", "NotPayeeOrOperator", "InvalidPayee",
    "ZeroDeposit", "ExpiringNonceHashNotSet", "InvalidSignature", "AmountExceedsDeposit",
    "AmountNotIncreasing", "CaptureAmountInvalid", "CloseNotReady", "DepositOverflow",
  ].map { ABIFunction($0) }

  /// Errors of tokens. `InsufficientBalance` says available, required and token.
  public static let tip20 =
    [ABIFunction("InsufficientBalance", [.uint256, .uint256, .address])]
    + [
      "InsufficientAllowance", "SupplyCapExceeded", "InvalidSupplyCap", "InvalidPayload", "PolicyForbids",
      "InvalidRecipient", "ContractPaused", "InvalidCurrency", "InvalidQuoteToken", "InvalidAmount",
      "NoOptedInSupply", "Unauthorized", "ProtectedAddress", "InvalidToken", "Uninitialized",
      "InvalidTransferPolicyId", "PermitExpired", "LogoURITooLong", "InvalidLogoURI",
      "VirtualAddressUnregistered",
    ].map { ABIFunction($0) }

  /// Errors of access keys: limits, scopes, expiry, revocation.
  public static let keychain =
    [
      "UnauthorizedCaller", "KeyAlreadyExists", "KeyNotFound", "KeyExpired", "SpendingLimitExceeded",
      "InvalidSpendingLimit", "InvalidSignatureType", "ZeroPublicKey", "ExpiryInPast", "KeyAlreadyRevoked",
      "CallNotAllowed", "InvalidCallScope", "InvalidKeyId", "InvalidKeyAuthorizationWitness",
      "KeyAuthorizationWitnessAlreadyBurned",
    ].map { ABIFunction($0) } + [
      ABIFunction("SignatureTypeMismatch", [.uint8, .uint8]),
      ABIFunction("LegacyAuthorizeKeySelectorChanged", [.bytes4]),
    ]

  /// Errors of the fee manager and of nonces.
  public static let feesAndNonces = [
    "InsufficientFeeTokenBalance", "CannotChangeWithinBlock", "ProtocolNonceNotSupported",
    "InvalidNonceKey", "NonceOverflow", "ExpiringNonceReplay", "ExpiringNonceSetFull",
    "InvalidExpiringNonceExpiry",
  ].map { ABIFunction($0) }

  /// Errors of the exchange; its `InsufficientBalance` has no arguments.
  public static let dex =
    [
      "PairDoesNotExist", "IdenticalTokens", "InsufficientLiquidity", "MaxInputExceeded",
      "InsufficientOutput", "InsufficientBalance",
    ].map { ABIFunction($0) }

  /// What the contract of v1 sessions has beyond ``channelReserve``.
  public static let legacyEscrow = [
    "ChannelFinalized", "NotPayee", "TransferFailed",
  ].map { ABIFunction($0) }

  /// Errors of several contracts.
  public static let common =
    [ABIFunction("UnknownFunctionSelector", [.bytes4])]
    + ["StaticCallNotAllowed", "InvalidFormat"].map { ABIFunction($0) }

  /// Every list above. Names may repeat with other arguments; selectors are what is compared.
  public static let all = channelReserve + tip20 + keychain + feesAndNonces + dex + legacyEscrow + common

  /// What a revert says, with the name of the error if it is a known one. Never fails.
  public static func reason(_ data: [UInt8]) -> RevertReason { RevertReason(data: data, errors: all) }

  /// Revert data of a known error, or `nil` when there is none of that name and those arguments.
  public static func revertData(_ name: String, _ arguments: [ABIValue] = []) -> [UInt8]? {
    guard let error = all.first(where: { $0.name == name && $0.inputs.count == arguments.count }) else {
      return nil
    }
    do { return try error.encode(arguments) } catch { return nil }
  }
}
