public import EVM

/// A payer's promise that the payee may take up to an amount in total from a channel (`04` §4).
///
/// The signature covers the channel and the amount, nothing else: whoever holds it can use it for
/// `settle` and `close`, so a voucher with its signature is a bearer secret.
public struct Voucher: Sendable, Hashable {
  /// The only channel the voucher counts on: escrow and chain are part of the id.
  public let channelID: Hash32
  /// Base units in total since the channel was opened, at most 2^96 − 1. Zero is a valid voucher.
  public let cumulativeAmount: UInt128

  /// 2^96 − 1.
  public static let maximumAmount: UInt128 = (1 << 96) - 1
  /// The EIP-712 type.
  public static let type = "Voucher(bytes32 channelId,uint96 cumulativeAmount)"
  /// Keccak-256 of ``type``.
  public static let typeHash = Keccak256.hash(utf8: type)

  /// - Throws: `amountOutOfRange` above ``maximumAmount``.
  public init(channelID: Hash32, cumulativeAmount: UInt128) throws(TempoError) {
    guard cumulativeAmount <= Self.maximumAmount else { throw .amountOutOfRange }
    self.channelID = channelID
    self.cumulativeAmount = cumulativeAmount
  }

  /// The EIP-712 digest that is signed: two hashes, the domain's is cached.
  public func digest(domain: VoucherDomain) -> Hash32 {
    let structHash = Keccak256.hash(Self.typeHash, channelID, UInt256(cumulativeAmount).word)
    return EIP712.digest(domainSeparator: domain.separator, structHash: structHash)
  }
}

/// The EIP-712 domain of the vouchers of one reserve on one chain. Make one per chain and contract, and
/// keep it.
public struct VoucherDomain: Sendable, Hashable {
  /// The chain of the channels.
  public let chainID: UInt64
  /// The contract that checks the vouchers.
  public let escrow: Address
  /// The domain's hash, computed once.
  public let separator: Hash32

  /// Part of the domain.
  public static let name = "TIP20 Channel Reserve"
  /// Part of the domain.
  public static let version = "1"

  /// Hashes the domain once.
  public init(chainID: UInt64, escrow: Address = TempoAddress.channelReserve) {
    self.chainID = chainID
    self.escrow = escrow
    separator = EIP712.domainSeparator(
      name: Self.name, version: Self.version, chainID: chainID, verifyingContract: escrow)
  }
}
