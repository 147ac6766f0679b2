public import EVM

/// The fields of an Ethereum fee-market transaction, type `0x02`. Servers that pay their own fees settle and
/// close with it (`20` §2).
public struct EIP1559Transaction: Sendable, Hashable {
  public var chainID: UInt64
  public var nonce: UInt64
  public var maxPriorityFeePerGas: UInt128
  public var maxFeePerGas: UInt128
  public var gas: UInt64
  /// `nil` creates a contract.
  public var to: Address?
  public var value: UInt256
  public var data: [UInt8]
  public var accessList: [AccessListEntry]

  public static let type: UInt8 = 0x02

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
  public let transaction: EIP1559Transaction
  public let signature: RecoverableSignature
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

  public init(
    _ transaction: EIP1559Transaction, signature: RecoverableSignature
  ) throws(TempoError) {
    try transaction.validate()
    self.transaction = transaction
    self.signature = signature
    let items = transaction.items + RLPFields.items(signature)
    serialized = [EIP1559Transaction.type] + RLP.encode(.list(items))
  }

  public var hash: Hash32 { Keccak256.hash(serialized) }

  /// The account that sent, recovered from its signature.
  public func recoverSender() throws(TempoError) -> Address {
    try PrimitiveSignature.secp256k1(signature).signer(of: transaction.signingHash())
  }
}
