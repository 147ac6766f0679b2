import EVM

/// A channel in one storage word: it exists as long as its deposit is not zero.
struct ReserveChannel: Sendable, Hashable {
  static let maximumAmount: UInt128 = (1 << 96) - 1

  var settled: UInt128
  var deposit: UInt128
  /// Seconds; zero when no close has been requested.
  var closeRequestedAt: UInt64

  init(deposit: UInt128) {
    self.init(settled: 0, deposit: deposit, closeRequestedAt: 0)
  }

  private init(settled: UInt128, deposit: UInt128, closeRequestedAt: UInt64) {
    self.settled = settled
    self.deposit = deposit
    self.closeRequestedAt = closeRequestedAt
  }

  /// `closeRequestedAt` (32 bits), `deposit` (96), `settled` (96), most significant first.
  init(_ packed: UInt256) {
    let high = UInt128(packed.limbs[0]) << 64 | UInt128(packed.limbs[1])
    let low = UInt128(packed.limbs[2]) << 64 | UInt128(packed.limbs[3])
    self.init(
      settled: low & Self.maximumAmount, deposit: (low >> 96) | (high & ((1 << 64) - 1)) << 32,
      closeRequestedAt: UInt64(truncatingIfNeeded: high >> 64) & 0xffff_ffff)
  }

  var packed: UInt256 {
    let high = UInt128(closeRequestedAt & 0xffff_ffff) << 64 | deposit >> 32
    let low = deposit << 96 | settled
    return UInt256(
      limbs: UInt64(truncatingIfNeeded: high >> 64), UInt64(truncatingIfNeeded: high),
      UInt64(truncatingIfNeeded: low >> 64), UInt64(truncatingIfNeeded: low))
  }

  /// The three words of `getChannelState`.
  var words: [UInt256] { [UInt256(settled), UInt256(deposit), UInt256(closeRequestedAt)] }
}

/// The seven words that name a channel, as its functions take them.
struct ReserveDescriptor: Sendable, Hashable {
  var payer: Address
  var payee: Address
  var `operator`: Address
  var token: Address
  var salt: Hash32
  var authorizedSigner: Address
  var contextHash: Hash32

  /// Reads words 0…6 of the arguments.
  init(_ input: Calldata) throws(Revert) {
    payer = try input.address(0)
    payee = try input.address(1)
    `operator` = try input.address(2)
    token = try input.address(3)
    salt = try input.word(4)
    authorizedSigner = try input.address(5)
    contextHash = try input.word(6)
  }

  init(
    payer: Address, payee: Address, operator: Address, token: Address, salt: Hash32,
    authorizedSigner: Address, contextHash: Hash32
  ) {
    self.payer = payer
    self.payee = payee
    self.operator = `operator`
    self.token = token
    self.salt = salt
    self.authorizedSigner = authorizedSigner
    self.contextHash = contextHash
  }

  var words: [UInt256] {
    [payer.word, payee.word, `operator`.word, token.word, salt, authorizedSigner.word, contextHash]
      .map(UInt256.init)
  }

  /// `02` §11.4: nine words.
  func channelID(chainID: UInt64) -> Hash32 {
    Keccak256.hash(Words.encode(words + [UInt256(Addresses.reserve.word), UInt256(chainID)]))
  }

  /// Somebody must be able to send for the payee: a virtual address cannot.
  var canBeServed: Bool { !payee.isVirtual || !`operator`.isZero && !`operator`.isVirtual }

  var signer: Address { authorizedSigner.isZero ? payer : authorizedSigner }

  func isPayeeOrOperator(_ caller: Address) -> Bool {
    caller == payee || (!`operator`.isZero && caller == `operator`)
  }
}

/// EIP-712 of vouchers, written out from `02` §4 and §11.4.
enum ReserveDomain {
  static let voucherTypeHash = Keccak256.hash(utf8: "Voucher(bytes32 channelId,uint96 cumulativeAmount)")

  static func separator(chainID: UInt64) -> Hash32 {
    EIP712Words.domain(
      name: "TIP20 Channel Reserve", version: "1", chainID: chainID, contract: Addresses.reserve)
  }

  static func voucherDigest(domain: Hash32, channelID: Hash32, cumulativeAmount: UInt128) -> Hash32 {
    EIP712Words.digest(
      domain: domain,
      [UInt256(voucherTypeHash), UInt256(channelID), UInt256(cumulativeAmount)])
  }
}
