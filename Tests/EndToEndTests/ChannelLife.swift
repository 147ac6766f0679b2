import EVM
import HTTPTypes
import MPPClient
import MPPCore
import MPPTempo
import MPPTempoClient
import MPPTempoServer
import MarketplaceSupport
import TempoDevnet

/// The whole life of one channel: opened, used up, settled, topped up, closed. What goes wrong on the way is
/// tried again as a program would, a bounded number of times.
struct ChannelLife {
  private let market: Marketplace
  private let shop: Shop
  private let client: PaymentClient
  private var delivered = 0

  private init(_ market: Marketplace, _ shop: Shop) throws {
    self.market = market
    self.shop = shop
    client = try market.client(journal: "payer.db") { options in
      options.openingDeposit = Amount(units: 3 * Marketplace.price.units)
      options.topUpAmount = Amount(units: 3 * Marketplace.price.units)
    }
  }

  /// What a life looked like from outside.
  struct Trace {
    /// JSON-RPC requests the chain was asked.
    var requests = 0
    /// What does not add up, in words.
    var faults: [String] = []
  }

  /// Lives once on a chain of its own, with one fault.
  static func live(_ fault: FaultRule? = nil) async throws -> Trace {
    try await Marketplace.run { market in
      let shop = try await market.shop { options in
        options.tempo = { $0.settlement = SettlementSchedule(intervalMilliseconds: 1_000) }
      }
      if let fault { market.devnet.faults.inject(fault) }
      var life = try ChannelLife(market, shop)
      do {
        try await life.run()
      } catch {
        return Trace(faults: ["\(error)"])
      }
      return Trace(
        requests: market.devnet.requests().last?.index ?? 0, faults: try await life.check(fault))
    }
  }

  private mutating func run() async throws {
    for _ in 0..<3 { try await pay() }
    try await settle()
    try await pay()
    try await close()
  }

  private mutating func pay() async throws {
    var errors: [String] = []
    for _ in 0..<10 {
      do {
        let response = try await client.execute(.get(shop.url + "/ping"))
        let body = try await response.body.text()
        if response.status.code == 200 {
          delivered += 1
          return
        }
        errors.append("\(response.status.code) \(body.prefix(200))")
      } catch let error as PaymentClientError {
        errors.append("\(error)")
      }
      market.clock.advance(seconds: 4)
    }
    throw TestFailure("request \(delivered + 1) was never served: \(errors)")
  }

  private func settle() async throws {
    for _ in 0..<12 {
      market.clock.advance(seconds: 4)
      await shop.sleeper.sweep()
      if try market.devnet.channelHistories().contains(where: { $0.captured > .zero }) { return }
    }
    throw TestFailure("never settled")
  }

  private func close() async throws {
    var errors: [String] = []
    for _ in 0..<12 {
      let failed = try await client.close().compactMap(\.error)
      // What the server could not finish is finished by a sweep.
      await shop.sleeper.sweep()
      if failed.isEmpty { return }
      errors += failed.map { "\($0)" }
      market.clock.advance(seconds: 4)
    }
    throw TestFailure("never closed: \(errors)")
  }

  /// Chain, ledger and journal agree, and nothing happened twice.
  private func check(_ fault: FaultRule?) async throws -> [String] {
    var faults = try await market.audit(shop)
    func check(_ condition: Bool, _ text: String) { if !condition { faults.append(text) } }
    let histories = try market.devnet.channelHistories()
    let price = Marketplace.price.units
    check(histories.count == 1, "\(histories.count) channels were opened")
    check(histories.map(\.topUps) == [1], "top-ups: \(histories.map(\.topUps))")
    // Retries take time, and what is delivered meanwhile is due again. A settlement sent twice would fail.
    check((1...2).contains(histories.first?.settlements ?? 0), "settlements: \(histories.map(\.settlements))")
    check(histories.map(\.closes) == [1], "closes: \(histories.map(\.closes))")
    let captured = histories.reduce(0 as UInt128) { $0 + $1.captured.units }
    check(captured == UInt128(delivered) * price, "captured \(captured) for \(delivered) deliveries")
    check(shop.log.served == delivered, "\(shop.log.served) served, \(delivered) received")
    let spent = try await shop.records().reduce(0 as UInt128) { $0 + $1.spent.units }
    check(spent == captured, "ledger charged \(spent), captured \(captured)")
    for channel in try await client.channels()
    where histories.contains(where: { $0.channelID.hex == channel.id }) {
      check(channel.phase == "closed", "journal: \(channel.phase)")
      check(channel.delivered.units == captured, "journal: delivered \(channel.delivered)")
      check(channel.authorized.units <= captured + price, "journal: authorised \(channel.authorized)")
    }
    let failed = market.devnet.receipts().filter { !$0.succeeded }.count
    if case .revert? = fault?.action {
      check(failed == 1, "\(failed) transactions failed")
    } else {
      check(failed == 0, "\(failed) transactions failed")
    }
    try await client.shutdown()
    return faults
  }
}
