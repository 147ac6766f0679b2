import EVM

/// A transaction as the chain understands it, whatever its type; sender and sponsor are recovered.
struct ChainTransaction: Sendable {
  enum Kind: UInt8, Sendable {
    case legacy = 0
    case eip1559 = 2
    case tempo = 0x76
  }

  struct Call: Sendable {
    let to: Address?
    let value: UInt256
    let data: [UInt8]
  }

  let content: DecodedTransaction
  let sender: Address
  /// Who pays the fee; the sender unless somebody sponsors.
  let feePayer: Address
  /// Keccak-256 of the sender's preimage and the sender: replay key of expiring nonces, and what a channel
  /// opened by this transaction is named after (`02` §5.6).
  let contextHash: Hash32
  /// The access key that signed for the sender; `nil` for the root key.
  let accessKey: AccessKey?

  struct AccessKey: Sendable, Hashable {
    let id: Address
    /// 0 secp256k1, 1 P-256, 2 WebAuthn.
    let type: UInt8
  }

  var kind: Kind { content.kind }
  var calls: [Call] { content.calls }
  var hash: Hash32 { content.hash }
  var raw: [UInt8] { content.raw }
  var isSponsored: Bool { content.sponsorSignature != nil }
  var usesExpiringNonce: Bool { content.nonceKey == .max }

  /// Attodollars per gas at this base fee.
  func price(baseFee: UInt128) -> UInt128 {
    let (sum, overflow) = baseFee.addingReportingOverflow(content.maxPriorityFee)
    return overflow ? content.maxFee : Swift.min(content.maxFee, sum)
  }
}

/// What the bytes of a transaction say, before any signature was looked at.
struct DecodedTransaction: Sendable {
  var kind: ChainTransaction.Kind
  /// `nil` for a legacy transaction without replay protection.
  var chainID: UInt64?
  var maxPriorityFee: UInt128 = 0
  var maxFee: UInt128 = 0
  var gasLimit: UInt64 = 0
  var calls: [ChainTransaction.Call] = []
  var accessList: [Int] = []
  var nonceKey: UInt256 = .zero
  var nonce: UInt64 = 0
  var validBefore: UInt64?
  var validAfter: UInt64?
  var feeToken: Address?
  /// `r ‖ s ‖ 27/28` of the sponsor.
  var sponsorSignature: [UInt8]?
  var delegations = 0
  var keyGrant: KeyGrant?
  /// The envelope with a `v` of 27 or 28.
  var signature: [UInt8] = []
  /// What the sender signed, before hashing.
  var senderPreimage: [UInt8] = []
  /// What a sponsor signs, with twenty zero bytes where the sender belongs.
  var sponsorItems: [RLPItem] = []
  /// The bytes with normalised signatures: what is hashed, stored and handed out.
  var raw: [UInt8] = []
  var hash: Hash32 = .zero
}
