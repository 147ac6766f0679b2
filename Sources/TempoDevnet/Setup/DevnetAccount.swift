public import EVM

/// A prefunded account. Its key is public knowledge: never send anything of value to it.
public struct DevnetAccount: Sendable {
  /// Of ``privateKey``.
  public let address: Address
  /// secp256k1.
  public let privateKey: Secp256k1PrivateKey
  /// The key as `0x` and 64 hexadecimal digits, as wallets import it.
  public let privateKeyHex: String

  init(privateKeyHex: String) throws(EVMError) {
    let key = try Secp256k1PrivateKey(hex: privateKeyHex)
    self.privateKey = key
    self.address = key.address
    self.privateKeyHex = privateKeyHex
  }

  /// The signer the SDK takes.
  public var signer: LocalSigner { LocalSigner(key: privateKey) }
}
