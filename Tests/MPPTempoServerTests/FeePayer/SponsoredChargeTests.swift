import EVM
import MPPCore
import MPPServer
import MPPTempo
import PeerSupport
import Tempo
import TempoDevnet
import TempoRPC
import Testing

@testable import MPPTempoServer

/// A server that pays the fees of its charges, with a sponsor that counts what it signs.
struct SponsorHarness: Sendable {
  let harness: ChargeHarness
  let sponsor: ScriptedSigner

  init(
    members: [JSONValue.Member] = [], change: @escaping (inout TempoChargeOptions) -> Void = { _ in }
  ) async throws {
    let devnet = try Harness.chain()
    let sponsor = ScriptedSigner(devnet.sponsor.privateKey)
    self.sponsor = sponsor
    harness = try await ChargeHarness(devnet: devnet, members: members) { options in
      options.feePayer = FeePayerOptions(signer: sponsor)
      change(&options)
    }
  }

  var payer: Payer { harness.payer }

  /// The payment of a challenge as its payer plans it, ready for changes.
  func planned(_ challenge: Challenge) async throws -> TempoTransaction {
    var transaction = try await payer.planner.plan(
      calls: try harness.calls(challenge), from: payer.account.address, feeToken: nil)
    transaction.feePayer = .awaitingFeePayer
    return transaction
  }

  func send(_ challenge: Challenge, _ bytes: [UInt8]) async -> PaymentOutcome {
    await harness.send(harness.credential(challenge, .transaction(bytes)))
  }

  /// The fees the sponsor may still be charged for.
  func reservations() async throws -> [SponsorReservation] {
    let table = try harness.server.ledger.table(SponsorBudget.self)
    let key = SponsorBudget.key(chainID: harness.devnet.chainID, sponsor: sponsor.address)
    return try await table.load(key)?.reservations ?? []
  }

  /// Refused before the sponsor signed, before anything was sent or reserved.
  func expectRefused(
    _ challenge: Challenge, _ bytes: [UInt8], _ detail: String,
    sourceLocation: SourceLocation = #_sourceLocation
  ) async throws {
    let sent = harness.devnet.requestCount("eth_sendRawTransaction")
    let paid = harness.paid()
    expectRefusal(
      await send(challenge, bytes), .verificationFailed, "Payment verification failed: \(detail).",
      sourceLocation: sourceLocation)
    #expect(sponsor.count == 0, sourceLocation: sourceLocation)
    #expect(
      harness.devnet.requestCount("eth_sendRawTransaction") == sent, sourceLocation: sourceLocation)
    #expect(harness.paid() == paid, sourceLocation: sourceLocation)
    #expect(try await reservations().isEmpty, sourceLocation: sourceLocation)
  }
}

@Suite("Sponsored charges (06 §1.11)")
struct SponsoredChargeTests {
  typealias Change = @Sendable (inout TempoTransaction) throws -> Void
  private static let prefix = "Invalid transaction: fee-sponsored transaction "
  private static let noCall = "Invalid transaction: no matching payment call found"

  /// Plans an honest payment, changes it, signs it and hands it over.
  private func refused(_ detail: String, _ change: Change) async throws {
    let scene = try await SponsorHarness()
    let challenge = try await scene.harness.challenge()
    var transaction = try await scene.planned(challenge)
    try change(&transaction)
    let signed = try scene.payer.sign(transaction)
    try await scene.expectRefused(
      challenge, try signed.handOff(sender: scene.payer.account.address).serialized, detail)
    try await scene.expectRefused(challenge, signed.serialized, detail)
  }

  @Test("Both forms of a hand-over are paid: 0x78, and 0x76 with the marker", arguments: [true, false])
  func bothForms(isEnvelope: Bool) async throws {
    let scene = try await SponsorHarness()
    let before = scene.harness.balance(scene.payer.account.address)
    let challenge = try await scene.harness.challenge()
    let signed = try scene.payer.sign(try await scene.planned(challenge))
    let handed = isEnvelope ? try signed.handOff(sender: scene.payer.account.address) : signed
    #expect(handed.serialized.first == (isEnvelope ? 0x78 : 0x76))
    try await scene.harness.deliver(await scene.send(challenge, handed.serialized))
    #expect(scene.harness.balance(scene.payer.account.address) == before - ChargeHarness.price)
    #expect(scene.sponsor.count == 1)
    #expect(try await scene.reservations().isEmpty)
  }

  @Test("The other form of a payment that was used is the same payment")
  func otherForm() async throws {
    let scene = try await SponsorHarness()
    let challenge = try await scene.harness.challenge()
    let signed = try scene.payer.sign(try await scene.planned(challenge))
    try await scene.harness.deliver(
      await scene.send(challenge, try signed.handOff(sender: scene.payer.account.address).serialized))
    expectRefusal(await scene.send(challenge, signed.serialized), .verificationFailed, ChargeFlowTests.used)
    #expect(scene.sponsor.count == 1)
  }

  @Test("A high fee per gas is refused before signing")
  func highFee() async throws {
    try await refused(Self.prefix + "has a fee per gas outside the policy") {
      $0.maxFeePerGas = 100_000_000_001
    }
  }

  @Test("A high total fee is refused before signing")
  func highTotalFee() async throws {
    try await refused(Self.prefix + "costs more than the policy allows") {
      $0.gas = 2_000_000
      $0.maxFeePerGas = 25_000_000_001
    }
  }

  @Test("A high tip is refused before signing")
  func highPriorityFee() async throws {
    try await refused(Self.prefix + "has a priority fee outside the policy") {
      $0.maxFeePerGas = 60_000_000_000
      $0.maxPriorityFeePerGas = 50_000_000_001
    }
  }

  @Test("Too much gas is refused before signing")
  func highGas() async throws {
    try await refused(Self.prefix + "has a gas limit outside the policy") { $0.gas = 2_000_001 }
  }

  @Test("An extra call is refused before signing, whatever it does")
  func extraCalls() async throws {
    let stranger = TempoAddress.dex
    try await refused(Self.noCall) {
      $0.calls.append(
        Call(to: TempoAddress.pathUSD, data: try TIP20ABI.transferCalldata(to: stranger, amount: 1)))
    }
    try await refused(Self.noCall) { $0.calls.append(Call(to: stranger, data: [1, 2, 3, 4])) }
    try await refused(Self.noCall) { $0.calls.insert(Call(to: stranger, data: [1, 2, 3, 4]), at: 0) }
  }

  @Test("An access list is refused before signing")
  func accessList() async throws {
    try await refused(Self.prefix + "has an access list") {
      $0.accessList = [AccessListEntry(address: TempoAddress.pathUSD)]
    }
  }

  @Test("A payment in a foreign token is refused before signing")
  func foreignToken() async throws {
    try await refused(Self.noCall) { $0.calls[0].to = TempoAddress.alphaUSD }
  }

  @Test("A fee token chosen by the payer is refused before signing")
  func foreignFeeToken() async throws {
    let scene = try await SponsorHarness()
    let challenge = try await scene.harness.challenge()
    let signed = try scene.payer.sign(try await scene.planned(challenge))
    let handed = try signed.handOff(sender: scene.payer.account.address)
    for token in [TempoAddress.alphaUSD, TempoAddress.pathUSD] {
      guard case .list(var items) = try RLP.decode(Array(handed.serialized.dropFirst())) else {
        Issue.record("no list")
        return
      }
      items[10] = .address(token)
      try await scene.expectRefused(
        challenge, [0x78] + RLP.encode(.list(items)),
        "Transaction must be signed by the sender before fee payer co-signing")
    }
  }

  @Test("Another chain id is refused before signing")
  func otherChain() async throws { try await refused(Self.noCall) { $0.chainID = 4217 } }

  @Test("Calldata that is not canonical is refused before signing")
  func nonCanonicalCalldata() async throws {
    try await refused(Self.noCall) { $0.calls[0].data.append(0) }
    try await refused(Self.noCall) { $0.calls[0].data[4] = 1 }
  }

  @Test("Native value is refused before signing")
  func nativeValue() async throws { try await refused(Self.noCall) { $0.calls[0].value = UInt256(1) } }

  @Test("A delegation is refused before signing")
  func delegation() async throws {
    try await refused(Self.prefix + "contains unsupported fields") {
      $0.authorizationList = [
        DelegationEntry(chainID: UInt256(42_431), address: TempoAddress.dex, nonce: 1, signature: [1])
      ]
    }
  }

  @Test("A nonce that could block others is refused before signing")
  func protocolNonce() async throws { try await refused(Self.noCall) { $0.nonceKey = .zero } }

  @Test("A long validity is refused before signing")
  func longValidity() async throws {
    try await refused(Self.prefix + "is valid for too long") {
      $0.validBefore = ($0.validBefore ?? 0) + 901
    }
  }

  @Test("A payment that is not valid yet is refused before signing")
  func notYetValid() async throws {
    try await refused(Self.prefix + "is not valid yet") { $0.validAfter = ($0.validBefore ?? 0) - 1 }
  }

  @Test("A sender that is not the recovered one is refused before signing")
  func foreignSender() async throws {
    let scene = try await SponsorHarness()
    let challenge = try await scene.harness.challenge()
    let signed = try scene.payer.sign(try await scene.planned(challenge))
    let forged = try signed.handOff(sender: scene.harness.devnet.accounts[2].address)
    try await scene.expectRefused(
      challenge, forged.serialized, "Transaction must be signed by the sender before fee payer co-signing")
  }

  @Test("A key authorization of another key is refused before signing")
  func foreignKeyAuthorization() async throws {
    let authorization = try await KeyAuthorization(
      chainID: 42_431, keyType: .secp256k1, keyID: TempoAddress.dex
    ).signed(by: .secp256k1(try Harness.chain().accounts[0].privateKey))
    try await refused(Self.prefix + "authorizes a key that did not sign it") {
      $0.keyAuthorization = authorization
    }
  }

  @Test("A payment that would revert is refused before signing")
  func revert() async throws {
    let scene = try await SponsorHarness()
    let challenge = try await scene.harness.challenge()
    let signed = try scene.payer.sign(try await scene.planned(challenge))
    scene.harness.devnet.setBalance(
      Amount(units: ChargeHarness.price - 1), of: scene.payer.account.address)
    try await scene.expectRefused(
      challenge, signed.serialized, "the simulated payment was refused by the chain")
  }

  @Test("A charge that says feePayer: false stays unsponsored")
  func unsponsoredOffer() async throws {
    let scene = try await SponsorHarness(members: [.init(key: "feePayer", value: .bool(false))])
    let challenge = try await scene.harness.challenge()
    let signed = try scene.payer.sign(try await scene.planned(challenge))
    try await scene.expectRefused(
      challenge, signed.serialized, "Invalid transaction: the fee of this charge is not sponsored")
  }

  @Test("Two dry runs and the reservation come before the signature; no dry run carries a signature")
  func twoDryRuns() async throws {
    let scene = try await SponsorHarness()
    let challenge = try await scene.harness.challenge()
    let signed = try scene.payer.sign(try await scene.planned(challenge))
    let devnet = scene.harness.devnet
    let first = devnet.requests().count
    scene.sponsor.onSign { () async throws -> Void in
      let calls = devnet.requests(after: first).filter { $0.method == "eth_call" }.compactMap(\.params.first)
      let runs = calls.filter { $0["calls"] != nil }
      #expect(runs.count == 2)
      #expect(runs.allSatisfy { $0["feePayerSignature"] == nil && $0["signature"] == nil })
      #expect(runs.first?["feeToken"] == nil && runs.first?["maxFeePerGas"] == nil)
      #expect(runs.last?["feeToken"]?.stringValue == TempoAddress.pathUSD.hex)
      #expect(runs.last?["maxFeePerGas"] != nil)
      #expect(runs.last?["feePayer"]?.stringValue == scene.sponsor.address.hex)
      #expect(devnet.requestCount("eth_sendRawTransaction") == 0)
      let phases = try await scene.reservations().map(\.phase)
      #expect(phases == [.prepared])
    }
    try await scene.harness.deliver(await scene.send(challenge, signed.serialized))
    #expect(scene.sponsor.count == 1)
    for request in devnet.requests(after: first) where request.method == "eth_call" {
      #expect(request.params.first?["feePayerSignature"] == nil)
    }
  }

  @Test("What takes too long before it is sent is not sent: policy and challenge are checked again")
  func checkedAgain() async throws {
    for (seconds, reason) in [
      (Int64(26), "has expired"), (301, "answers a challenge that has expired meanwhile"),
    ] {
      let scene = try await SponsorHarness()
      let challenge = try await scene.harness.challenge()
      let signed = try scene.payer.sign(try await scene.planned(challenge))
      // A signer elsewhere that takes its time.
      scene.sponsor.onSign { scene.harness.devnet.clock.advance(seconds: seconds) }
      expectRefusal(
        await scene.send(challenge, signed.serialized), .verificationFailed,
        "Payment verification failed: \(Self.prefix)\(reason).")
      #expect(scene.harness.devnet.requestCount("eth_sendRawTransaction") == 0)
      #expect(try await scene.reservations().isEmpty)
    }
  }

  @Test(
    "A signer that fails has signed nothing: nothing is sent, nothing stays reserved, and the payment can be repeated"
  )
  func failingSigner() async throws {
    let scene = try await SponsorHarness()
    let challenge = try await scene.harness.challenge()
    let signed = try scene.payer.sign(try await scene.planned(challenge))
    scene.sponsor.fail([0, 1])
    for _ in 0..<2 {
      #expect(Harness.problem(await scene.send(challenge, signed.serialized)) != nil)
      #expect(scene.harness.devnet.requestCount("eth_sendRawTransaction") == 0)
      #expect(try await scene.reservations().isEmpty)
    }
    try await scene.harness.deliver(await scene.send(challenge, signed.serialized))
    #expect(scene.harness.paid() == scene.harness.devnet.configuration.initialBalance.units + 10_000)
  }

  @Test("The budget is one for all payers, and each has its share of it")
  func budget() async throws {
    let scene = try await SponsorHarness { options in
      options.feePayer?.limits = .standard(chainID: 42_431)
      options.feePayer?.limits?.maximumInFlightPerPayer = 1
      options.limits.receiptDeadline = 0
    }
    scene.harness.devnet.faults.inject(.broadcast, .drop, count: nil)
    let first = try await scene.harness.challenge()
    let outcome = await scene.send(
      first, try scene.payer.sign(try await scene.planned(first)).serialized)
    #expect(Harness.problem(outcome)?.status == 503)
    #expect(try await scene.reservations().count == 1)
    let second = try await scene.harness.challenge()
    let handed = try scene.payer.sign(try await scene.planned(second)).serialized
    let full = await scene.send(second, handed)
    #expect(Harness.problem(full)?.status == 503)
    #expect(scene.harness.devnet.requestCount("eth_sendRawTransaction") == 1)
    #expect(scene.sponsor.count == 1)
    scene.harness.devnet.faults.clear()
    scene.harness.devnet.clock.advance(seconds: 30)
    let third = try await scene.harness.challenge()
    try await scene.harness.deliver(
      await scene.send(third, try scene.payer.sign(try await scene.planned(third)).serialized))
    #expect(scene.harness.paid() == scene.harness.devnet.configuration.initialBalance.units + 10_000)
  }
}
