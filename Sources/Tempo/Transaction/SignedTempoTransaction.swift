public import EVM

/// A Tempo transaction with its sender's signature: final, or on its way to a sponsor (`02` §5.3, §5.7).
public struct SignedTempoTransaction: Sendable, Hashable {
  /// What was signed, with the fee payer's slot.
  public let transaction: TempoTransaction
  /// By the sender; not verified before ``recoverSender()``.
  public let signature: SignatureEnvelope
  /// The canonical bytes: type `0x76`, or `0x78` when the slot is a hand-off. `v` is written as 27 or 28.
  public let serialized: [UInt8]

  /// Strict: canonical RLP, exact arity, nothing after the list, the limits of `TransactionLimits`, low `s`.
  /// Signatures are not verified; `recoverSender()` does that.
  public init(parsing bytes: [UInt8]) throws(TempoError) {
    guard bytes.count <= TransactionLimits.totalBytes else { throw .limitExceeded("transaction") }
    guard let type = bytes.first, type == TempoTransaction.type || type == TempoTransaction.handOffType else {
      throw .unknownTransactionType(bytes.first)
    }
    guard case .list(let items) = try RLPFields.decode(bytes.dropFirst()) else {
      throw .malformedRLP("not a list")
    }
    guard items.count == 14 || items.count == 15 else { throw .wrongItemCount(items.count) }
    let transaction = try TempoTransaction(
      items: items[0..<13], keyAuthorization: items.count == 15 ? items[13] : nil, type: type)
    try transaction.validate()
    let signature = try SignatureEnvelope(
      parsing: try RLPFields.bytes(items[items.count - 1], "signature"))
    self.init(checked: transaction, signature: signature)
  }

  /// Joins a transaction and its signature after `TempoTransaction.validate()`.
  public init(_ transaction: TempoTransaction, signature: SignatureEnvelope) throws(TempoError) {
    try transaction.validate()
    self.init(checked: transaction, signature: signature)
  }

  private init(checked transaction: TempoTransaction, signature: SignatureEnvelope) {
    self.transaction = transaction
    self.signature = signature
    serialized = transaction.serialized(signature: signature)
  }

  /// The transaction hash. It identifies the transaction on the chain once the form is final.
  public var hash: Hash32 { Keccak256.hash(serialized) }

  /// Whether this can be sent to a node as it is: no sponsor is still to sign.
  public var isFinal: Bool {
    switch transaction.feePayer {
    case .unsponsored, .signed: true
    case .awaitingFeePayer, .handOff: false
    }
  }

  /// The account that sent, after verifying its signature.
  ///
  /// Throws also when a hand-off names another sender: the sponsor would sign for the wrong one.
  public func recoverSender() throws(TempoError) -> Address {
    try recover().account
  }

  /// The account, and the access key if one signed for it.
  public func recover() throws(TempoError) -> RecoveredSender {
    let recovered = try signature.recover(transaction.signingHash())
    if case .handOff(let claimed) = transaction.feePayer, claimed != recovered.account {
      throw .rule(.senderMismatch)
    }
    return recovered
  }

  /// The sponsor that co-signed, or `nil` when the sender pays. A sponsor that is the sender is refused.
  public func recoverFeePayer(sender: Address) throws(TempoError) -> Address? {
    switch transaction.feePayer {
    case .unsponsored: return nil
    case .awaitingFeePayer, .handOff: throw .rule(.wrongFeePayerSlot)
    case .signed(let signature):
      let digest = transaction.feePayerHash(sender: sender, feeToken: transaction.feeToken)
      let payer = try PrimitiveSignature.secp256k1(signature).signer(of: digest)
      guard payer != sender else { throw .rule(.selfSponsored) }
      return payer
    }
  }

  /// The hash that names the transaction in a channel descriptor and in the replay set (§5.6).
  public func expiringNonceHash() throws(TempoError) -> Hash32 {
    transaction.expiringNonceHash(sender: try recoverSender())
  }

  /// The `0x78` form of a transaction that awaits its sponsor; `sender` is the account (§6.2).
  public func handOff(sender: Address) throws(TempoError) -> SignedTempoTransaction {
    guard transaction.feePayer == .awaitingFeePayer else { throw .rule(.wrongFeePayerSlot) }
    var copy = transaction
    copy.feePayer = .handOff(sender: sender)
    return SignedTempoTransaction(checked: copy, signature: signature)
  }

  /// The final form with the sponsor's signature over `feePayerHash`. Whether to sign was decided before.
  public func completed(
    feeToken: Address, feePayerSignature: RecoverableSignature
  ) throws(TempoError) -> SignedTempoTransaction {
    switch transaction.feePayer {
    case .unsponsored, .signed: throw .rule(.wrongFeePayerSlot)
    case .awaitingFeePayer, .handOff: break
    }
    try CurveScalars.secp256k1.check(r: feePayerSignature.r, s: feePayerSignature.s)
    var copy = transaction
    copy.feeToken = feeToken
    copy.feePayer = .signed(feePayerSignature)
    return SignedTempoTransaction(checked: copy, signature: signature)
  }
}

extension TempoTransaction {
  /// Joins the transaction and a signature over `signingHash()`.
  public func signed(_ envelope: SignatureEnvelope) throws(TempoError) -> SignedTempoTransaction {
    try SignedTempoTransaction(self, signature: envelope)
  }

  /// Signs with a secp256k1 key after `validate()`.
  public func signed(with key: Secp256k1PrivateKey) throws(TempoError) -> SignedTempoTransaction {
    try validate()
    return try signed(.secp256k1(key.sign(signingHash())))
  }

  /// Signs with a signer that may be remote. The answer is parsed strictly.
  public func signed(by signer: some Signer) async throws -> SignedTempoTransaction {
    try validate()
    let bytes = try await signer.sign(signingHash())
    return try signed(SignatureEnvelope(parsing: bytes))
  }
}
