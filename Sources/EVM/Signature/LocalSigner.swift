/// A signer whose key is in this process.
public struct LocalSigner: Signer, CustomStringConvertible {
  private let key: Secp256k1PrivateKey

  public init(key: Secp256k1PrivateKey) { self.key = key }

  public var address: Address { key.address }
  public func sign(_ digest: Hash32) async throws -> [UInt8] { key.sign(digest).bytes65 }
  public var description: String { "LocalSigner(\(address))" }
}
