import EVM

/// A channel of the first stream contract, in five storage words (`02` §12).
struct LegacyChannelRecord: Sendable, Hashable {
  var isFinalized = false
  /// Seconds; zero when no close has been requested.
  var closeRequestedAt: UInt64 = 0
  var payer = Address.zero
  var payee = Address.zero
  var token = Address.zero
  var authorizedSigner = Address.zero
  var deposit: UInt128 = 0
  var settled: UInt128 = 0

  /// What stays of a channel that has been closed.
  static let tombstone: LegacyChannelRecord = {
    var record = LegacyChannelRecord()
    record.isFinalized = true
    return record
  }()

  init() {}

  /// Payer, payee, token and signer, the payer's word with the request time and the flag above it; then the
  /// amounts.
  init(words: [UInt256]) {
    payer = Address(truncating: words[0].word)
    // Above the twenty bytes of the address are twelve: the flag, three empty ones, the time.
    isFinalized = words[0].limbs[0] >> 63 == 1
    closeRequestedAt = words[0].limbs[0] << 32 | words[0].limbs[1] >> 32
    payee = Address(truncating: words[1].word)
    token = Address(truncating: words[2].word)
    authorizedSigner = Address(truncating: words[3].word)
    deposit = UInt128(words[4].limbs[0]) << 64 | UInt128(words[4].limbs[1])
    settled = UInt128(words[4].limbs[2]) << 64 | UInt128(words[4].limbs[3])
  }

  var words: [UInt256] {
    let low = UInt256(payer.word)
    let first = UInt256(
      limbs: (isFinalized ? 1 << 63 : 0) | closeRequestedAt >> 32,
      closeRequestedAt << 32 | low.limbs[1], low.limbs[2], low.limbs[3])
    let amounts = UInt256(
      limbs: UInt64(truncatingIfNeeded: deposit >> 64), UInt64(truncatingIfNeeded: deposit),
      UInt64(truncatingIfNeeded: settled >> 64), UInt64(truncatingIfNeeded: settled))
    return [first, UInt256(payee.word), UInt256(token.word), UInt256(authorizedSigner.word), amounts]
  }

  /// The members as the contract returns them.
  var abi: [UInt256] {
    [
      isFinalized ? 1 : 0, UInt256(closeRequestedAt), UInt256(payer.word), UInt256(payee.word),
      UInt256(token.word), UInt256(authorizedSigner.word), UInt256(deposit), UInt256(settled),
    ]
  }

  var signer: Address { authorizedSigner.isZero ? payer : authorizedSigner }
}
