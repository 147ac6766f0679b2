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

/// Opens and top-ups whose fee the server pays, through the same core as its charges.
@Suite("Sponsored sessions (04 §18.6, 06 §1.11)")
struct SponsoredSessionTests {
  private struct Scene {
    let harness: Harness
    let sponsor: CountingSigner

    init(
      seed: UInt64 = 1, offer: @escaping (inout Offer) -> Void = { _ in },
      options change: @escaping (inout TempoSessionOptions) -> Void = { _ in }
    ) async throws {
      let devnet = try Harness.chain()
      let sponsor = CountingSigner(key: devnet.sponsor.privateKey)
      self.sponsor = sponsor
      harness = try await Harness(devnet: devnet, seed: seed, offer: offer) { options in
        options.feePayer = FeePayerOptions(signer: sponsor, limits: .standard(chainID: devnet.chainID))
        options.feePayer?.limits?.minimumDeposit = Amount(units: 9_000)
        change(&options)
      }
    }

    func reservations() async throws -> [SponsorReservation] {
      let table = try harness.server.ledger.table(SponsorBudget.self)
      let key = SponsorBudget.key(chainID: harness.devnet.chainID, sponsor: sponsor.address)
      return try await table.load(key)?.reservations ?? []
    }

    func balance() -> UInt128 { harness.devnet.balance(of: harness.payer.account.address).units }

    /// Refused before the sponsor signed, before anything was sent or reserved.
    func expectRefused(
      _ channel: OpenChannel, _ detail: String, sourceLocation: SourceLocation = #_sourceLocation
    ) async throws {
      let sent = harness.devnet.requestCount("eth_sendRawTransaction")
      let outcome = try await harness.get(channel.openPayload(1_000))
      expectRefusal(
        outcome, .verificationFailed, "Payment verification failed: \(detail).",
        sourceLocation: sourceLocation)
      #expect(sponsor.count == 0, sourceLocation: sourceLocation)
      #expect(
        harness.devnet.requestCount("eth_sendRawTransaction") == sent, sourceLocation: sourceLocation)
      #expect(harness.devnet.channel(channel.id) == nil, sourceLocation: sourceLocation)
      #expect(try await reservations().isEmpty, sourceLocation: sourceLocation)
    }

    func refused(_ detail: String, _ change: (inout TempoTransaction) throws -> Void) async throws {
      let channel = try await harness.payer.sponsoredOpen(
        deposit: 9_000, payee: harness.payee, change: change)
      try await expectRefused(channel, detail)
    }
  }

  private static let prefix = "Invalid transaction: fee-sponsored transaction "

  @Test("Open and top-up cost the payer its deposit and no fee, in both forms", arguments: [true, false])
  func openAndTopUp(isEnvelope: Bool) async throws {
    let scene = try await Scene()
    let before = scene.balance()
    let challenge = try await scene.harness.challenge()
    #expect(challenge.request.value()["methodDetails"]?["feePayer"]?.boolValue == true)
    let channel = try await scene.harness.payer.sponsoredOpen(
      deposit: 9_000, payee: scene.harness.payee, isEnvelope: isEnvelope)
    try await scene.harness.deliver(try await scene.harness.get(channel.openPayload(1_000)))
    #expect(scene.balance() == before - 9_000)
    let topUp = try await scene.harness.payer.sponsoredTopUp(channel, 4_000, isEnvelope: isEnvelope)
    _ = try Harness.receipt(try await scene.harness.post(topUp))
    #expect(scene.balance() == before - 13_000)
    #expect(scene.sponsor.count == 2)
    #expect(try await scene.reservations().isEmpty)
    try await scene.harness.expectAgreement(channel)
  }

  @Test("The other form of an open or a top-up is the same one: the sponsor signs once")
  func otherForm() async throws {
    let scene = try await Scene()
    let channel = try await scene.harness.payer.sponsoredOpen(deposit: 9_000, payee: scene.harness.payee)
    _ = try Harness.receipt(try await scene.harness.post(channel.openPayload(1_000)))
    var again = channel
    again.transaction = try Self.marked(channel.transaction)
    _ = try Harness.receipt(try await scene.harness.post(again.openPayload(1_000)))
    guard case .topUp(var payload) = try await scene.harness.payer.sponsoredTopUp(channel, 4_000) else {
      return
    }
    for _ in 0..<2 {
      _ = try Harness.receipt(try await scene.harness.post(.topUp(payload)))
      payload = SessionPayload.TopUp(
        channelID: payload.channelID, descriptor: payload.descriptor,
        transaction: try Self.marked(SignedTempoTransaction(parsing: payload.transaction)).serialized,
        additionalDeposit: payload.additionalDeposit)
    }
    #expect(scene.sponsor.count == 2)
    #expect(try await scene.harness.record(channel).deposit.units == 13_000)
    try await scene.harness.expectAgreement(channel)
  }

  private static func marked(_ handed: SignedTempoTransaction) throws -> SignedTempoTransaction {
    var transaction = handed.transaction
    transaction.feePayer = .awaitingFeePayer
    return try SignedTempoTransaction(transaction, signature: handed.signature)
  }

  @Test("A payer may pay the fee of a sponsored session itself")
  func ownFee() async throws {
    let scene = try await Scene()
    let channel = try await scene.harness.opened(deposit: 9_000)
    #expect(scene.sponsor.count == 0)
    try await scene.harness.expectAgreement(channel)
  }

  @Test("High fees are refused before signing")
  func highFee() async throws {
    let scene = try await Scene()
    try await scene.refused(Self.prefix + "has a fee per gas outside the policy") {
      $0.maxFeePerGas = 100_000_000_001
    }
    try await scene.refused(Self.prefix + "has a gas limit outside the policy") { $0.gas = 2_000_001 }
    try await scene.refused(Self.prefix + "costs more than the policy allows") {
      $0.gas = 2_000_000
      $0.maxFeePerGas = 25_000_000_001
    }
  }

  @Test("Extra calls are refused before signing")
  func extraCalls() async throws {
    let scene = try await Scene()
    let stranger = scene.harness.devnet.accounts[4].address
    let transfer = Call(
      to: TempoAddress.pathUSD, data: try TIP20ABI.transferCalldata(to: stranger, amount: 1))
    try await scene.refused(
      "TIP-1034 open transaction must contain one management call, optionally preceded by an auto-swap"
    ) { $0.calls.insert(transfer, at: 0) }
    try await scene.refused("TIP-1034 open transaction targets the wrong address") {
      $0.calls += [transfer, transfer]
    }
  }

  @Test("An access list is refused before signing")
  func accessList() async throws {
    let scene = try await Scene()
    try await scene.refused(Self.prefix + "has an access list") {
      $0.accessList = [AccessListEntry(address: TempoAddress.pathUSD)]
    }
  }

  @Test("A fee token chosen by the payer is refused before signing")
  func foreignFeeToken() async throws {
    let scene = try await Scene()
    let channel = try await scene.harness.payer.sponsoredOpen(deposit: 9_000, payee: scene.harness.payee)
    guard case .list(var items) = try RLP.decode(Array(channel.transaction.serialized.dropFirst())) else {
      Issue.record("no list")
      return
    }
    items[10] = .address(TempoAddress.alphaUSD)
    let payload = try channel.openPayload(1_000) {
      $0 = Self.replacing($0, [0x78] + RLP.encode(.list(items)))
    }
    expectRefusal(
      try await scene.harness.get(payload), .verificationFailed,
      "Payment verification failed: TIP-1034 open transaction cannot be read.")
    #expect(scene.sponsor.count == 0)
  }

  private static func replacing(_ payload: SessionPayload.Open, _ bytes: [UInt8]) -> SessionPayload.Open {
    SessionPayload.Open(
      channelID: payload.channelID, descriptor: payload.descriptor, transaction: bytes,
      cumulativeAmount: payload.cumulativeAmount, signature: payload.signature)
  }

  @Test("Another chain id is refused before signing")
  func otherChain() async throws {
    let scene = try await Scene()
    try await scene.refused("TIP-1034 open transaction is for another chain") { $0.chainID = 4217 }
  }

  @Test("Calldata that is not canonical is refused before signing")
  func nonCanonicalCalldata() async throws {
    let scene = try await Scene()
    try await scene.refused("Expected TIP-1034 open calldata") { $0.calls[0].data.append(0) }
  }

  @Test("A sender that is not the recovered one is refused before signing")
  func foreignSender() async throws {
    let scene = try await Scene()
    var channel = try await scene.harness.payer.sponsoredOpen(deposit: 9_000, payee: scene.harness.payee)
    channel.transaction = try Self.marked(channel.transaction)
      .handOff(sender: scene.harness.devnet.accounts[4].address)
    let unsigned = try await scene.harness.get(channel.openPayload(1_000))
    #expect(Harness.problem(unsigned)?.code == .badRequest)
    #expect(
      Harness.problem(unsigned)?.detail
        == "Bad request: Transaction must be signed by the sender before fee payer co-signing.")
    #expect(scene.sponsor.count == 0)
    // What the calls say is judged before who signed them.
    var elsewhere = try await scene.harness.payer.sponsoredOpen(deposit: 9_000, payee: TempoAddress.dex)
    elsewhere.transaction = try Self.marked(elsewhere.transaction)
      .handOff(sender: scene.harness.devnet.accounts[4].address)
    elsewhere.descriptor = channel.descriptor
    try await scene.expectRefused(elsewhere, "TIP-1034 open payee does not match challenge")
  }

  @Test("Bytes of another chain's transaction are a bad request where a sponsor would sign")
  func foreignType() async throws {
    let scene = try await Scene()
    let channel = try await scene.harness.payer.sponsoredOpen(deposit: 9_000, payee: scene.harness.payee)
    let payload = try channel.openPayload(1_000) { $0 = Self.replacing($0, [0x02, 0xc0]) }
    let outcome = try await scene.harness.get(payload)
    #expect(Harness.problem(outcome)?.code == .badRequest)
    #expect(
      Harness.problem(outcome)?.detail == "Bad request: Only Tempo (0x76/0x78) transactions are supported.")
  }

  @Test("An open that would revert is refused before signing")
  func revert() async throws {
    let scene = try await Scene()
    let channel = try await scene.harness.payer.sponsoredOpen(deposit: 9_000, payee: scene.harness.payee)
    scene.harness.devnet.setBalance(Amount(units: 8_999), of: scene.harness.payer.account.address)
    try await scene.expectRefused(channel, "the simulated open transaction was refused by the chain")
  }

  @Test("An offer that says feePayer: false takes no hand-over")
  func unsponsoredOffer() async throws {
    let scene = try await Scene(offer: { $0.options.append(.init(key: "feePayer", value: .bool(false))) })
    let channel = try await scene.harness.payer.sponsoredOpen(deposit: 9_000, payee: scene.harness.payee)
    let outcome = try await scene.harness.get(channel.openPayload(1_000))
    #expect(Harness.problem(outcome)?.detail.contains("fee sponsorship is not offered") == true)
    #expect(scene.sponsor.count == 0)
  }

  @Test("A payer with too much under way is asked to wait; nothing of it is signed")
  func budget() async throws {
    let scene = try await Scene(options: { options in
      options.feePayer?.limits?.maximumInFlightPerPayer = 1
      options.limits.receiptDeadline = 0
    })
    scene.harness.devnet.faults.inject(.broadcast, .drop, count: nil)
    let first = try await scene.harness.payer.sponsoredOpen(deposit: 9_000, payee: scene.harness.payee)
    #expect(Harness.problem(try await scene.harness.get(first.openPayload(1_000)))?.status == 503)
    #expect(try await scene.reservations().count == 1)
    let second = try await scene.harness.payer.sponsoredOpen(deposit: 9_000, payee: scene.harness.payee)
    #expect(Harness.problem(try await scene.harness.get(second.openPayload(1_000)))?.status == 503)
    #expect(scene.harness.devnet.requestCount("eth_sendRawTransaction") == 1)
    // The first can never be included any more, on any node: the sweep frees its fee.
    scene.harness.devnet.clock.advance(seconds: 26 + Int64(ChainIntent.absenceMargin))
    await scene.harness.method.settlements.sweep()
    #expect(try await scene.reservations().isEmpty)
  }

  @Test("Dust is not sponsored, and an open that is on its way is finished whatever it holds")
  func minimumDeposit() async throws {
    let scene = try await Scene()
    let dust = try await scene.harness.payer.sponsoredOpen(deposit: 8_999, payee: scene.harness.payee)
    try await scene.expectRefused(dust, "the deposit of a sponsored channel must be >= 9000")
    // Who pays the fee may open what it likes.
    _ = try await scene.harness.opened(deposit: 8_999)
    #expect(scene.sponsor.count == 0)
    let standard = SponsorLimits.standard(chainID: 42_431)
    #expect(standard.minimumDeposit.units == 50_000)
    #expect(standard.maximumFeePerPayerPerDay == 100 * standard.maximumTotalFee)
  }

  @Test("A thousand opens of one payer cost the sponsor no more than a day's budget (W43)")
  func manyOpens() async throws {
    let scene = try await Scene(options: {
      let fee = $0.feePayer?.limits?.maximumTotalFee ?? 0
      $0.feePayer?.limits?.maximumFeePerPayerPerDay = 3 * fee
    })
    let harness = scene.harness
    func paid() -> UInt128 {
      harness.devnet.receipts().filter { $0.feePayer == scene.sponsor.address }.map(\.fee.units).reduce(0, +)
    }
    var opened = 0
    for _ in 0..<1_000 {
      let channel = try await harness.payer.sponsoredOpen(deposit: 9_000, payee: harness.payee)
      let outcome = try await harness.post(channel.openPayload(1_000))
      if case .management = outcome {
        opened += 1
        continue
      }
      expectRefusal(
        outcome, .verificationFailed,
        "Payment verification failed: \(Self.prefix)exceeds the aggregate sponsor budget.")
      break
    }
    // Each counts with the most it can cost, which is less than the limit of one.
    #expect((3...999).contains(opened), "\(opened)")
    #expect(paid() <= 3 * 50_000)
    // Another payer, and the next day.
    let other = Payer(harness.devnet, harness.devnet.accounts[4], seed: 4)
    let channel = try await other.sponsoredOpen(deposit: 9_000, payee: harness.payee)
    _ = try Harness.receipt(try await harness.post(channel.openPayload(1_000), source: other.source))
    harness.devnet.clock.advance(seconds: 86_400)
    let next = try await harness.payer.sponsoredOpen(deposit: 9_000, payee: harness.payee)
    _ = try Harness.receipt(try await harness.post(next.openPayload(1_000)))
  }

  /// The node fails once, at every call of a sponsored open or top-up in turn.
  @Test(
    "Fail the n-th call: one open, one top-up, and nothing of the budget is left over",
    arguments: [FaultTests.Fault.refuse, .loseReply, .error, .drop, .hideReceipt], [true, false])
  func failNth(fault: FaultTests.Fault, isTopUp: Bool) async throws {
    for index in 0..<24 {
      let scene = try await Scene(seed: UInt64(index + 1))
      let channel = try await scene.harness.payer.sponsoredOpen(deposit: 9_000, payee: scene.harness.payee)
      var payload = try channel.openPayload(1_000)
      if isTopUp {
        try await repeated(scene, payload)
        payload = try await scene.harness.payer.sponsoredTopUp(channel, 1_000)
      }
      let rule = scene.harness.devnet.faults.inject(
        fault == .drop || fault == .hideReceipt ? .broadcast : .method("eth_*"), fault.action, skip: index)
      try await repeated(scene, payload)
      let fired = scene.harness.devnet.faults.timesFired(rule) > 0
      scene.harness.devnet.faults.clear()
      await scene.harness.method.settlements.sweep()
      #expect(scene.harness.count(ChannelReserveABI.channelOpened.topic, channel) == 1, "\(index)")
      #expect(
        scene.harness.count(ChannelReserveABI.topUpEvent.topic, channel) == (isTopUp ? 1 : 0), "\(index)")
      try await scene.harness.expectAgreement(channel)
      #expect(try await scene.reservations().isEmpty, "\(index)")
      if !fired { return }
    }
    Issue.record("more calls than expected")
  }

  /// The client's repetition of one management request.
  private func repeated(_ scene: Scene, _ payload: SessionPayload) async throws {
    for _ in 0..<6 {
      let outcome = try await scene.harness.post(payload)
      if case .management = outcome { return }
      scene.harness.devnet.clock.advance(seconds: 1)
    }
    Issue.record("never done")
  }
}
