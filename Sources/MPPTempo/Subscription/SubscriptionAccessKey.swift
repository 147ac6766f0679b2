public import EVM
public import Tempo

/// The key of the server that a payer is asked to authorize (`07` §6).
public struct SubscriptionAccessKey: Sendable, Hashable {
  /// Key id: the address of the key, not of an account with money.
  public let address: Address
  /// Which kind of signature the key makes. The chain refuses a key that is used as another kind.
  public let keyType: PrimitiveSignature.Kind

  /// - Parameter address: the key id.
  public init(address: Address, keyType: PrimitiveSignature.Kind) {
    self.address = address
    self.keyType = keyType
  }

  /// The access key behind a signer.
  public init(_ signer: TempoSigner) {
    self.init(address: signer.keyAddress, keyType: signer.keyType)
  }
}
