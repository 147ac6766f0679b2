public import EVM

/// The fields of an Ethereum fee-market transaction, type `0x02`. Servers that pay their own fees settle and
/// close with it (`20` §2).
public struct EIP1559Transaction: Sendable, Hashable {
  /// Never zero.
  public var chainID: UInt64
  /// The account's protocol nonce: two transactions with one nonce exclude each other.
  public var nonce: UInt64
  /// Attodollars per gas.
  public var maxPriorityFeePerGas: UInt128
  /// Attodollars per gas; the fee is at most `gas × maxFeePerGas / 10^12` base units, rounded up.
  public var maxFeePerGas: UInt128
  /// At most ``TransactionLimits/gas``.
  public var gas: UInt64
  /// `nil` creates a contract.
  public var to: Address?
  /// Native value; the chain accepts only zero.
  public var value: UInt256
  /// Calldata, at most ``TransactionLimits/callData`` bytes.
  public var data: [UInt8]
  /// Warm storage; empty in everything that is made here.
  public var accessList: [AccessListEntry]

  /// Leading byte of the signed bytes and of what is signed.
  public static let type: UInt8 = 0x02

  /// Nothing is checked before ``validate()``.
  ///
  /// - Parameters:
  ///   - maxPriorityFeePerGas: attodollars per gas.
  ///   - maxFeePerGas: attodollars per gas.
  public init(
    chainID: UInt64, nonce: UInt64, maxPriorityFeePerGas: UInt128, maxFeePerGas: UInt128, gas: UInt64,
    to: Address?, value: UInt256 = .zero, data: [UInt8] = [], accessList: [AccessListEntry] = []
  ) {
    self.chainID = chainID
    self.nonce = nonce
    self.maxPriorityFeePerGas = maxPriorityFeePerGas
    self.maxFeePerGas = maxFeePerGas
    self.gas = gas
    self.to = to
    self.value = value
    self.data = data
    self.accessList = accessList
  }

  /// The bytes the sender signs.
  public var signingPayload: [UInt8] { [Self.type] + RLP.encode(.list(items)) }

  /// The digest the sender signs, with secp256k1.
  public func signingHash() -> Hash32 { Keccak256.hash(signingPayload) }

  /// The reserve identifies a channel by this hash for every transaction type (`02` §5.6).
  public func expiringNonceHash(sender: Address) -> Hash32 {
    Keccak256.hash(signingPayload + sender.bytes)
  }

  /// Checks what a decoder and a builder both need; the pool's rules are the node's.
  public func validate() throws(TempoError) {
    guard chainID != 0 else { throw .rule(.chainIDZero) }
    guard maxPriorityFeePerGas <= maxFeePerGas else { throw .rule(.tipAboveFeeCap) }
    guard data.count <= TransactionLimits.callData else { throw .limitExceeded("data") }
    guard gas <= TransactionLimits.gas else { throw .limitExceeded("gas") }
  }

  /// Signs after `validate()`.
  public func signed(with key: Secp256k1PrivateKey) throws(TempoError) -> SignedEIP1559Transaction {
    try SignedEIP1559Transaction(self, signature: key.sign(signingHash()))
  }

  /// Signs with a signer that may be remote. The answer is parsed strictly.
  public func signed(by signer: some Signer) async throws -> SignedEIP1559Transaction {
    try validate()
    let bytes = try await signer.sign(signingHash())
    guard case .secp256k1(let signature) = try PrimitiveSignature(parsing: bytes) else {
      throw TempoError.signature(.unsupportedKind)
    }
    return try SignedEIP1559Transaction(self, signature: signature)
  }

  var items: [RLPItem] {
    [
      RLP.uint(chainID), RLP.uint(nonce), RLP.uint(maxPriorityFeePerGas), RLP.uint(maxFeePerGas),
      RLP.uint(gas), RLPFields.item(to), RLP.uint(value), .bytes(data), AccessListRLP.item(accessList),
    ]
  }
}

/// A signed `0x02` transaction.
public struct SignedEIP1559Transaction: Sendable, Hashable {
  /// What was signed.
  public let transaction: EIP1559Transaction
  /// By the sender; not verified before ``recoverSender()``.
  public let signature: RecoverableSignature
  /// The bytes for `eth_sendRawTransaction`, canonical.
  public let serialized: [UInt8]

  /// Strict, as `SignedTempoTransaction.init(parsing:)`.
  public init(parsing bytes: [UInt8]) throws(TempoError) {
    guard bytes.count <= TransactionLimits.totalBytes else { throw .limitExceeded("transaction") }
    guard bytes.first == EIP1559Transaction.type else { throw .unknownTransactionType(bytes.first) }
    guard case .list(let items) = try RLPFields.decode(bytes.dropFirst()) else {
      throw .malformedRLP("not a list")
    }
    guard items.count == 12 else { throw .wrongItemCount(items.count) }
    let transaction = EIP1559Transaction(
      chainID: try RLPFields.uint64(items[0], "chainId"),
      nonce: try RLPFields.uint64(items[1], "nonce"),
      maxPriorityFeePerGas: try RLPFields.uint128(items[2], "maxPriorityFeePerGas"),
      maxFeePerGas: try RLPFields.uint128(items[3], "maxFeePerGas"),
      gas: try RLPFields.uint64(items[4], "gas"),
      to: try RLPFields.optionalAddress(items[5], "to"),
      value: try RLPFields.uint256(items[6], "value"),
      data: try RLPFields.bytes(items[7], "data"),
      accessList: try AccessListRLP.parse(items[8]))
    try self.init(transaction, signature: try RLPFields.signature(Array(items[9...11])))
  }

  /// Joins a transaction and its signature after ``EIP1559Transaction/validate()``; who signed is not
  /// checked.
  public init(
    _ transaction: EIP1559Transaction, signature: RecoverableSignature
  ) throws(TempoError) {
    try transaction.validate()
    self.transaction = transaction
    self.signature = signature
    let items = transaction.items + RLPFields.items(signature)
    serialized = [EIP1559Transaction.type] + RLP.encode(.list(items))
  }

  /// The transaction hash, final.
  public var hash: Hash32 { Keccak256.hash(serialized) }

  /// The account that sent, recovered from its signature.
  public func recoverSender() throws(TempoError) -> Address {
    try PrimitiveSignature.secp256k1(signature).signer(of: transaction.signingHash())
  }
}
