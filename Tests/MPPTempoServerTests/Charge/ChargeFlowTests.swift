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

  @Test(
    "a payment that pays less, elsewhere, in another token or with another memo is refused before it is sent")
  func wrongPayments() async throws {
    let harness = try await ChargeHarness()
    let before = harness.paid()
    let challenge = try await harness.challenge()
    let memo = AttributionMemo(serverID: ChargeHarness.realm, challengeID: challenge.id).memo
    func transfer(_ to: Address, _ amount: UInt128, _ memo: Hash32, token: Address = TempoAddress.pathUSD)
      throws
      -> Call
    { Call(to: token, data: try TIP20ABI.transferWithMemoCalldata(to: to, amount: amount, memo: memo)) }
    let foreign = AttributionMemo(serverID: "other.example", challengeID: challenge.id).memo
    let wrong: [([Call], String)] = [
      (
        [try transfer(harness.payee, ChargeHarness.price - 1, memo)],
        "Invalid transaction: no matching payment call found"
      ),
      (
        [try transfer(harness.devnet.accounts[2].address, ChargeHarness.price, memo)],
        "Invalid transaction: no matching payment call found"
      ),
      ([try transfer(harness.payee, ChargeHarness.price, foreign)], "memo is not bound to this challenge"),
    ]
    for (calls, reason) in wrong {
      let signed = try await harness.payer.signed(calls)
      let outcome = await harness.send(harness.credential(challenge, .transaction(signed.serialized)))
      expectRefusal(outcome, .verificationFailed, "Payment verification failed: \(reason).")
    }
    #expect(harness.paid() == before)
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
