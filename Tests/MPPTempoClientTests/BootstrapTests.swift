import EVM
import HTTPTypes
import MPPClient
import MPPCore
import MPPTempo
import MPPTempoClient
import PeerSupport
import Synchronization
import TempoDevnet
import Testing

/// A journal that is lost, and a server that remembers the channel (`05` §7.1).
@Suite("Bootstrap", .timeLimit(.minutes(2)))
struct BootstrapTests {
  private func sent(_ world: LostJournal, from count: Int) -> [String] {
    world.before.seller.state.withLock { state in
      state.vouchers.dropFirst(count).map { "\($0.action) \($0.amount.units)" }
    }
  }

  @Test("The channel is found and paid on, without a second opening and without another transaction")
  func found() async throws {
    let world = try await LostJournal()
    let client = try world.client()
    let opened = client.broadcasts.count
    let paid = try #require(try await client.get().payment)
    #expect(paid.actions == ["voucher"])
    #expect(paid.channel == world.channel)
    #expect(try await client.get().status == .ok)
    #expect(sent(world, from: 3) == ["voucher 40000", "voucher 50000"])
    #expect(client.broadcasts.count == opened)
    #expect(world.desk.heads.count == 2)
    #expect(world.desk.state.withLock { $0.proofs } == 1)
    let channel = try #require(try await client.client.channels().first)
    #expect(channel.id == world.channel && channel.phase == "open")
    #expect(channel.origin == "https://shop.example:443" && channel.resource == client.url)
    #expect(channel.deposit.units == 100_000 && channel.delivered.units == 20_000)
  }

  @Test("Off unless it is asked for")
  func off() async throws {
    let world = try await LostJournal()
    let client = try world.client(bootstrap: false)
    _ = try await client.get()
    #expect(world.desk.heads.isEmpty)
    #expect(try await client.channel().id != world.channel)
    #expect(TempoSessionOptions().bootstrap == false)
  }

  @Test(
    "What was authorised and is not spent is used first; what the server counts wrongly costs one refusal")
  func headroom() async throws {
    let world = try await LostJournal(paid: 1)
    // A voucher for 20 000 is there, and 10 000 are charged.
    world.before.script(.handlerFails)
    _ = try await world.before.get()
    let client = try world.client()
    #expect(try await client.get().status == .ok)
    #expect(try await client.get().status == .ok)
    #expect(sent(world, from: 2) == ["voucher 20000", "voucher 30000"])

    let stale = try await LostJournal()
    stale.desk.state.withLock { $0.edit = { $0.spent = .zero } }
    #expect(try await stale.client().get().status == .ok)
    #expect(sent(stale, from: 3) == ["voucher 30000", "voucher 40000"])
  }

  @Test("It is in the journal before a voucher on it leaves, with what it counts in the period's total")
  func durable() async throws {
    let world = try await LostJournal()
    let client = try world.client()
    client.journal.fail([0])
    let before = client.vouchers.count
    #expect(await failure { try await client.get() }?.code == .journal)
    #expect(client.vouchers.count == before)
    #expect(try await client.get().status == .ok)
    let id = try Hash32(hex: world.channel)
    #expect(try client.journal.authorized(id)?.units == 40_000)
    #expect(try await client.client.authorizedInPeriod().units == 40_000)
    let restarted = try world.client(journal: TestJournal(copying: client.journal))
    #expect(try await restarted.client.authorizedInPeriod().units == 40_000)
    #expect(try await restarted.get().payment?.channel == world.channel)
    #expect(try await restarted.channel().authorized.units == 50_000)
    // The channel is in use: nobody is asked.
    #expect(world.desk.heads.count == 2)
  }

  @Test("It is in the journal also when nothing can be signed for the request that found it")
  func unsigned() async throws {
    let world = try await LostJournal()
    let client = try world.client()
    client.seller.state.withLock {
      $0.requestEdit = { $0.methodDetails.minVoucherDelta = Amount(units: 10_001) }
    }
    #expect(await failure { try await client.get() }?.code == .requirementExceedsBound)
    #expect(try client.journal.authorized(try Hash32(hex: world.channel))?.units == 30_000)
    #expect(world.vouchers(on: world.channel, after: 3).isEmpty)
  }

  @Test("A channel that was found is topped up, closed, and not found again as forgotten")
  func life() async throws {
    let world = try await LostJournal(paid: 3, deposit: 30_000)
    let client = try world.client()
    #expect(try await client.get().payment?.actions == ["topUp", "voucher"])
    let channels = try await client.client.recover()
    #expect(channels.map(\.id) == [world.channel] && channels.map(\.phase) == ["open"])
    let outcome = try #require(try await client.client.close().first)
    #expect(outcome.error == nil && outcome.channel == world.channel)
    #expect(outcome.captured?.units == 40_000 && !outcome.isDisputed)
    #expect(try await client.client.recover().map(\.phase) == ["closed"])
  }

  @Test("A channel that is named in the challenge, with a voucher of ours, needs no proof (05 §7.3)")
  func inline() async throws {
    let world = try await LostJournal()
    let claim = try #require(world.desk.honest()).jsonValue
    let client = try world.client(bootstrap: false)
    client.seller.state.withLock { $0.requestEdit = { $0.methodDetails.sessionSnapshot = claim } }
    #expect(try await client.get().payment?.channel == world.channel)
    #expect(sent(world, from: 3) == ["voucher 40000"])
    #expect(world.desk.heads.isEmpty)
  }

  @Test("What a server names never displaces a channel that is in use (A8)")
  func inUse() async throws {
    let world = try await LostJournal()
    let claim = try #require(world.desk.honest()).jsonValue
    let client = try world.client(bootstrap: false)
    _ = try await client.get()
    let own = try await client.channel().id
    #expect(own != world.channel)
    client.seller.state.withLock { $0.requestEdit = { $0.methodDetails.sessionSnapshot = claim } }
    #expect(try await client.get().payment?.channel == own)
    #expect(world.vouchers(on: world.channel, after: 3).isEmpty)
  }

  @Test("Two sessions at once that are shown one channel: one of them gets it")
  func twoOrigins() async throws {
    let world = try await LostJournal()
    let client = try world.client()
    let ids = try await withThrowingTaskGroup(of: String?.self) { group in
      for host in ["shop.example", "other.example"] {
        world.desk.state.withLock { $0.realm = "shop" }
        group.addTask { try await client.client.execute(.get("https://\(host)/ping")).payment?.channel }
      }
      return try await group.reduce(into: []) { $0.append($1) }
    }
    #expect(ids.filter { $0 == world.channel }.count == 1)
    #expect(Set(ids).count == 2)
    #expect(try await client.client.channels().count == 2)
  }

  @Test("64 first requests at once: one bootstrap, one channel, no opening")
  func together() async throws {
    let world = try await LostJournal(paid: 1, deposit: 1_000_000)
    let client = try world.client()
    let statuses = try await withThrowingTaskGroup(of: Int.self) { group in
      for _ in 0..<64 { group.addTask { try await client.get().status.code } }
      return try await group.reduce(into: []) { $0.append($1) }
    }
    #expect(statuses == Array(repeating: 200, count: 64))
    #expect(world.desk.heads.count == 2)
    #expect(client.broadcasts.count == 1)
    #expect(try await client.client.channels().map(\.id) == [world.channel])
    #expect(client.vouchers.max() == 650_000)
  }
}
