public import EVM

/// A signature by an access key for an account (`02` §3.7).
public struct KeychainSignature: Sendable, Hashable {
  /// How the access key's signature is bound to the account.
  public enum Version: UInt8, Sendable, Hashable {
    /// Not at all. No chain takes it in a transaction any more; read in proofs, never written.
    case v1 = 0x03
    /// The access key signs `H(0x04 ‖ signing hash ‖ account)`.
    case v2 = 0x04
  }

  /// How the inner signature is bound; `v2` for everything made here.
  public let version: Version
  /// The account the key acts for: the sender of the transaction.
  public let account: Address
  /// The access key's own signature, over ``innerDigest(_:)``.
  public let inner: PrimitiveSignature

  /// A signature of version 2, the one to send.
  public init(account: Address, inner: PrimitiveSignature) {
    self.init(version: .v2, account: account, inner: inner)
  }

  init(version: Version, account: Address, inner: PrimitiveSignature) {
    self.version = version
    self.account = account
    self.inner = inner
  }

  /// `type ‖ account ‖ primitive`, either version. Wrappers inside wrappers are refused.
  public init(parsing bytes: [UInt8]) throws(TempoError) {
    guard bytes.count != 65, let type = bytes.first, let version = Version(rawValue: type) else {
      throw .signature(.unknownType)
    }
    guard bytes.count > 21 else { throw .signature(.length) }
    self.version = version
    inner = try PrimitiveSignature(parsing: Array(bytes[21...]), acceptingParityByte: true)
    do { account = try Address(bytes[1..<21]) } catch { throw .signature(.length) }
  }

  /// What the access key signed so that the account acts on `digest`.
  public func innerDigest(_ digest: Hash32) -> Hash32 {
    switch version {
    case .v1: digest
    case .v2: Self.innerDigest(digest, account: account)
    }
  }

  /// `H(0x04 ‖ signing hash ‖ account)`: what an access key signs.
  public static func innerDigest(_ signingHash: Hash32, account: Address) -> Hash32 {
    var hasher = Keccak256()
    hasher.update(byte: Version.v2.rawValue)
    hasher.update(signingHash)
    hasher.update(account)
    return hasher.finalize()
  }

  /// `type ‖ account ‖ primitive`: 21 bytes and the inner signature.
  public var serialized: [UInt8] { [version.rawValue] + account.bytes + inner.serialized }
}
