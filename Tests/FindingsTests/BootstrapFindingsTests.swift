import EVM
import HTTPTypes
import MPPClient
import MPPCore
import MPPTempo
import MPPTempoClient
import MPPTesting
import PeerSupport
import Synchronization
import Tempo
import TempoDevnet
import Testing

/// 09 A and C where they are about the client's bootstrap.
@Suite("Findings: bootstrap", .timeLimit(.minutes(3)))
struct BootstrapFindingsTests {
  private static let price: UInt128 = 10_000

  /// Everything that is not the text `0`, and could be read as zero or as a price.
  private static let amounts: [JSONValue?] = [
    "1", "00", "0x0", "-0", "", " 0", "0 ", "+0", "0.0", "0e0", "\u{0660}", "10000", 0, .null, ["0"], nil,
  ]

  @Test("Bootstrap answers an amount that is the text 0 with a proof, and no other with anything (T9)")
  func findingC1() async throws {
    for amount in Self.amounts {
      let world = try await LostJournal(paid: 0)
      let request = BootstrapDesk.request(world.before.seller, amount: amount)
      world.desk.answers { _, _ in .demand([request]) }
      let client = try world.client()
      #expect(try await client.get().status == .ok, "\(String(describing: amount))")
      #expect(world.desk.heads.count == 1, "\(String(describing: amount))")
      #expect(world.desk.credentials == 0, "\(String(describing: amount))")
      // The opening and its voucher, for the request itself.
      #expect(client.signer.count == 2, "\(String(describing: amount))")
    }
  }

  @Test("A price beside the zero, or after it, is not paid; what leaves is one proof")
  func findingC1OneProof() async throws {
    let world = try await LostJournal(paid: 0)
    let seller = world.before.seller
    let dear = BootstrapDesk.request(seller, amount: "1")
    let free = BootstrapDesk.request(seller)
    world.desk.answers { _, isProved in .demand(isProved ? [dear] : [dear, free]) }
    let client = try world.client()
    #expect(try await client.get().status == .ok)
    #expect(world.desk.heads.count == 2 && world.desk.credentials == 1)
    let header = try #require(world.desk.heads.last?.headerFields[.authorization])
    let credential = try Credential(parsing: header)
    #expect(credential.challenge.request.value()["amount"]?.isText("0") == true)
    guard case .proof = try ChargePayload(parsing: credential.payload) else {
      Issue.record("not a proof")
      return
    }
    #expect(client.signer.count == 3)
    // What has expired is not proved either.
    let late = try await LostJournal(paid: 0)
    late.desk.state.withLock { $0.lifetime = -300 }
    _ = try await late.client().get()
    #expect(late.desk.heads.count == 1)
  }

  @Test(
    "A snapshot is taken from the answer to the proof and from nothing else (T10)",
    arguments: [200, 204, 206, 402, 404, 410, 500])
  func findingC15(status: Int) async throws {
    let world = try await LostJournal()
    let seller = world.before.seller
    world.desk.answers { _, _ in .status(status) }
    let client = try world.client()
    #expect(try await client.get().payment?.channel != world.channel)
    // Nor from the answer to the request itself.
    #expect(world.vouchers(on: world.channel, after: 3).isEmpty)
    let refused = try await LostJournal()
    refused.desk.answers { _, isProved in
      isProved ? .status(status < 300 ? 402 : status) : .demand([BootstrapDesk.request(seller)])
    }
    #expect(try await refused.client().get().payment?.channel != refused.channel)
    #expect(refused.desk.credentials == 1)
  }

  @Test("A channel that the journal has closed, is closing or has given up stays so (T10)")
  func findingC15Ignored() async throws {
    for phase in ["closed", "closing", "orphaned"] {
      let world = try await LostJournal()
      let before = world.before
      let honest = try #require(world.desk.honest())
      let limit = try SpendPolicy.upTo("0.10", perDay: "0.105", depositPerChannel: "0.10")
      switch phase {
      case "closed": _ = try await before.client.close()
      case "closing":
        before.seller.state.withLock { $0.closeAnswers = [.fail] }
        _ = try await before.client.close()
      default:
        // No room for a second deposit: the request fails, and the channel is given up.
        let poor = try before.restarted(spending: limit)
        poor.script(.forget)
        _ = await failure { try await poor.get() }
        try #require(try await poor.channel().phase == "orphaned")
        try await ignores(world, honest, poor.journal, limit, phase)
        continue
      }
      try #require(try await before.channel().phase == phase)
      try await ignores(world, honest, before.journal, nil, phase)
    }
  }

  private func ignores(
    _ world: LostJournal, _ honest: SessionSnapshot, _ journal: TestJournal, _ limit: SpendPolicy?,
    _ phase: String
  ) async throws {
    let seller = world.before.seller
    seller.state.withLock { state in
      state.closeAnswers = []
      state.requestEdit = { $0.methodDetails.sessionSnapshot = honest.jsonValue }
    }
    world.desk.shows(honest)
    let count = world.before.vouchers.count
    let client = try world.client(spending: limit, journal: TestJournal(copying: journal))
    _ = await failure { try await client.get() }
    #expect(world.desk.credentials == 1, "\(phase)")
    #expect(world.vouchers(on: world.channel, after: count).isEmpty, "\(phase)")
    let status = try await client.client.channels().first { $0.id == world.channel }
    #expect(status?.phase == phase)
  }

  @Test("A channel of another origin stays there, whoever names it")
  func findingC15OtherOrigin() async throws {
    let world = try await LostJournal()
    world.desk.state.withLock { $0.realm = "other.example" }
    let client = try world.client(journal: TestJournal(copying: world.before.journal))
    let paid = try await client.client.execute(.get("https://other.example/ping")).payment?.channel
    #expect(world.desk.credentials == 1)
    #expect(paid != nil && paid != world.channel)
    #expect(world.vouchers(on: world.channel, after: 3).isEmpty)
    #expect(try await client.get().payment?.channel == world.channel)
  }

  @Test(
    "Lies about what is spent, required and deposited: never more than the last voucher and a price for each request (A1, A6)",
    arguments: 1...12 as ClosedRange<UInt64>)
  func findingA1(seed: UInt64) async throws {
    let random = SeededRandom(seed: seed)
    let world = try await LostJournal()
    let claims: [UInt128] = [0, 1, 10_000, 30_000, 30_001, 40_000, 100_000, 1 << 80, (1 << 96) - 1]
    let client = try world.client(spending: .upTo("0.01", perDay: "0.30"))
    var requests: UInt128 = 0
    for _ in 0..<8 {
      let dice = random.fill(6).map(Int.init)
      let edit: @Sendable (inout SessionSnapshot) -> Void = { snapshot in
        snapshot.requiredCumulative = Amount(units: claims[dice[0] % claims.count])
        snapshot.deposit = Amount(units: claims[dice[1] % claims.count])
        snapshot.spent = Amount(units: claims[dice[2] % 4])
      }
      world.desk.state.withLock { $0.edit = edit }
      var lie = try #require(world.desk.honest())
      edit(&lie)
      let inline = dice[3] % 2 == 0 ? lie.jsonValue : nil
      world.before.seller.state.withLock { state in
        state.requestEdit = { $0.methodDetails.sessionSnapshot = inline }
        let behaviours: [TestSeller.Behaviour] = [.serve, .refuse, .loseAnswer, .handlerFails, .noReceipt]
        state.script = [behaviours[dice[4] % 5], behaviours[dice[5] % 5]]
      }
      requests += 1
      _ = await failure { try await client.get() }
      let highest = world.vouchers(on: world.channel).max() ?? 0
      try #require(highest <= 30_000 + requests * Self.price, "seed \(seed)")
      let own = world.before.seller.state.withLock { state in
        state.vouchers.filter { $0.channel.hex != world.channel }.map(\.amount.units).max() ?? 0
      }
      try #require(own <= requests * Self.price, "seed \(seed)")
    }
  }
}
