public import EVM

/// A signature by an access key for an account (`02` §3.7). Only version 2 exists on the chain.
public struct KeychainSignature: Sendable, Hashable {
  /// The account the key acts for: the sender of the transaction.
  public let account: Address
  public let inner: PrimitiveSignature

  public init(account: Address, inner: PrimitiveSignature) {
    self.account = account
    self.inner = inner
  }

  /// `H(0x04 ‖ signing hash ‖ account)`: what the access key signs.
  public static func innerDigest(_ signingHash: Hash32, account: Address) -> Hash32 {
    Keccak256.hash([0x04] + signingHash.bytes + account.bytes)
  }

  public var serialized: [UInt8] { [0x04] + account.bytes + inner.serialized }
}
