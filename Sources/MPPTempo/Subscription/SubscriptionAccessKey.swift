public import EVM
public import Tempo

/// The key of the server that a payer is asked to authorize (`07` §6).
public struct SubscriptionAccessKey: Sendable, Hashable {
  public let address: Address
  public let keyType: PrimitiveSignature.Kind

  public init(address: Address, keyType: PrimitiveSignature.Kind) {
    self.address = address
    self.keyType = keyType
  }

  /// The access key behind a signer.
  public init(_ signer: TempoSigner) {
    self.init(address: signer.keyAddress, keyType: signer.keyType)
  }
}
