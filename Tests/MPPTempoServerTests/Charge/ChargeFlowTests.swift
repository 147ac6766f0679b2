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

@Suite("Charges: one payment, one delivery (06 §1.9, §1.16)")
struct ChargeFlowTests {
  static let used = "Payment verification failed: Transaction hash has already been used."

  @Test("pull: the server broadcasts, the payee has the money, the receipt names the transaction")
  func pull() async throws {
    let harness = try await ChargeHarness()
    let before = harness.paid()
    let challenge = try await harness.challenge()
    let signed = try await harness.signed(challenge)
    let outcome = await harness.send(harness.credential(challenge, .transaction(signed.serialized)))
    let receipt = try await harness.deliver(outcome)
    #expect(receipt.reference == signed.hash.hex)
    #expect(receipt.method == "tempo")
    #expect(harness.paid() == before + ChargeHarness.price)
  }

  @Test("push: the payer has broadcast; nothing is sent a second time")
  func push() async throws {
    let harness = try await ChargeHarness()
    let before = harness.paid()
    let challenge = try await harness.challenge()
    let hash = try await harness.pushed(challenge)
    let receipt = try await harness.deliver(await harness.send(harness.credential(challenge, .hash(hash))))
    #expect(receipt.reference == hash.hex)
    #expect(harness.paid() == before + ChargeHarness.price)
  }

  @Test("a payment is used once, by hash or by bytes, whatever presents it")
  func replay() async throws {
    let harness = try await ChargeHarness()
    let challenge = try await harness.challenge()
    let signed = try await harness.signed(challenge)
    let pull = harness.credential(challenge, .transaction(signed.serialized))
    let push = harness.credential(challenge, .hash(signed.hash))
    try await harness.deliver(await harness.send(pull))
    expectRefusal(await harness.send(pull), .verificationFailed, Self.used)
    expectRefusal(await harness.send(push), .verificationFailed, Self.used)
    let other = try await harness.challenge()
    expectRefusal(
      await harness.send(harness.credential(other, .transaction(signed.serialized))), .verificationFailed,
      "Payment verification failed: memo is not bound to this challenge.")
    #expect(harness.paid() == harness.devnet.configuration.initialBalance.units + ChargeHarness.price)
  }

  @Test("fifty copies at once: one delivery, one payment")
  func copies() async throws {
    let harness = try await ChargeHarness()
    let before = harness.paid()
    let challenge = try await harness.challenge()
    let signed = try await harness.signed(challenge)
    let credential = harness.credential(challenge, .transaction(signed.serialized))
    let granted = await withTaskGroup(of: Bool.self) { group in
      for _ in 0..<50 {
        group.addTask {
          guard case .proceed(let payment) = await harness.send(credential) else { return false }
          await payment.delivered()
          return true
        }
      }
      return await group.reduce(0) { $0 + ($1 ? 1 : 0) }
    }
    #expect(granted == 1)
    #expect(harness.paid() == before + ChargeHarness.price)
  }

  @Test("a handler that fails leaves the payment to be redeemed once more, for the same request only")
  func redelivery() async throws {
    let harness = try await ChargeHarness()
    let challenge = try await harness.challenge()
    let signed = try await harness.signed(challenge)
    let credential = harness.credential(challenge, .transaction(signed.serialized))
    await try harness.proceed(await harness.send(credential)).failed()
    expectRefusal(await harness.send(credential, target: "/r?other=1"), .verificationFailed, Self.used)
    let second = try harness.proceed(await harness.send(credential))
    #expect(Harness.problem(await harness.send(credential))?.status == 503)
    await second.failed()
    expectRefusal(await harness.send(credential), .verificationFailed, Self.used)
    #expect(harness.paid() == harness.devnet.configuration.initialBalance.units + ChargeHarness.price)
  }

  @Test("what was paid in time is delivered after the challenge has expired; a new payment is not taken then")
  func expired() async throws {
    let harness = try await ChargeHarness()
    let challenge = try await harness.challenge()
    let hash = try await harness.pushed(challenge)
    let credential = harness.credential(challenge, .hash(hash))
    await try harness.proceed(await harness.send(credential)).failed()
    harness.devnet.clock.advance(milliseconds: 301_000)
    try await harness.deliver(await harness.send(credential))
    #expect(Harness.problem(await harness.send(credential))?.code == .paymentExpired)
    let late = try await harness.challenge()
    let lateHash = try await harness.pushed(late)
    harness.devnet.clock.advance(milliseconds: 301_000)
    let outcome = await harness.send(harness.credential(late, .hash(lateHash)))
    #expect(Harness.problem(outcome)?.code == .paymentExpired)
  }

  @Test("splits are all paid")
  func splits() async throws {
    let other = try Address(hex: "0x00000000000000000000000000000000000000aa")
    let harness = try await ChargeHarness(
      members: [
        .init(
          key: "splits",
          value: .array([
            .object([
              .init(key: "amount", value: .string("0.004")),
              .init(key: "recipient", value: .string(other.hex)),
            ])
          ]))
      ])
    let before = harness.paid()
    let challenge = try await harness.challenge()
    let signed = try await harness.signed(challenge)
    try await harness.deliver(
      await harness.send(harness.credential(challenge, .transaction(signed.serialized))))
    #expect(harness.paid() == before + 6_000)
    #expect(harness.balance(other) == 4_000)
  }

  /// Payments that are not the one asked for, with why each is refused: before it is sent, and when it is mined.
  private func wrongPayments(
    _ harness: ChargeHarness, _ challenge: Challenge
  ) throws -> [(call: Call, pulled: String, pushed: String)] {
    func transfer(
      to: Address? = nil, _ amount: UInt128 = ChargeHarness.price, server: String = ChargeHarness.realm,
      token: Address = TempoAddress.pathUSD
    ) throws -> Call {
      let memo = AttributionMemo(serverID: server, challengeID: challenge.id).memo
      return Call(
        to: token,
        data: try TIP20ABI.transferWithMemoCalldata(to: to ?? harness.payee, amount: amount, memo: memo))
    }
    let noCall = "Invalid transaction: no matching payment call found"
    let noTransfer = "no matching transfer found"
    let notBound = "memo is not bound to this challenge"
    return [
      (try transfer(ChargeHarness.price - 1), noCall, noTransfer),
      (try transfer(ChargeHarness.price + 1), noCall, noTransfer),
      (try transfer(to: harness.devnet.accounts[2].address), noCall, noTransfer),
      (try transfer(token: TempoAddress.alphaUSD), noCall, noTransfer),
      (try transfer(server: "other.example"), notBound, notBound),
    ]
  }

  @Test(
    "a payment that pays less, elsewhere, in another token or with another memo is refused before it is sent")
  func wrongPulls() async throws {
    let harness = try await ChargeHarness()
    let before = harness.paid()
    let challenge = try await harness.challenge()
    for (call, reason, _) in try wrongPayments(harness, challenge) {
      let signed = try await harness.payer.signed([call])
      let outcome = await harness.send(harness.credential(challenge, .transaction(signed.serialized)))
      expectRefusal(outcome, .verificationFailed, "Payment verification failed: \(reason).")
    }
    #expect(harness.devnet.requestCount("eth_sendRawTransaction") == 0)
    #expect(harness.paid() == before)
    #expect(
      harness.balance(harness.payee, token: TempoAddress.alphaUSD)
        == harness.devnet.configuration.initialBalance.units)
  }

  @Test(
    "a pushed payment that paid less, elsewhere, in another token or with another memo buys nothing, and uses up nothing"
  )
  func wrongPushes() async throws {
    let harness = try await ChargeHarness()
    let challenge = try await harness.challenge()
    for (call, _, reason) in try wrongPayments(harness, challenge) {
      let signed = try await harness.payer.signed([call])
      try #require(
        try await harness.payer.planner.client.sendRawTransactionSync(signed.serialized).succeeded)
      let outcome = await harness.send(harness.credential(challenge, .hash(signed.hash)))
      expectRefusal(outcome, .verificationFailed, "Payment verification failed: \(reason).")
    }
    #expect(harness.store.commitCount == 0)
    let hash = try await harness.pushed(challenge)
    try await harness.deliver(await harness.send(harness.credential(challenge, .hash(hash))))
  }

  @Test("a source that is not the sender is refused")
  func source() async throws {
    let harness = try await ChargeHarness()
    let challenge = try await harness.challenge()
    let signed = try await harness.signed(challenge)
    let other = "did:pkh:eip155:\(harness.devnet.chainID):\(harness.devnet.accounts[2].address.checksummed)"
    for source in [other, "did:pkh:eip155:1:\(harness.payer.account.address.checksummed)", "did:key:abc"] {
      let outcome = await harness.send(
        harness.credential(challenge, .transaction(signed.serialized), source: source))
      expectRefusal(
        outcome, .verificationFailed,
        "Payment verification failed: Credential source is not the sender of the transaction.")
    }
    let hash = try await harness.pushed(challenge)
    let stolen = await harness.send(harness.credential(challenge, .hash(hash), source: other))
    #expect(Harness.problem(stolen)?.detail.contains("no matching transfer found") == true)
    let sourceless = await harness.send(harness.credential(challenge, .hash(hash), source: .some(nil)))
    expectRefusal(
      sourceless, .verificationFailed, "Payment verification failed: Hash credential source is invalid.")
    try await harness.deliver(await harness.send(harness.credential(challenge, .hash(hash))))
  }
}
