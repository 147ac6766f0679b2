public import EVM

/// What identifies a channel of a v1 session (`02` §12).
public struct LegacyChannel: Sendable, Hashable {
  public let payer: Address
  public let payee: Address
  public let token: Address
  public let salt: Hash32
  public let authorizedSigner: Address

  public init(payer: Address, payee: Address, token: Address, salt: Hash32, authorizedSigner: Address) {
    self.payer = payer
    self.payee = payee
    self.token = token
    self.salt = salt
    self.authorizedSigner = authorizedSigner
  }

  /// The hash of seven ABI words.
  public func channelID(escrow: Address, chainID: UInt64) -> Hash32 {
    var hasher = Keccak256()
    for word in [
      payer.word, payee.word, token.word, salt, authorizedSigner.word, escrow.word, UInt256(chainID).word,
    ] { hasher.update(word) }
    return hasher.finalize()
  }
}
