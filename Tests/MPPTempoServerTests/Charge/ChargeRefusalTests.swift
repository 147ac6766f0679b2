import EVM
import MPPCore
import MPPServer
import MPPTempo
import MPPTesting
import PeerSupport
import Tempo
import TempoDevnet
import TempoRPC
import Testing

@testable import MPPTempoServer

/// What a charge refuses before it claims, signs or sends anything (`06` §1.9, §1.10).
@Suite("Charges: what is refused has no effect")
struct ChargeRefusalTests {
  /// Refused for this reason; nothing was written and nothing sent.
  private func expectRefused(
    _ harness: ChargeHarness, _ credential: String, _ reason: String,
    sourceLocation: SourceLocation = #_sourceLocation
  ) async throws {
    let sent = harness.devnet.requestCount("eth_sendRawTransaction")
    let written = harness.store.commitCount
    expectRefusal(
      await harness.send(credential), .verificationFailed, "Payment verification failed: \(reason).",
      sourceLocation: sourceLocation)
    #expect(
      harness.devnet.requestCount("eth_sendRawTransaction") == sent, sourceLocation: sourceLocation)
    #expect(harness.store.commitCount == written, sourceLocation: sourceLocation)
    #expect(harness.store.claimCount == 0, sourceLocation: sourceLocation)
  }

  /// A pulled payment that was changed before it was signed.
  private func pulled(
    _ harness: ChargeHarness, _ challenge: Challenge, _ change: (inout TempoTransaction) -> Void
  ) async throws -> String {
    var transaction = try await harness.signed(challenge).transaction
    change(&transaction)
    return harness.credential(challenge, .transaction(try harness.payer.sign(transaction).serialized))
  }

  @Test("A transaction of another chain, with a nonce that waits for others, or without an end is refused")
  func wrongForm() async throws {
    let harness = try await ChargeHarness()
    let challenge = try await harness.challenge()
    let changes: [(inout TempoTransaction) -> Void] = [
      { $0.chainID = 1 }, { $0.nonceKey = 0 }, { $0.validBefore = nil },
    ]
    for change in changes {
      try await expectRefused(
        harness, try await pulled(harness, challenge, change),
        "Invalid transaction: no matching payment call found")
    }
  }

  @Test("A transaction that is dead, not alive yet, or alive for longer than anybody waits is refused")
  func validity() async throws {
    let harness = try await ChargeHarness()
    let challenge = try await harness.challenge()
    let now = UInt64(harness.devnet.clock.now.seconds)
    try await expectRefused(
      harness, try await pulled(harness, challenge) { $0.validBefore = now }, "The transaction has expired")
    try await expectRefused(
      harness, try await pulled(harness, challenge) { $0.validBefore = now + 902 },
      "The transaction is valid for too long")
    try await expectRefused(
      harness, try await pulled(harness, challenge) { $0.validAfter = now + 10 },
      "The transaction is not valid yet")
  }

  @Test("A payment the chain would refuse is neither claimed nor sent")
  func simulated() async throws {
    let harness = try await ChargeHarness()
    let challenge = try await harness.challenge()
    let signed = try await harness.signed(challenge)
    harness.devnet.setBalance(
      Amount(units: ChargeHarness.price - 1), of: harness.payer.account.address, token: TempoAddress.pathUSD)
    try await expectRefused(
      harness, harness.credential(challenge, .transaction(signed.serialized)),
      "the simulated payment was refused by the chain")
  }

  @Test("A payer the application does not allow pays nothing, in no way")
  func payer() async throws {
    let reason = "This account may not pay here"
    let harness = try await ChargeHarness { $0.allowsPayer = { _, _ in false } }
    let challenge = try await harness.challenge()
    let signed = try await harness.signed(challenge)
    try await expectRefused(
      harness, harness.credential(challenge, .transaction(signed.serialized)), reason)
    let hash = try await harness.pushed(challenge)
    try await expectRefused(harness, harness.credential(challenge, .hash(hash)), reason)
    let proofs = try await ChargeHarness(price: "0") { $0.allowsPayer = { _, _ in false } }
    let zero = try await proofs.challenge()
    try await expectRefused(
      proofs, proofs.credential(zero, .proof(proof(proofs, zero, by: proofs.payer.account.privateKey))),
      reason)
  }

  private func proof(
    _ harness: ChargeHarness, _ challenge: Challenge, by key: Secp256k1PrivateKey
  ) -> [UInt8] {
    let proof = ZeroAmountProof(
      account: harness.payer.account.address, chainID: harness.devnet.chainID, challengeID: challenge.id,
      realm: challenge.realm)
    return key.sign(proof.digest).bytes65
  }

  @Test("A proof pays no price, and a transaction proves no account")
  func wrongKind() async throws {
    let harness = try await ChargeHarness()
    let challenge = try await harness.challenge()
    let key = harness.payer.account.privateKey
    try await expectRefused(
      harness, harness.credential(challenge, .proof(proof(harness, challenge, by: key))),
      "Proof credentials are only valid for zero-amount challenges")
    let signed = try await harness.signed(challenge)
    let free = try await ChargeHarness(price: "0")
    let zero = try await free.challenge()
    for payload in [ChargePayload.transaction(signed.serialized), .hash(signed.hash)] {
      try await expectRefused(
        free, free.credential(zero, payload), "Zero-amount challenges require a proof credential")
    }
  }

  @Test("A key that the account has not authorized, or has no more, proves nothing for it")
  func foreignKey() async throws {
    let harness = try await ChargeHarness(price: "0")
    let challenge = try await harness.challenge()
    let stranger = harness.devnet.accounts[6].privateKey
    try await expectRefused(
      harness, harness.credential(challenge, .proof(proof(harness, challenge, by: stranger))),
      "Proof signature does not match source")
  }

  @Test("A mode that was not offered is not taken")
  func modes() async throws {
    for (offered, isPulled) in [("pull", false), ("push", true)] {
      let harness = try await ChargeHarness(
        members: [.init(key: "supportedModes", value: .array([.string(offered)]))])
      let challenge = try await harness.challenge()
      let signed = try await harness.signed(challenge)
      if !isPulled { _ = try await harness.payer.planner.client.sendRawTransactionSync(signed.serialized) }
      try await expectRefused(
        harness,
        harness.credential(challenge, isPulled ? .transaction(signed.serialized) : .hash(signed.hash)),
        "\(isPulled ? "Transaction" : "Hash") credentials are not supported for this challenge")
    }
  }

  @Test("Status and logs must both say that a pushed payment was made")
  func contradictions() async throws {
    let lies: [(JSONValue, String?)] = [
      (.object([.init(key: "status", value: "0x0")]), nil),
      (.object([.init(key: "logs", value: .array([]))]), "no matching transfer found"),
    ]
    for (patch, reason) in lies {
      let harness = try await ChargeHarness()
      let challenge = try await harness.challenge()
      let paid = try await harness.pushed(challenge)
      harness.devnet.faults.inject(
        .method("eth_getTransactionReceipt"), .patchResult(patch), count: nil)
      try await expectRefused(
        harness, harness.credential(challenge, .hash(paid)), reason ?? "Transaction reverted: \(paid.hex)")
      // The truth is told: the payment was not used up.
      harness.devnet.faults.clear()
      try await harness.deliver(await harness.send(harness.credential(challenge, .hash(paid))))
    }
  }

  @Test("A receipt in a block that is not the chain's own neither pays nor is a refusal")
  func foreignBlock() async throws {
    let hash: JSONValue = .string("0x" + String(repeating: "ee", count: 32))
    let harness = try await ChargeHarness()
    let challenge = try await harness.challenge()
    let credential = harness.credential(challenge, .hash(try await harness.pushed(challenge)))
    harness.devnet.faults.inject(
      .method("eth_getBlockByNumber"), .patchResult(.object([.init(key: "hash", value: hash)])), count: nil)
    ChargeUnresolvedTests.expectUnresolved(await harness.send(credential))
    harness.devnet.faults.clear()
    try await harness.deliver(await harness.send(credential))
  }

  @Test("A payment with a memo of the seller pays for no challenge that is younger than it")
  func olderPayment() async throws {
    let memo = "0x" + String(repeating: "ab", count: 32)
    let harness = try await ChargeHarness(members: [.init(key: "memo", value: .string(memo))]) {
      $0.explicitMemoIsUnique = true
    }
    let hash = try await harness.pushed(try await harness.challenge())
    harness.devnet.clock.advance(seconds: 120)
    let later = try await harness.challenge()
    try await expectRefused(
      harness, harness.credential(later, .hash(hash)), "The transaction is older than the challenge")
  }

  @Test("A payment that failed to be delivered is redeemed for its own challenge only")
  func otherChallenge() async throws {
    let memo = "0x" + String(repeating: "cd", count: 32)
    let harness = try await ChargeHarness(members: [.init(key: "memo", value: .string(memo))]) {
      $0.explicitMemoIsUnique = true
    }
    let first = try await harness.challenge()
    let hash = try await harness.pushed(first)
    await (try harness.proceed(await harness.send(harness.credential(first, .hash(hash))))).failed()
    try await harness.server.ledger.flush()
    let other = try await harness.challenge()
    try await expectRefused(
      harness, harness.credential(other, .hash(hash)), "Transaction hash has already been used")
    try await harness.deliver(await harness.send(harness.credential(first, .hash(hash))))
  }
}
