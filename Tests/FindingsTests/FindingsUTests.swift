import EVM
import HTTPTypes
import MPPClient
import MPPCore
import MPPHummingbird
import MPPServer
import MPPTempo
import MPPTempoClient
import MPPTesting
import MarketplaceSupport
import PeerSupport
import Synchronization
import Tempo
import TempoDevnet
import Testing

/// 09 U: reported by users of the reference.
@Suite("Findings U", .timeLimit(.minutes(3)))
struct FindingsUTests {
  @Test("410: the channel is put aside for recovery, the next request opens another")
  func findingU1() async throws {
    let fixture = try SessionFixture.overSocket()
    _ = try await fixture.get()
    fixture.script(.forget)
    // Its voucher may be captured: it does not pay a second time.
    let error = await failure { try await fixture.get() }
    #expect(error?.code == .channelUnusable)
    #expect(error?.exposure.authorized == Amount(units: 10_000))
    #expect(try await fixture.get().status == .ok)
    let channels = try await fixture.client.channels()
    #expect(channels.map(\.phase).sorted() == ["open", "orphaned"])
    #expect(channels.first { $0.phase == "orphaned" }?.refundable == Amount(units: 90_000))
    #expect(try await fixture.get().status == .ok)
    #expect(try await fixture.client.channels().count == 2)
  }

  @Test("n concurrent requests on one channel are n strictly increasing vouchers")
  func findingU2() async throws {
    try await Marketplace.run { market in
      let shop = try await market.shop()
      let client = try market.client()
      let events = shop.payments.events.subscribe(capacity: 1024).events
      _ = try await client.execute(.get(shop.url + "/ping"))
      try await withThrowingTaskGroup(of: Int.self) { group in
        for _ in 0..<32 {
          group.addTask { try await client.execute(.get(shop.url + "/ping")).status.code }
        }
        for try await status in group { #expect(status == 200) }
      }
      // The order in which they arrive is the network's, and one that came too early is presented again; each is one price above another.
      let amounts = try shop.log.voucherAmounts()
      #expect(Set(amounts.map(\.units)).sorted() == (2...33).map { UInt128($0) * 10_000 })
      // The last price is charged when its answer has been handed over, which its reader may see first.
      var deliveries = 0
      for await case .delivered in events {
        deliveries += 1
        if deliveries == 33 { break }
      }
      #expect(try await shop.records().first?.spent.units == 330_000)
    }
  }

  @Test(
    "One request at a time: the vouchers arrive in the order they were signed in, each above the one before")
  func findingU2InOrder() async throws {
    try await Marketplace.run { market in
      let shop = try await market.shop()
      var options = ClientOptions()
      options.requestsInFlightPerChannel = 1
      let client = try market.client(options: options)
      try await withThrowingTaskGroup(of: Int.self) { group in
        for _ in 0..<16 {
          group.addTask { try await client.execute(.get(shop.url + "/ping")).status.code }
        }
        for try await status in group { #expect(status == 200) }
      }
      let amounts = try shop.log.voucherAmounts()
      #expect(amounts.map(\.units) == (2...16).map { UInt128($0) * 10_000 })
    }
  }

  @Test("A replica that lags behind an open does not make it look absent")
  func findingU3() async throws {
    try await Marketplace.run { market in
      let shop = try await market.shop()
      let buyer = HandBuyer(market, shop)
      let channel = try await buyer.payer.open(deposit: 100_000, payee: market.devnet.accounts[0].address)
      market.devnet.faults.inject(.method("eth_call"), .staleReads(blocks: 3), skip: 1, count: 2)
      let answer = try await buyer.send(channel.openPayload(10_000))
      #expect(answer.status == 200, "\(answer)")
      #expect(try await shop.record(channel.id).deposit.units == 100_000)
      #expect(try await market.audit(shop) == [])
    }
  }

  @Test("A voucher accepted before is a success at the highest, charged from headroom only")
  func findingU4() async throws {
    try await Marketplace.run { market in
      let shop = try await market.shop()
      let buyer = HandBuyer(market, shop)
      let channel = try await buyer.opened(first: 10_000)
      #expect(try await buyer.send(channel.voucher(10_000)).status == 200)
      #expect(try await buyer.send(channel.voucher(30_000)).status == 200)
      // 30 000 accepted, 20 000 spent: one price of headroom is left.
      let replay = try await buyer.send(channel.voucher(10_000))
      #expect(replay.status == 200)
      let value = try #require(replay.headers[ProtocolHeaders.paymentReceipt])
      let receipt = try SessionReceipt(headerValue: value)
      #expect(receipt.acceptedCumulative.units == 30_000)
      try expectRefusal(try await buyer.send(channel.voucher(10_000)), "session/insufficient-balance")
      try expectRefusal(try await buyer.send(channel.voucher(20_000)), "verification-failed")
      let record = try await shop.record(channel.id)
      #expect(record.spent.units == 30_000)
      #expect(record.accepted.units == 30_000)
      _ = try await shop.payments.settle(channelID: channel.id)
      try expectRefusal(try await buyer.send(channel.voucher(30_000)), "verification-failed")
    }
  }

  @Test("A source that is neither payer nor signer is refused")
  func findingU5() async throws {
    try await Marketplace.run { market in
      let shop = try await market.shop()
      let buyer = HandBuyer(market, shop)
      let channel = try await buyer.opened()
      let stranger = HandBuyer(market, shop, account: 3).payer.source
      let sources = [stranger, "did:pkh:eip155:1:\(buyer.payer.account.address.hex)", "did:key:z6Mk", ""]
      for source in sources {
        let answer = try await buyer.send(channel.voucher(20_000), source: source)
        #expect(answer.status == 402, "\(source): \(answer)")
      }
      #expect(try await shop.record(channel.id).accepted.units == 10_000)
      #expect(shop.log.served == 0)
    }
  }

  @Test("A deposit that is exactly used up is topped up before the next voucher is signed")
  func findingU6() async throws {
    try await Marketplace.run { market in
      let shop = try await market.shop()
      let first = try market.client(journal: "journal.db") { $0.openingDeposit = Amount(units: 30_000) }
      for _ in 0..<3 { _ = try await first.execute(.get(shop.url + "/ping")) }
      let full = try #require(try await first.channels().first)
      #expect(full.authorized == full.deposit)
      try await first.shutdown()
      let second = try market.client(journal: "journal.db") { $0.topUpAmount = Amount(units: 20_000) }
      #expect(try await second.execute(.get(shop.url + "/ping")).status == .ok)
      let actions = try shop.log.payloads().suffix(2).map(\.action)
      #expect(actions == [.topUp, .voucher])
      #expect(try await second.channels().count == 1)
      #expect(try await market.audit(shop) == [])
    }
  }

  @Test("A store that forgets is refused unless it is asked for by name")
  func findingU7() async throws {
    #expect(throws: StoreError.self) { try Ledger(MemoryStore()) }
    _ = try Ledger(MemoryStore(), allowVolatileLedger: true)
  }

  @Test("Every channel is found on the chain alone, and every deposit comes back")
  func findingU8() async throws {
    let fixture = try SessionFixture.overSocket()
    _ = try await fixture.get()
    fixture.script(.forget)
    _ = await failure { try await fixture.get() }
    _ = try await fixture.get()
    let lost = try SessionFixture.overSocket(devnet: fixture.devnet, seller: fixture.seller)
    let found = try await lost.client.recover()
    #expect(Set(found.map(\.id)) == Set(try await fixture.client.channels().map(\.id)))
    #expect(found.count == 2)
    lost.devnet.clock.advance(seconds: 901)
    let ended = try await lost.client.recover()
    #expect(ended.allSatisfy { $0.phase == "closed" })
    let ids = try found.map { try Hash32(hex: $0.id) }
    #expect(ids.allSatisfy { fixture.devnet.channel($0) == nil })
    // The seller captured nothing: all that is gone is the payer's fees, to the unit.
    let payer = fixture.signer.address
    let fees = fixture.devnet.receipts().filter { $0.feePayer == payer }.reduce(UInt128(0)) {
      $0 + $1.fee.units
    }
    let initial = fixture.devnet.configuration.initialBalance.units
    #expect(fees > 0)
    let token = TempoAddress.alphaUSD
    #expect(fixture.devnet.balance(of: payer, token: token).units == initial - fees)
    #expect(fixture.devnet.balance(of: TempoAddress.channelReserve, token: token) == .zero)
  }

  @Test("A lost answer to any broadcast never makes an action happen twice")
  func findingU9() async throws {
    try await Marketplace.run { market in
      let shop = try await market.shop()
      let buyer = HandBuyer(market, shop)
      let lose = { _ = market.devnet.faults.inject(.broadcast, .loseReply) }
      let channel = try await buyer.payer.open(deposit: 100_000, payee: market.devnet.accounts[0].address)
      lose()
      var answer = try await buyer.send(channel.openPayload(10_000))
      if answer.status != 200 { answer = try await buyer.send(channel.openPayload(10_000)) }
      #expect(answer.status == 200, "\(answer)")
      let topUp = try await buyer.payer.topUp(channel, 50_000)
      lose()
      answer = try await buyer.send(topUp, "POST", body: "")
      if answer.status != 204 { answer = try await buyer.send(topUp, "POST", body: "") }
      #expect(answer.status == 204, "\(answer)")
      #expect(try await buyer.send(channel.voucher(20_000)).status == 200)
      lose()
      do { _ = try await shop.payments.settle(channelID: channel.id) } catch {
        _ = try await shop.payments.settle(channelID: channel.id)
      }
      lose()
      answer = try await buyer.send(channel.close(20_000), "POST", body: "")
      if answer.status != 204 { answer = try await buyer.send(channel.close(20_000), "POST", body: "") }
      #expect([204, 410].contains(answer.status), "\(answer)")
      let history = try #require(try market.devnet.channelHistories().first)
      #expect(history.opens == 1)
      #expect(history.topUps == 1)
      #expect(history.settlements == 1)
      #expect(history.closes == 1)
      #expect(history.captured.units == 20_000)
      #expect(try await market.audit(shop) == [])
    }
  }

  @Test("A restart with a settlement pending settles once")
  func findingU10() async throws {
    try await Marketplace.run { market in
      let shop = try await market.shop()
      let buyer = HandBuyer(market, shop)
      let channel = try await buyer.opened()
      #expect(try await buyer.send(channel.voucher(10_000)).status == 200)
      // Mined, the answer lost, and the process ends before it can look.
      market.devnet.faults.inject(.broadcast, .loseReply)
      market.devnet.faults.inject(.method("eth_getTransactionReceipt"), .refuse, count: nil)
      market.devnet.faults.inject(.method("eth_getBlockByNumber"), .refuse, skip: 1, count: nil)
      await #expect(throws: (any Error).self) { try await shop.payments.settle(channelID: channel.id) }
      market.devnet.faults.clear()
      let again = try await market.reopen(shop)
      _ = try await again.payments.settle(channelID: channel.id)
      let history = try #require(try market.devnet.channelHistories().first)
      #expect(history.settlements == 1)
      #expect(history.captured.units == 10_000)
      #expect(try await again.record(channel.id).settled.units == 10_000)
      #expect(try await market.audit(again) == [])
    }
  }
}
