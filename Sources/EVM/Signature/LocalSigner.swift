/// A signer whose key is in this process.
public struct LocalSigner: Signer, CustomStringConvertible {
  private let key: Secp256k1PrivateKey

  /// The key stays in memory for the life of the signer.
  public init(key: Secp256k1PrivateKey) { self.key = key }

  /// Of the key.
  public var address: Address { key.address }
  /// 65 bytes `r ‖ s ‖ v` with low `s`; the same digest gives the same bytes. Never throws.
  public func sign(_ digest: Hash32) async throws -> [UInt8] { key.sign(digest).bytes65 }
  public var description: String { "LocalSigner(\(address))" }
}
