import EVM
import Foundation
import HTTPTypes
import MPPClient
import MPPCore
import MPPTempoClient
import MPPTesting
import MarketplaceSupport
import Synchronization
import Tempo
import TempoDevnet
import TempoRPC
import Testing

/// Buys one thing after the other, each for a payment of its own; what was paid and not answered is asked for first.
private final class Buyer: CrowdMember {
  let client: PaymentClient
  let payer: Address
  private let path: String
  private let stored = Mutex<[String]>([])

  init(_ client: PaymentClient, payer: Address, path: String) {
    self.client = client
    self.payer = payer
    self.path = path
  }

  /// The payments that were answered with content, by their hashes.
  var references: [String] { stored.withLock { $0 } }

  func ask(_ url: String) async throws -> Bool {
    do {
      let response = try await client.execute(.get(url + path))
      switch response.status.code {
      case 200:
        guard let reference = response.payment?.receipt?.reference else { throw TestFailure("no receipt") }
        stored.withLock { $0.append(reference) }
        _ = try? await response.body.bytes()
        return true
      case 503: return false
      default: throw TestFailure("\(response.status): \(try await response.body.text())")
      }
    } catch let error as PaymentClientError where error.code == .transport {
      return false
    } catch let error as PaymentClientError where error.code == .outcomeUnknown {
      // By the clock of the other process.
      try await TaskSleeper().sleep(milliseconds: 1_000)
      return false
    }
  }
}

@Suite("A server that is killed with charges under way", .serialized, .timeLimit(.minutes(5)))
struct ChargeKillTests {
  private static let paths = ["/charge", "/charge/push", "/charge/sponsored"]

  /// Every payment on the chain is answered once in the end, and nothing is answered that was not paid.
  @Test func fourKillsUnderLoad() async throws {
    let seed = KillSeed.value
    let random = SeededRandom(seed: seed)
    try await Marketplace.run { market in
      var server = ServerProcess(market)
      let crowd = Crowd(try Self.buyers(market), inFlight: 1)
      let before = market.devnet.balance(of: market.devnet.accounts[0].address).units
      try await withThrowingTaskGroup(of: Void.self) { group in
        defer { crowd.leave() }
        group.addTask { await crowd.work() }
        for round in 1...4 {
          let answers = Int(random.next() % 16)
          try await server.run { child, url in
            crowd.enter(url)
            await crowd.answers(answers)
            child.signal(SIGKILL)
            #expect(await child.wait() == .signal(SIGKILL), "seed \(seed): \(child.transcript)")
          }
          if crowd.complaints.isEmpty { await crowd.pause() }
          try #require(crowd.complaints == [], "seed \(seed), round \(round), after \(answers) answers")
        }
        crowd.leave()
        try await group.waitForAll()
      }
      let interrupted =
        try Self.payments(market).count - crowd.customers.reduce(0) { $0 + $1.references.count }
      // The next request of each redeems what it has paid, or buys something new.
      try await server.run { child, url in
        try await withThrowingTaskGroup(of: Void.self) { group in
          for buyer in crowd.customers {
            group.addTask { while try await !buyer.ask(url) {} }
          }
          try await group.waitForAll()
        }
        child.signal(SIGTERM)
        #expect(await child.finish() == .code(0), "seed \(seed): \(child.transcript)")
      }
      try Self.expectAgreement(crowd.customers, market, before, "seed \(seed)")
      print("charge kills: seed \(seed), \(try Self.payments(market).count) paid, \(interrupted) interrupted")
    }
  }

  private static func buyers(_ market: Marketplace) throws -> [Buyer] {
    try (1...6).map { number in
      Buyer(
        try market.client(account: number, journal: "buyer\(number).db"),
        payer: market.devnet.accounts[number].address, path: paths[number % paths.count])
    }
  }

  /// Transactions that paid the seller.
  private static func payments(_ market: Marketplace) throws -> [DevnetReceipt] {
    let seller = market.devnet.accounts[0].address
    return try market.devnet.receipts().filter { receipt in
      guard receipt.succeeded else { return false }
      return try receipt.logs.contains { log in
        guard case .transferWithMemo(_, let to, _, _)? = try TIP20Event(log: log) else { return false }
        return to == seller
      }
    }
  }

  private static func expectAgreement(
    _ buyers: [Buyer], _ market: Marketplace, _ before: UInt128, _ note: String
  ) throws {
    let payments = try payments(market)
    for buyer in buyers {
      let references = buyer.references
      #expect(Set(references).count == references.count, "\(note): delivered twice")
      let paid = payments.filter { $0.sender == buyer.payer }.map(\.hash.hex)
      #expect(Set(paid) == Set(references), "\(note): paid \(paid.count), delivered \(references.count)")
    }
    let seller = market.devnet.accounts[0].address
    let fees = market.devnet.receipts().reduce(0 as UInt128) {
      $1.feePayer == seller ? $0 + $1.fee.units : $0
    }
    let earned = UInt128(payments.count) * Marketplace.price.units
    #expect(market.devnet.balance(of: seller).units == before + earned - fees, "\(note)")
    #expect(market.devnet.audit() == [], "\(note)")
  }
}
