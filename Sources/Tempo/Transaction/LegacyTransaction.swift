public import EVM

/// A signed transaction without a type byte, in the EIP-155 form that names the chain. Read, never made.
public struct SignedLegacyTransaction: Sendable, Hashable {
  /// Read from `v`, never zero.
  public let chainID: UInt64
  /// The account's protocol nonce.
  public let nonce: UInt64
  /// Attodollars per gas.
  public let gasPrice: UInt128
  /// At most ``TransactionLimits/gas``.
  public let gas: UInt64
  /// Nil creates a contract.
  public let to: Address?
  /// Native value; the chain accepts only zero.
  public let value: UInt256
  /// Calldata, at most ``TransactionLimits/callData`` bytes.
  public let data: [UInt8]
  /// By the sender; not verified before ``recoverSender()``.
  public let signature: RecoverableSignature
  /// The bytes that were parsed.
  public let serialized: [UInt8]

  /// Strict; transactions that do not name their chain are refused.
  public init(parsing bytes: [UInt8]) throws(TempoError) {
    guard bytes.count <= TransactionLimits.totalBytes else { throw .limitExceeded("transaction") }
    guard let first = bytes.first, first >= 0xc0 else { throw .unknownTransactionType(bytes.first) }
    guard case .list(let items) = try RLPFields.decode(bytes[...]) else { throw .malformedRLP("not a list") }
    guard items.count == 9 else { throw .wrongItemCount(items.count) }
    nonce = try RLPFields.uint64(items[0], "nonce")
    gasPrice = try RLPFields.uint128(items[1], "gasPrice")
    gas = try RLPFields.uint64(items[2], "gas")
    to = try RLPFields.optionalAddress(items[3], "to")
    value = try RLPFields.uint256(items[4], "value")
    data = try RLPFields.bytes(items[5], "data")
    let v = try RLPFields.uint64(items[6], "v")
    guard v >= 37 else { throw .signature(.nonCanonicalByte) }
    chainID = (v - 35) / 2
    let parity = RLP.uint((v - 35) % 2)
    signature = try RLPFields.signature([parity, items[7], items[8]])
    guard data.count <= TransactionLimits.callData else { throw .limitExceeded("data") }
    guard gas <= TransactionLimits.gas else { throw .limitExceeded("gas") }
    serialized = bytes
  }

  /// The bytes the sender signed.
  public var signingPayload: [UInt8] {
    RLP.encode(
      .list([
        RLP.uint(nonce), RLP.uint(gasPrice), RLP.uint(gas), RLPFields.item(to), RLP.uint(value),
        .bytes(data), RLP.uint(chainID), .bytes([]), .bytes([]),
      ]))
  }

  /// The digest the sender signed, in the form of EIP-155.
  public func signingHash() -> Hash32 { Keccak256.hash(signingPayload) }

  /// `H(signing payload ‖ sender)`: the identity of a channel opened by this transaction (`02` §5.6).
  public func expiringNonceHash(sender: Address) -> Hash32 {
    Keccak256.hash(signingPayload + sender.bytes)
  }

  /// The transaction hash, final.
  public var hash: Hash32 { Keccak256.hash(serialized) }

  /// The account that sent, recovered from its signature. Throws when none does.
  public func recoverSender() throws(TempoError) -> Address {
    try PrimitiveSignature.secp256k1(signature).signer(of: signingHash())
  }
}
