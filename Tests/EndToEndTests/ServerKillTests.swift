import EVM
import Foundation
import MPPClient
import MPPCore
import MPPTempo
import MPPTesting
import MarketplaceSupport
import Tempo
import TempoDevnet
import Testing

@Suite("A server that is killed", .serialized, .timeLimit(.minutes(3)))
struct ServerKillTests {
  private static let price = Marketplace.price.units

  /// 20 moments under load. Nothing accepted is lost, nothing is charged twice, and everybody goes on with the channel
  /// they have.
  @Test func twentyKillsUnderLoad() async throws {
    let seed = KillSeed.value
    let random = SeededRandom(seed: seed)
    try await Marketplace.run { market in
      var server = ServerProcess(market)
      let crowd = try Crowd(market, count: 3, inFlight: 4)
      var owed: [Address: Int] = [:]
      try await withThrowingTaskGroup(of: Void.self) { group in
        defer { crowd.leave() }
        group.addTask { await crowd.work() }
        for round in 1...20 {
          let answers = Int(random.next() % 40)
          try await server.run { child, url in
            crowd.enter(url + "/session")
            await crowd.answers(answers)
            child.signal(SIGKILL)
            #expect(await child.wait() == .signal(SIGKILL), "seed \(seed): \(child.transcript)")
          }
          if crowd.complaints.isEmpty { await crowd.pause() }
          let faults = try await Self.compare(crowd, server.books(), &owed) + crowd.complaints
          try #require(faults == [], "seed \(seed), round \(round), after \(answers) answers")
        }
        try await server.run { child, url in
          crowd.enter(url + "/session")
          await crowd.answers(20)
          crowd.leave()
          try await group.waitForAll()
          try await Self.close(crowd)
          child.signal(SIGTERM)
          #expect(await child.finish() == .code(0), "seed \(seed): \(child.transcript)")
        }
      }
      #expect(crowd.complaints == [], "seed \(seed)")
      let books = try await server.books()
      #expect(try await Self.compare(crowd, books, &owed) == [], "seed \(seed)")
      #expect(try await Self.end(crowd, books, market) == [], "seed \(seed)")
      let received = crowd.customers.reduce(0) { $0 + $1.tally.received }
      let lost = crowd.customers.reduce(0) { $0 + $1.tally.lost }
      let charged = books.reduce(0) { $0 + $1.units }
      print("server kills: seed \(seed), \(received) answers received, \(lost) lost, \(charged) charged")
    }
  }

  /// The ledger on disk against what the customers saw.
  private static func compare(
    _ crowd: Crowd<Customer>, _ books: [ChannelRecord], _ owed: inout [Address: Int]
  ) async throws -> [String] {
    var faults: [String] = []
    for customer in crowd.customers {
      let tally = customer.tally
      let name = customer.payer.hex.prefix(10)
      func check(_ condition: Bool, _ text: String) { if !condition { faults.append("\(name): \(text)") } }
      let records = books.filter { $0.descriptor.payer == customer.payer }
      guard let record = records.first else {
        check(tally.received == 0 && tally.accepted == .zero, "the ledger has forgotten the channel")
        continue
      }
      check(records.count == 1, "\(records.count) channels")
      check(record.accepted >= tally.accepted, "accepted \(record.accepted), acknowledged \(tally.accepted)")
      check(record.spent.units == UInt128(record.units) * price, "spent \(record.spent) for \(record.units)")
      // Charged once, or, in the window of one group commit, not at all; never for what was never asked.
      check(Int(record.units) <= tally.received + tally.lost, "\(record.units) charged, \(tally)")
      let before = owed[customer.payer] ?? 0
      let now = tally.received - Int(record.units)
      check(abs(now - before) <= crowd.inFlight, "received and not charged: \(before), then \(now)")
      owed[customer.payer] = now
      for channel in try await customer.client.channels() {
        check(channel.id == record.channelID.hex, "a second channel")
        check(channel.authorized >= record.accepted, "accepted \(record.accepted) of \(channel.authorized)")
        check(
          channel.authorized.units <= UInt128(tally.received + tally.lost + tally.unsent) * price,
          "authorised \(channel.authorized) for \(tally)")
      }
    }
    return faults
  }

  private static func close(_ crowd: Crowd<Customer>) async throws {
    for customer in crowd.customers {
      let outcomes = try await customer.client.close()
      #expect(outcomes.count == 1 && outcomes.allSatisfy { $0.error == nil && !$0.isDisputed }, "\(outcomes)")
    }
  }

  /// After the closes: chain, ledger and journals, to the unit.
  private static func end(
    _ crowd: Crowd<Customer>, _ books: [ChannelRecord], _ market: Marketplace
  ) async throws -> [String] {
    var faults = try market.audit(books: books)
    let histories = try market.devnet.channelHistories()
    func check(_ condition: Bool, _ text: String) { if !condition { faults.append(text) } }
    check(histories.count == crowd.customers.count, "\(histories.count) channels on chain")
    for record in books {
      let history = histories.first { $0.channelID == record.channelID }
      check(history?.closes == 1 && history?.opens == 1, "\(String(describing: history))")
      check(
        history?.captured == record.spent, "captured \(String(describing: history)), spent \(record.spent)")
      check(record.finalized && record.held == .zero, "not finished: \(record)")
    }
    for customer in crowd.customers {
      let channels = try await customer.client.channels()
      check(channels.map(\.phase) == ["closed"], "journal: \(channels.map(\.phase))")
      let captured = books.first { $0.descriptor.payer == customer.payer }?.spent
      check(
        channels.first?.settled == captured, "journal: \(channels), captured \(String(describing: captured))")
    }
    return faults
  }
}
