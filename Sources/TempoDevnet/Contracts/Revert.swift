import EVM

/// A call that undid itself: its name, and the bytes a caller sees.
struct Revert: Error, Sendable, Hashable {
  /// Name of the error, or the text of `Error(string)`; empty for a revert without data.
  let name: String
  let data: [UInt8]

  private init(name: String, data: [UInt8]) {
    self.name = name
    self.data = data
  }

  /// Malformed arguments.
  static let empty = Revert(name: "", data: [])

  /// `name()` with its four-byte selector.
  init(_ name: String, _ selector: UInt32) {
    self.init(name: name, data: Words.selector(selector))
  }

  /// One that a state file remembers.
  init(restoring name: String, _ data: [UInt8]) { self.init(name: name, data: data) }

  /// Bytes a fault rule has chosen.
  init(injected data: [UInt8]) { self.init(name: "injected", data: data) }

  /// `Error(string)`.
  init(reason: String) {
    let text = Array(reason.utf8)
    let padding = (32 - text.count % 32) % 32
    self.init(
      name: reason,
      data: Words.selector(0x08c3_79a0) + Words.encode(UInt256(32 as UInt64), UInt256(UInt64(text.count)))
        + text + [UInt8](repeating: 0, count: padding))
  }

  static func insufficientBalance(available: UInt128, required: UInt256, token: Address) -> Revert {
    Revert(
      name: "InsufficientBalance",
      data: Words.selector(0x832f_98b5) + Words.encode(UInt256(available), required, UInt256(token.word)))
  }

  static func unknownFunction(_ selector: UInt32) -> Revert {
    Revert(
      name: "UnknownFunctionSelector",
      data: Words.selector(0xaa4b_c69a) + Words.selector(selector) + [UInt8](repeating: 0, count: 28))
  }

  // TIP-20 (`02` §8.3).
  static let insufficientAllowance = Revert("InsufficientAllowance", 0x13be_252b)
  static let invalidRecipient = Revert("InvalidRecipient", 0x9c8d_2cd2)
  static let policyForbids = Revert("PolicyForbids", 0x54cf_e659)
  static let contractPaused = Revert("ContractPaused", 0xab35_696f)
  static let supplyCapExceeded = Revert("SupplyCapExceeded", 0xf58f_733a)
  static let unauthorized = Revert("Unauthorized", 0x82b4_2900)
  static let invalidToken = Revert("InvalidToken", 0xc1ab_6dc1)
  static let uninitialized = Revert("Uninitialized", 0x1c72_fad4)
  static let invalidAmount = Revert("InvalidAmount", 0x2c52_11c6)
  static let permitExpired = Revert("PermitExpired", 0x1a15_a3cc)
  static let invalidSignature = Revert("InvalidSignature", 0x8baa_579f)

  static let virtualAddressUnregistered = Revert(
    "VirtualAddressUnregistered", Calldata.selector("VirtualAddressUnregistered()"))

  // Channel reserve (`02` §11.3).
  static let channelAlreadyExists = Revert("ChannelAlreadyExists", 0x0ec0_f149)
  static let channelNotFound = Revert("ChannelNotFound", 0x1e07_dd94)
  static let notPayer = Revert("NotPayer", 0x1435_e357)
  static let notPayeeOrOperator = Revert("NotPayeeOrOperator", 0x626a_2a3d)
  static let invalidPayee = Revert("InvalidPayee", 0xb387_a238)
  static let zeroDeposit = Revert("ZeroDeposit", 0x5631_6e87)
  static let expiringNonceHashNotSet = Revert("ExpiringNonceHashNotSet", 0x102f_04a9)
  static let amountExceedsDeposit = Revert("AmountExceedsDeposit", 0xbd0d_7138)
  static let amountNotIncreasing = Revert("AmountNotIncreasing", 0x32d2_c1a3)
  static let captureAmountInvalid = Revert("CaptureAmountInvalid", 0xc918_33a1)
  static let closeNotReady = Revert("CloseNotReady", 0x02b8_1e29)
  static let depositOverflow = Revert("DepositOverflow", 0x1132_981b)

  // Account keychain (`02` §9.1).
  static let keyAlreadyExists = Revert("KeyAlreadyExists", 0xaa1b_a2f8)
  static let keyAlreadyRevoked = Revert("KeyAlreadyRevoked", 0xcdf0_b34f)
  static let keyNotFound = Revert("KeyNotFound", 0x5f3f_479c)
  static let keyExpired = Revert("KeyExpired", 0x2572_e3a9)
  static let spendingLimitExceeded = Revert("SpendingLimitExceeded", 0x8a9e_71ea)
  static let invalidSpendingLimit = Revert("InvalidSpendingLimit", 0x1761_dd33)
  static let callNotAllowed = Revert("CallNotAllowed", 0x576b_38b4)
  static let invalidCallScope = Revert("InvalidCallScope", 0x457c_abe6)
  static let unauthorizedCaller = Revert("UnauthorizedCaller", 0x5c42_7cd9)
  static let zeroPublicKey = Revert("ZeroPublicKey", 0xb1ed_dc82)
  static let expiryInPast = Revert("ExpiryInPast", 0x7995_5a10)
  static let invalidSignatureType = Revert("InvalidSignatureType", 0x60cd_402d)
  static let invalidKeyID = Revert("InvalidKeyId", 0xb0ae_b53e)
  static let keyAuthorizationWitnessAlreadyBurned = Revert(
    "KeyAuthorizationWitnessAlreadyBurned", 0xc96f_8deb)

  static func signatureTypeMismatch(expected: UInt8, actual: UInt8) -> Revert {
    Revert(
      name: "SignatureTypeMismatch",
      data: Words.selector(0xce69_9eca)
        + Words.encode(UInt256(UInt64(expected)), UInt256(UInt64(actual))))
  }

  /// The first form of `authorizeKey` names its successor.
  static let legacyAuthorizeKeySelectorChanged = Revert(
    name: "LegacyAuthorizeKeySelectorChanged",
    data: Words.selector(0x5806_c0fd) + Words.selector(0x980a_6025) + [UInt8](repeating: 0, count: 28))

  // Stablecoin exchange (`02` §10.2).
  static let pairDoesNotExist = Revert("PairDoesNotExist", 0xc5fc_4bf4)
  static let identicalTokens = Revert("IdenticalTokens", 0x5c6d_7b73)
  static let insufficientLiquidity = Revert("InsufficientLiquidity", 0xbb55_fd27)
  static let maxInputExceeded = Revert("MaxInputExceeded", 0xde9d_3c88)
  static let insufficientOutput = Revert("InsufficientOutput", 0xbb28_75c3)

  // Legacy stream channel (`02` §12).
  static let channelFinalized = Revert("ChannelFinalized", 0xc9f3_b559)
  static let notPayee = Revert("NotPayee", 0x56ca_b67b)

  // Signature verifier (`02` §13).
  static let invalidFormat = Revert("InvalidFormat", 0x257a_a23b)

  // Nonce manager (`02` §13).
  static let protocolNonceNotSupported = Revert("ProtocolNonceNotSupported", 0x1bc8_1ca9)

  /// `Error("…")` with what this chain cannot run.
  static let bytecode = Revert(reason: "devnet: EVM bytecode is not supported")

  static let outOfGas = Revert(reason: "out of gas")

  /// All fixed errors, for the test that checks each selector against its name.
  static let named: [Revert] = [
    insufficientAllowance, invalidRecipient, policyForbids, contractPaused, supplyCapExceeded, unauthorized,
    invalidToken, uninitialized, invalidSignature, channelAlreadyExists, channelNotFound, notPayer,
    notPayeeOrOperator, invalidPayee, zeroDeposit, expiringNonceHashNotSet, amountExceedsDeposit,
    amountNotIncreasing, captureAmountInvalid, closeNotReady, depositOverflow, protocolNonceNotSupported,
    keyAlreadyExists, keyAlreadyRevoked, keyNotFound, keyExpired, spendingLimitExceeded, invalidSpendingLimit,
    callNotAllowed, invalidCallScope, unauthorizedCaller, zeroPublicKey, expiryInPast, invalidSignatureType,
    invalidAmount, permitExpired, pairDoesNotExist, identicalTokens, insufficientLiquidity, maxInputExceeded,
    insufficientOutput, channelFinalized, notPayee, invalidKeyID, keyAuthorizationWitnessAlreadyBurned,
    invalidFormat, virtualAddressUnregistered,
  ]
}

/// Words of return and revert data.
enum Words {
  static func selector(_ selector: UInt32) -> [UInt8] {
    [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: selector >> $0) }
  }

  static func encode(_ words: UInt256...) -> [UInt8] { encode(words) }

  static func encode(_ words: [UInt256]) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(words.count * 32)
    for word in words { word.word.append(to: &bytes) }
    return bytes
  }

  static func encode(_ address: Address) -> [UInt8] { address.word.bytes }
  static func encode(_ flag: Bool) -> [UInt8] { encode(flag ? 1 : 0) }

  /// A single `string` return value.
  static func encode(string: String) -> [UInt8] {
    let text = Array(string.utf8)
    let padding = (32 - text.count % 32) % 32
    return encode(UInt256(32 as UInt64), UInt256(UInt64(text.count))) + text
      + [UInt8](repeating: 0, count: padding)
  }
}
