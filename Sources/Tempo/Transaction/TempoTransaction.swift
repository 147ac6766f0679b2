public import EVM

/// The fields of a Tempo transaction, type `0x76`, without the sender's signature (`02` §5).
public struct TempoTransaction: Sendable, Hashable {
  /// Never zero.
  public var chainID: UInt64
  /// Attodollars per gas.
  public var maxPriorityFeePerGas: UInt128
  /// Attodollars per gas.
  public var maxFeePerGas: UInt128
  /// Limit for all calls together, at most ``TransactionLimits/gas``.
  public var gas: UInt64
  /// Executed in order, all or none.
  public var calls: [Call]
  /// Warm storage; empty in everything that is made here.
  public var accessList: [AccessListEntry]
  /// Zero is the protocol nonce, `ExpiringNonce.key` the expiring one, any other a counter of its own.
  public var nonceKey: UInt256
  /// The next one of ``nonceKey``; zero with the expiring key.
  public var nonce: UInt64
  /// Seconds; the including block's time is below it. Zero is the same as absent.
  public var validBefore: UInt64?
  /// Seconds; the including block's time is not below it. Zero is the same as absent.
  public var validAfter: UInt64?
  /// Ignored, and written as absent, while a sponsor has not signed: the choice is the sponsor's.
  public var feeToken: Address?
  /// Who pays the fee. Decides what the sender signs: set it before signing.
  public var feePayer: FeePayerSlot
  /// Delegations, carried and not interpreted; at most ``TransactionLimits/delegations``.
  public var authorizationList: [DelegationEntry]
  /// Registers an access key before the calls run, and stays registered when they revert; its signature is
  /// part of what the sender signs.
  public var keyAuthorization: SignedKeyAuthorization?

  /// Leading byte of the signed bytes and of what the sender signs.
  public static let type: UInt8 = 0x76
  /// Type byte of the form handed to a sponsor, and of the payload the sponsor signs.
  public static let handOffType: UInt8 = 0x78

  /// Nothing is checked before ``validate()``.
  ///
  /// - Parameters:
  ///   - maxPriorityFeePerGas: attodollars per gas.
  ///   - maxFeePerGas: attodollars per gas.
  ///   - validBefore: seconds since 1970; zero becomes nil.
  ///   - validAfter: seconds since 1970; zero becomes nil.
  public init(
    chainID: UInt64, maxPriorityFeePerGas: UInt128 = 0, maxFeePerGas: UInt128 = 0, gas: UInt64 = 0,
    calls: [Call], accessList: [AccessListEntry] = [], nonceKey: UInt256 = .zero, nonce: UInt64 = 0,
    validBefore: UInt64? = nil, validAfter: UInt64? = nil, feeToken: Address? = nil,
    feePayer: FeePayerSlot = .unsponsored, authorizationList: [DelegationEntry] = [],
    keyAuthorization: SignedKeyAuthorization? = nil
  ) {
    self.chainID = chainID
    self.maxPriorityFeePerGas = maxPriorityFeePerGas
    self.maxFeePerGas = maxFeePerGas
    self.gas = gas
    self.calls = calls
    self.accessList = accessList
    self.nonceKey = nonceKey
    self.nonce = nonce
    self.validBefore = validBefore == 0 ? nil : validBefore
    self.validAfter = validAfter == 0 ? nil : validAfter
    self.feeToken = feeToken
    self.feePayer = feePayer
    self.authorizationList = authorizationList
    self.keyAuthorization = keyAuthorization
  }

  /// The bytes the sender signs. A sponsored sender commits neither to the fee token nor to the sponsor
  /// (§5.4).
  public var signingPayload: [UInt8] {
    let sponsored = feePayer.isSponsored
    let items = items(feeToken: sponsored ? nil : feeToken, slot: .bytes(sponsored ? [0] : []))
    return [Self.type] + RLP.encode(.list(items))
  }

  /// The digest the sender signs.
  public func signingHash() -> Hash32 { Keccak256.hash(signingPayload) }

  /// `H(signing payload ‖ sender)`: the replay key of expiring nonces and the identity of a channel
  /// opened by this transaction. No sponsor can change it. `sender` is the account also when an access
  /// key signs (§5.6).
  public func expiringNonceHash(sender: Address) -> Hash32 {
    Keccak256.hash(signingPayload + sender.bytes)
  }

  /// The digest the sponsor signs: the real fee token and the sender, not the sender's signature (§6.1).
  public func feePayerHash(sender: Address, feeToken: Address?) -> Hash32 {
    let items = items(feeToken: feeToken, slot: .bytes(sender.bytes))
    return Keccak256.hash([Self.handOffType] + RLP.encode(.list(items)))
  }

  /// Checks what every well-formed transaction satisfies; called before signing and after parsing.
  public func validate() throws(TempoError) {
    guard chainID != 0 else { throw .rule(.chainIDZero) }
    guard !calls.isEmpty else { throw .rule(.noCalls) }
    guard maxPriorityFeePerGas <= maxFeePerGas else { throw .rule(.tipAboveFeeCap) }
    if let before = validBefore, before != 0, let after = validAfter, before <= after {
      throw .rule(.emptyValidityWindow)
    }
    try checkLimits()
  }

  /// Checks the rules of the chain that a decoder does not need: no native value, creation only as first call
  /// and without delegations, the shape of an expiring nonce (§5.1, §5.5).
  public func checkChainRules() throws(TempoError) {
    try validate()
    for (index, call) in calls.enumerated() {
      guard call.value == .zero else { throw .rule(.nativeValue) }
      if call.to == nil, index > 0 || !authorizationList.isEmpty { throw .rule(.misplacedCreate) }
    }
    if nonceKey == ExpiringNonce.key, nonce != 0 || (validBefore ?? 0) == 0 {
      throw .rule(.expiringNonceShape)
    }
  }

  private func checkLimits() throws(TempoError) {
    guard calls.count <= TransactionLimits.calls else { throw .limitExceeded("calls") }
    for call in calls where call.data.count > TransactionLimits.callData {
      throw .limitExceeded("calls.data")
    }
    guard accessList.count <= TransactionLimits.accessListAddresses else {
      throw .limitExceeded("accessList")
    }
    var keys = 0
    for entry in accessList {
      guard entry.storageKeys.count <= TransactionLimits.accessListKeysPerAddress else {
        throw .limitExceeded("accessList.storageKeys")
      }
      keys += entry.storageKeys.count
    }
    guard keys <= TransactionLimits.accessListKeys else { throw .limitExceeded("accessList.storageKeys") }
    guard authorizationList.count <= TransactionLimits.delegations else {
      throw .limitExceeded("authorizationList")
    }
    guard gas <= TransactionLimits.gas else { throw .limitExceeded("gas") }
  }
}
