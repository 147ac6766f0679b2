public import EVM

/// What identifies a channel of the TIP-20 channel reserve, together with chain and contract (`04` §3).
///
/// Equality is over all seven fields as bytes; the spelling of an address on the wire plays no part.
public struct ChannelDescriptor: Sendable, Hashable {
  /// Funds the channel and gets refunds.
  public let payer: Address
  /// Receives settlements.
  public let payee: Address
  /// May settle and close on the payee's side; zero means nobody else.
  public let `operator`: Address
  /// The TIP-20 token of deposit, settlements and refund.
  public let token: Address
  /// Chosen by the payer; tells apart the channels that are opened in one transaction.
  public let salt: Hash32
  /// Signs vouchers; zero means the payer does.
  public let authorizedSigner: Address
  /// `TempoTransaction.expiringNonceHash(sender:)` of the transaction that opened the channel.
  public let expiringNonceHash: Hash32

  /// - Parameters:
  ///   - operator: zero: nobody but the payee settles and closes.
  ///   - authorizedSigner: zero: the payer signs the vouchers.
  ///   - expiringNonceHash: of the transaction that opens the channel, in the form that is mined.
  public init(
    payer: Address, payee: Address, operator: Address, token: Address, salt: Hash32,
    authorizedSigner: Address, expiringNonceHash: Hash32
  ) {
    self.payer = payer
    self.payee = payee
    self.operator = `operator`
    self.token = token
    self.salt = salt
    self.authorizedSigner = authorizedSigner
    self.expiringNonceHash = expiringNonceHash
  }

  /// The address whose vouchers count.
  public var effectiveSigner: Address { authorizedSigner.isZero ? payer : authorizedSigner }

  /// The nine ABI words that are hashed into the channel id.
  public func identityPreimage(escrow: Address, chainID: UInt64) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(288)
    for word in [
      payer.word, payee.word, `operator`.word, token.word, salt, authorizedSigner.word, expiringNonceHash,
      escrow.word, UInt256(chainID).word,
    ] { word.append(to: &bytes) }
    return bytes
  }

  /// The channel id: changing any field, the contract or the chain changes it.
  public func channelID(escrow: Address = TempoAddress.channelReserve, chainID: UInt64) -> Hash32 {
    Keccak256.hash(identityPreimage(escrow: escrow, chainID: chainID))
  }
}
