import EVM
import MPPCore
import MPPTempoServer
import Tempo
import Testing

@Suite("SponsorPolicy: what a sponsor signs for (02 §6, 06 §1.11)")
struct SponsorPolicyTests {
  static let chainID: UInt64 = 42431
  static let now = Timestamp(seconds: 1_800_000_000)
  static let expires = now.adding(seconds: 300)
  let payer: Secp256k1PrivateKey
  let sponsor: Secp256k1PrivateKey
  let policy: SponsorPolicy

  init() throws {
    payer = try Self.key(1)
    sponsor = try Self.key(3)
    policy = SponsorPolicy(
      chainID: Self.chainID, sponsor: sponsor.publicKey.address,
      limits: .standard(chainID: Self.chainID), feeTokens: [TempoAddress.pathUSD])
  }

  static func key(_ byte: UInt8) throws -> Secp256k1PrivateKey {
    try Secp256k1PrivateKey([UInt8](repeating: byte, count: 32))
  }

  func transaction() throws -> TempoTransaction {
    TempoTransaction(
      chainID: Self.chainID, maxPriorityFeePerGas: 1_000_000_000, maxFeePerGas: 24_000_000_000, gas: 155_000,
      calls: [
        Call(
          to: TempoAddress.pathUSD,
          data: try TIP20ABI.transferCalldata(to: sponsor.publicKey.address, amount: 1_000_000))
      ], nonceKey: ExpiringNonce.key, validBefore: UInt64(Self.now.seconds) + 25, validAfter: 17,
      feePayer: .awaitingFeePayer)
  }

  func check(_ transaction: TempoTransaction) throws -> SponsorableTransaction {
    try policy.check(
      try transaction.signed(with: payer), now: Self.now, challengeExpires: Self.expires)
  }

  @Test("both forms of a hand-over are taken, with the sender from the signature and the highest fee")
  func accepted() throws {
    let signed = try transaction().signed(with: payer)
    let address = payer.publicKey.address
    for form in [signed, try signed.handOff(sender: address)] {
      let parsed = try SignedTempoTransaction(parsing: form.serialized)
      let result = try policy.check(parsed, now: Self.now, challengeExpires: Self.expires)
      #expect(result.sender == address)
      #expect(result.maximumFee == 155_000 * 24_000_000_000)
    }
  }

  struct Change: Sendable, CustomTestStringConvertible {
    let reason: SponsorRefusal.Reason
    let name: String
    let apply: @Sendable (inout TempoTransaction) throws -> Void
    init(
      _ reason: SponsorRefusal.Reason, _ name: String,
      _ apply: @escaping @Sendable (inout TempoTransaction) throws -> Void
    ) {
      self.reason = reason
      self.name = name
      self.apply = apply
    }
    var testDescription: String { name }
  }

  static let other = TempoAddress.dex
  static let changes: [Change] = [
    Change(.notHandedOver, "the sender pays itself") { $0.feePayer = .unsponsored },
    Change(.chain, "another chain") { $0.chainID = 4217 },
    Change(.accessList, "an access list") { $0.accessList = [AccessListEntry(address: other)] },
    Change(.unsupportedFields, "a delegation") {
      $0.authorizationList = [
        DelegationEntry(chainID: UInt256(chainID), address: other, nonce: 1, signature: [1])
      ]
    },
    Change(.calls, "a creation") { $0.calls = [Call(to: nil, data: [1])] },
    Change(.calls, "native value") { $0.calls[0].value = UInt256(1) },
    Change(.calls, "an empty call") { $0.calls[0].data = [] },
    Change(.gas, "no gas") { $0.gas = 0 },
    Change(.gas, "too much gas") { $0.gas = 2_000_001 },
    Change(.feePerGas, "no fee") {
      $0.maxFeePerGas = 0
      $0.maxPriorityFeePerGas = 0
    },
    Change(.feePerGas, "too high a fee") { $0.maxFeePerGas = 100_000_000_001 },
    Change(.feePerGas, "a fee beyond 64 bits") { $0.maxFeePerGas = 1 << 64 },
    Change(.totalFee, "too much in total") {
      $0.gas = 2_000_000
      $0.maxFeePerGas = 25_000_000_001
    },
    Change(.priorityFee, "too high a tip") {
      $0.maxFeePerGas = 60_000_000_000
      $0.maxPriorityFeePerGas = 50_000_000_001
    },
    Change(.nonce, "a protocol nonce") {
      $0.nonceKey = .zero
    },
    Change(.nonce, "no end of validity") { $0.validBefore = nil },
    Change(.expired, "expired") { $0.validBefore = UInt64(now.seconds) },
    Change(.validity, "valid beyond the challenge") { $0.validBefore = UInt64(expires.seconds) + 61 },
    Change(.feeToken, "a foreign fee token") { $0.feeToken = TempoAddress.alphaUSD },
    Change(.notYetValid, "not yet valid") { $0.validAfter = UInt64(now.seconds) + 1 },
  ]

  @Test("every breach is refused before anything is signed", arguments: changes)
  func refused(_ change: Change) throws {
    var transaction = try transaction()
    try change.apply(&transaction)
    #expect(throws: SponsorRefusal(change.reason)) { try check(transaction) }
  }

  @Test("the limits themselves are allowed")
  func bounds() throws {
    var transaction = try transaction()
    transaction.gas = 2_000_000
    transaction.maxFeePerGas = 25_000_000_000
    transaction.maxPriorityFeePerGas = 25_000_000_000
    transaction.validBefore = UInt64(Self.expires.seconds) + 60
    #expect(try check(transaction).maximumFee == 50_000_000_000_000_000)
  }

  @Test("a fee token of the sponsor's own list is no breach")
  func ownFeeToken() throws {
    var transaction = try transaction()
    transaction.feeToken = TempoAddress.pathUSD
    #expect(try check(transaction).sender == payer.publicKey.address)
  }

  @Test("a long window ends at the policy's, however long the challenge lives")
  func window() throws {
    var transaction = try transaction()
    transaction.validBefore = UInt64(Self.now.seconds) + 901
    let signed = try transaction.signed(with: payer)
    #expect(throws: SponsorRefusal(.validity)) {
      try policy.check(signed, now: Self.now, challengeExpires: Self.now.adding(seconds: 86_400))
    }
  }

  @Test("a hand-over that names another sender is refused; so is one that is sponsored already, or by itself")
  func identity() throws {
    let signed = try transaction().signed(with: payer)
    let forged = try signed.handOff(sender: sponsor.publicKey.address)
    #expect(throws: SponsorRefusal(.senderMismatch)) {
      try policy.check(forged, now: Self.now, challengeExpires: Self.expires)
    }
    let digest = signed.transaction.feePayerHash(
      sender: payer.publicKey.address, feeToken: TempoAddress.pathUSD)
    let done = try signed.completed(
      feeToken: TempoAddress.pathUSD, feePayerSignature: sponsor.sign(digest))
    #expect(throws: SponsorRefusal(.rejectedFields)) {
      try policy.check(done, now: Self.now, challengeExpires: Self.expires)
    }
    let own = try transaction().signed(with: sponsor)
    #expect(throws: SponsorRefusal(.selfSponsored)) {
      try policy.check(own, now: Self.now, challengeExpires: Self.expires)
    }
  }
}
