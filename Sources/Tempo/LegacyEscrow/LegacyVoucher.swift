public import EVM

/// A payer's promise on a channel of a v1 session (`02` §4.2, §12). As ``Voucher``, with another domain, a wider
/// amount, and secp256k1 as the only curve.
public struct LegacyVoucher: Sendable, Hashable {
  /// The only channel the voucher counts on: contract and chain are part of the id.
  public let channelID: Hash32
  /// Base units in total since the channel was opened.
  public let cumulativeAmount: UInt128

  /// The EIP-712 type.
  public static let type = "Voucher(bytes32 channelId,uint128 cumulativeAmount)"
  /// Keccak-256 of ``type``.
  public static let typeHash = Keccak256.hash(utf8: type)

  /// - Parameter cumulativeAmount: base units; every uint128 is a valid amount here.
  public init(channelID: Hash32, cumulativeAmount: UInt128) {
    self.channelID = channelID
    self.cumulativeAmount = cumulativeAmount
  }

  /// The EIP-712 digest that is signed, with ``TempoSigner/signSecp256k1(_:)``.
  public func digest(domain: LegacyVoucherDomain) -> Hash32 {
    let structHash = Keccak256.hash(Self.typeHash, channelID, UInt256(cumulativeAmount).word)
    return EIP712.digest(domainSeparator: domain.separator, structHash: structHash)
  }

  /// Throws unless these are exactly 65 bytes by `signer`, with `v` 27 or 28 and a low `s`. The contract takes
  /// more — the 64-byte form, a high `s` — that no payer sends: only one spelling of a signature passes here.
  public func verify(
    signature bytes: [UInt8], domain: LegacyVoucherDomain, signer: Address
  ) throws(TempoError) {
    guard bytes.count == 65 else { throw .signature(.length) }
    let signature = try PrimitiveSignature(parsing: bytes)
    guard try signature.signer(of: digest(domain: domain)) == signer else { throw .rule(.signerMismatch) }
  }
}

/// The EIP-712 domain of the vouchers of one escrow contract on one chain. Make one per contract, and keep it.
public struct LegacyVoucherDomain: Sendable, Hashable {
  /// The chain of the channels.
  public let chainID: UInt64
  /// The contract that checks the vouchers.
  public let escrow: Address
  /// The domain's hash, computed once.
  public let separator: Hash32

  /// Part of the domain.
  public static let name = "Tempo Stream Channel"
  /// Part of the domain.
  public static let version = "1"

  /// Hashes the domain once.
  public init(chainID: UInt64, escrow: Address) {
    self.chainID = chainID
    self.escrow = escrow
    separator = EIP712.domainSeparator(
      name: Self.name, version: Self.version, chainID: chainID, verifyingContract: escrow)
  }
}
