public import EVM

/// A signed transaction without a type byte, in the EIP-155 form that names the chain. Read, never made.
public struct SignedLegacyTransaction: Sendable, Hashable {
  public let chainID: UInt64
  public let nonce: UInt64
  public let gasPrice: UInt128
  public let gas: UInt64
  public let to: Address?
  public let value: UInt256
  public let data: [UInt8]
  public let signature: RecoverableSignature
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

  public func signingHash() -> Hash32 { Keccak256.hash(signingPayload) }

  public func expiringNonceHash(sender: Address) -> Hash32 {
    Keccak256.hash(signingPayload + sender.bytes)
  }

  public var hash: Hash32 { Keccak256.hash(serialized) }

  public func recoverSender() throws(TempoError) -> Address {
    try PrimitiveSignature.secp256k1(signature).signer(of: signingHash())
  }
}
