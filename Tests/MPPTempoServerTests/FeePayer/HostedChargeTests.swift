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

/// A server whose customers' fees are paid by the chain's hosted fee payer, and one purchase that is handed over.
struct HostedScene: Sendable {
  static let failed =
    "Payment verification failed: the hosted fee payer failed to sponsor the transaction."

  let harness: ChargeHarness
  let wire: HostWire
  let host: FeePayerHost
  let challenge: Challenge
  let handed: SignedTempoTransaction

  init(
    feeTokens: [Address]? = nil, isExpected: Bool = true,
    change: @escaping (inout TempoChargeOptions) -> Void = { _ in }
  ) async throws {
    let devnet = try Harness.chain()
    let wire = HostWire(devnet)
    let host = wire.host(feeTokens: feeTokens, sponsor: isExpected ? devnet.sponsor.address : nil)
    self.wire = wire
    self.host = host
    harness = try await ChargeHarness(devnet: devnet) { options in
      options.feePayer = FeePayerOptions(host: host)
      change(&options)
    }
    challenge = try await harness.challenge()
    handed = try await harness.handedOver(challenge)
  }

  var devnet: Devnet { harness.devnet }

  func send() async -> PaymentOutcome {
    await harness.send(harness.credential(challenge, .transaction(handed.serialized)))
  }

  func reservations() async throws -> [SponsorReservation] {
    try await harness.server.ledger.reservations(host, devnet)
  }

  /// Nothing has left for the chain, nobody has paid, and the budget is free.
  func expectNothingSent(sourceLocation: SourceLocation = #_sourceLocation) async throws {
    let initial = devnet.configuration.initialBalance.units
    #expect(try await devnet.broadcasts() == 0, sourceLocation: sourceLocation)
    #expect(harness.paid() == initial, sourceLocation: sourceLocation)
    #expect(devnet.units(devnet.sponsor.address) == initial, sourceLocation: sourceLocation)
    #expect(try await reservations().isEmpty, sourceLocation: sourceLocation)
  }

  /// The same credential again is delivered, and everybody has to the unit what they should.
  func expectPaid(in token: Address = TempoAddress.pathUSD, sourceLocation: SourceLocation = #_sourceLocation)
    async throws
  {
    try await harness.deliver(await send(), sourceLocation: sourceLocation)
    let initial = devnet.configuration.initialBalance.units
    let receipt = try #require(devnet.receipts().last { $0.sender == harness.payer.account.address })
    #expect(receipt.feePayer == devnet.sponsor.address, sourceLocation: sourceLocation)
    #expect(receipt.fee.units > 0, sourceLocation: sourceLocation)
    #expect(
      devnet.units(harness.payer.account.address) == initial - ChargeHarness.price,
      sourceLocation: sourceLocation)
    #expect(harness.paid() == initial + ChargeHarness.price, sourceLocation: sourceLocation)
    #expect(
      devnet.units(devnet.sponsor.address, token) == initial - receipt.fee.units,
      sourceLocation: sourceLocation)
    #expect(try await reservations().isEmpty, sourceLocation: sourceLocation)
    #expect(devnet.audit() == [], sourceLocation: sourceLocation)
  }
}

@Suite("Charges with a hosted fee payer (02 §6.5, 06 §1.11)")
struct HostedChargeTests {
  @Test("F1: the payer pays its price, the host the fee, through our node", arguments: [true, false])
  func paid(isExpected: Bool) async throws {
    let scene = try await HostedScene(isExpected: isExpected)
    try await scene.expectPaid()
    #expect(scene.wire.asked == 1)
    #expect(scene.devnet.requestCount("eth_signRawTransaction") == 0)
    #expect(try await scene.devnet.broadcasts() == 1)
  }

  @Test("The host may choose another allowed token")
  func otherToken() async throws {
    let scene = try await HostedScene(feeTokens: HostLie.allowed)
    scene.devnet.sponsorPolicy.feeToken = TempoAddress.betaUSD
    try await scene.expectPaid(in: TempoAddress.betaUSD)
    let unlisted = try await HostedScene(feeTokens: [TempoAddress.betaUSD])
    expectRefusal(await unlisted.send(), .verificationFailed, HostedScene.failed)
    try await unlisted.expectNothingSent()
  }

  @Test(
    "F2: a host that lies, or refuses, is refused before anything is sent; the payment can be repeated",
    arguments: HostLie.allCases, [true, false])
  func lies(_ lie: HostLie, isExpected: Bool) async throws {
    let scene = try await HostedScene(feeTokens: HostLie.allowed, isExpected: isExpected)
    lie.tell(scene.devnet)
    expectRefusal(await scene.send(), .verificationFailed, HostedScene.failed)
    #expect(scene.wire.asked == 1)
    try await scene.expectNothingSent()
    scene.devnet.sponsorPolicy = DevnetSponsorPolicy()
    try await scene.expectPaid()
  }

  @Test("The sender cannot be its own sponsor, whatever the host signs", arguments: [true, false])
  func selfSponsored(isExpected: Bool) async throws {
    let scene = try await HostedScene(isExpected: isExpected)
    let payer = scene.harness.payer.account
    let digest = scene.handed.transaction.feePayerHash(
      sender: payer.address, feeToken: TempoAddress.pathUSD)
    let signature = payer.privateKey.sign(digest)
    scene.wire.change { tx in
      tx = tx.setting(
        "feePayerSignature",
        [
          "r": .string(UInt256(signature.r).hexQuantity), "s": .string(UInt256(signature.s).hexQuantity),
          "yParity": .integer(Int64(signature.yParity)),
        ])
    }
    expectRefusal(await scene.send(), .verificationFailed, HostedScene.failed)
    try await scene.expectNothingSent()
  }

  @Test("A sponsor that cannot pay the fee is refused before anything is sent")
  func unfunded() async throws {
    let scene = try await HostedScene()
    let initial = scene.devnet.configuration.initialBalance
    scene.devnet.setBalance(.zero, of: scene.devnet.sponsor.address)
    expectRefusal(await scene.send(), .verificationFailed, HostedScene.failed)
    scene.devnet.setBalance(initial, of: scene.devnet.sponsor.address)
    try await scene.expectNothingSent()
    try await scene.expectPaid()
  }

  @Test(
    "An answer that says something else of the transaction is refused, also with a good signature",
    arguments: [
      "type", "from", "chainId", "nonce", "nonceKey", "gas", "maxFeePerGas", "maxPriorityFeePerGas", "calls",
      "validBefore", "validAfter", "accessList", "aaAuthorizationList", "keyAuthorization",
    ])
  func changed(_ member: String) async throws {
    let scene = try await HostedScene()
    scene.wire.change { tx in
      let value: JSONValue =
        switch member {
        case "from": .string(TempoAddress.dex.hex)
        case "calls": []
        case "accessList", "aaAuthorizationList": [["address": .string(TempoAddress.dex.hex)]]
        case "keyAuthorization": ["keyType": "secp256k1"]
        default: "0x7fffffff"
        }
      tx = tx.setting(member, value)
    }
    expectRefusal(await scene.send(), .verificationFailed, HostedScene.failed)
    try await scene.expectNothingSent()
  }

  @Test(
    "The host is asked after a dry run and a reservation, for exactly what was signed, without the signature")
  func question() async throws {
    let scene = try await HostedScene()
    let devnet = scene.devnet
    let first = devnet.requests().count
    @Sendable func dryRuns() -> [JSONValue] {
      devnet.requests(after: first).filter { $0.method == "eth_call" }.compactMap(\.params.first)
        .filter { $0["calls"] != nil }
    }
    scene.wire.onAsk { () async throws -> Void in
      #expect(dryRuns().count == 1)
      #expect(dryRuns().first?["maxFeePerGas"] == nil)
      let phases = try await scene.reservations().map(\.phase)
      #expect(phases == [.prepared])
    }
    try await scene.expectPaid()
    #expect(dryRuns().count == 2)
    #expect(dryRuns().last?["feePayer"]?.stringValue == devnet.sponsor.address.hex)
    #expect(dryRuns().last?["feeToken"]?.stringValue == TempoAddress.pathUSD.hex)
    #expect(dryRuns().allSatisfy { $0["feePayerSignature"] == nil && $0["signature"] == nil })
    let question = try #require(devnet.requests(after: first).first { $0.method == "eth_fillTransaction" })
    let transaction = scene.handed.transaction
    let asked = try #require(question.params.first)
    #expect(question.params.count == 1)
    let validAfter = transaction.validAfter.map { JSONValue.string(Hex.quantity($0)) }
    var expected: JSONValue = [
      "calls": [
        [
          "to": .string(TempoAddress.pathUSD.hex), "value": "0x",
          "data": .string(Hex.encode(transaction.calls[0].data)),
        ]
      ], "feePayer": true, "from": .string(scene.harness.payer.account.address.hex),
      "gas": .string(Hex.quantity(transaction.gas)),
      "maxFeePerGas": .string(Hex.quantity(transaction.maxFeePerGas)),
      "maxPriorityFeePerGas": .string(Hex.quantity(transaction.maxPriorityFeePerGas)), "nonce": "0x0",
      "nonceKey": .string(UInt256.max.hexQuantity), "type": "0x76",
      "validBefore": .string(Hex.quantity(try #require(transaction.validBefore))),
    ]
    if let validAfter { expected = expected.setting("validAfter", validAfter) }
    #expect(asked == expected)
  }

  // MARK: No answer

  @Test(
    "An answer that is lost, late or no answer leaves nothing behind: a 503, and the same payment again is paid once",
    arguments: ["lost", "refused", "late", "500", "429", "garbage", "busy"])
  func noAnswer(_ what: String) async throws {
    let scene = try await HostedScene()
    let action: FaultAction =
      switch what {
      case "lost": .loseReply
      case "refused": .refuse
      case "late": .delay(milliseconds: 60_000)
      case "500": .http(status: 500)
      case "429": .http(status: 429)
      case "garbage": .garbage
      default: .rpcError(code: -32603, message: "internal error")
      }
    scene.devnet.faults.inject(
      FaultMatch(method: "eth_fillTransaction", path: DevnetSponsorPolicy.path), action)
    let problem = Harness.problem(await scene.send())
    #expect(problem?.status == 503, "\(problem?.detail ?? "")")
    #expect(problem?.detail.contains("the sponsor cannot be reached") == true)
    #expect(scene.wire.asked == 1)
    try await scene.expectNothingSent()
    try await scene.expectPaid()
    #expect(try await scene.devnet.broadcasts() == 1)
  }

  @Test("An answer that comes when the payment is over is not used", arguments: [Int64(26), 301])
  func tooLate(seconds: Int64) async throws {
    let scene = try await HostedScene()
    scene.wire.onAsk { scene.devnet.clock.advance(seconds: seconds) }
    let problem = Harness.problem(await scene.send())
    #expect(problem?.code == .verificationFailed)
    try await scene.expectNothingSent()
  }

  @Test("An answer that is too long is refused unread")
  func tooLarge() async throws {
    let scene = try await HostedScene()
    scene.wire.answer([UInt8](repeating: UInt8(ascii: " "), count: FeePayerHostClient.answerBytes + 1))
    expectRefusal(await scene.send(), .verificationFailed, HostedScene.failed)
    try await scene.expectNothingSent()
  }

  @Test("What was sent once is looked for; the host is not asked a second time")
  func lostBroadcast() async throws {
    let scene = try await HostedScene { $0.limits.receiptDeadline = 0 }
    scene.devnet.faults.inject(.broadcast, .loseReply)
    scene.devnet.faults.inject(.method("eth_getTransactionReceipt"), .http(status: 503), count: 4)
    #expect(Harness.problem(await scene.send())?.status == 503)
    #expect(try await scene.reservations().map(\.phase) == [.broadcasting])
    // A host that would now choose another token changes nothing.
    scene.devnet.sponsorPolicy.feeToken = TempoAddress.betaUSD
    scene.devnet.faults.clear()
    try await scene.expectPaid()
    #expect(scene.wire.asked == 1)
    #expect(try await scene.devnet.broadcasts() == 1)
  }

  @Test("A full budget asks no host")
  func budget() async throws {
    let scene = try await HostedScene { options in
      options.feePayer?.limits = .standard(chainID: 42_431)
      options.feePayer?.limits?.maximumInFlightPerPayer = 1
      options.limits.receiptDeadline = 0
    }
    scene.devnet.faults.inject(.broadcast, .drop, count: nil)
    #expect(Harness.problem(await scene.send())?.status == 503)
    #expect(try await scene.reservations().count == 1)
    let second = try await scene.harness.challenge()
    let handed = try await scene.harness.handedOver(second)
    let credential = scene.harness.credential(second, .transaction(handed.serialized))
    #expect(Harness.problem(await scene.harness.send(credential))?.status == 503)
    #expect(scene.wire.asked == 1)
    #expect(try await scene.devnet.broadcasts() == 1)
  }

  @Test("What the policy does not let through is shown to no host")
  func policy() async throws {
    let scene = try await HostedScene()
    var transaction = scene.handed.transaction
    transaction.feePayer = .awaitingFeePayer
    transaction.gas = 2_000_001
    let handed = try scene.harness.payer.sign(transaction)
    let credential = scene.harness.credential(scene.challenge, .transaction(handed.serialized))
    #expect(Harness.problem(await scene.harness.send(credential))?.code == .verificationFailed)
    #expect(scene.wire.asked == 0)
    try await scene.expectNothingSent()
  }
}
