public import EVM

/// What identifies a channel of a v1 session (`02` §12).
public struct LegacyChannel: Sendable, Hashable {
  /// Funds the channel and gets refunds.
  public let payer: Address
  /// Receives settlements; the only one who may settle and close.
  public let payee: Address
  /// The TIP-20 token of the deposit.
  public let token: Address
  /// Chosen by the payer. The same parties can use a salt once: a closed channel is never opened again.
  public let salt: Hash32
  /// Signs vouchers; zero means the payer does.
  public let authorizedSigner: Address

  /// - Parameter authorizedSigner: zero: the payer signs the vouchers.
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
