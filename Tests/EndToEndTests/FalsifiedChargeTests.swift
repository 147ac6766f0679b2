import MPPClient
import MPPCore
import MPPServer
import MPPTempoClient
import MPPTempoServer
import MarketplaceSupport
import PeerSupport
import Tempo
import TempoDevnet
import TempoRPC
import Testing

/// `03` §15 G9 for charges: the client's node lies about the payment, the server's does not.
@Suite("Charges: a client whose node lies about its payment", .timeLimit(.minutes(1)))
struct FalsifiedChargeTests {
  /// `/memo` names its memo itself: a transfer with it may look like another one.
  static let paths = ["/push", "/paid", "/memo"]

  private struct Buyer {
    let stall: ChargeStall
    let node: LyingNode
    let key: CountingKey
    let journal = TestJournal()
    let client: PaymentClient

    init() async throws {
      let devnet = try Devnet()
      node = LyingNode(devnet)
      key = CountingKey(devnet.accounts[1].privateKey)
      let memo: [JSONValue.Member] = [
        .init(key: "memo", value: .string("0x" + String(repeating: "5a", count: 32))),
        .init(key: "feePayer", value: .bool(false)),
      ]
      stall = try await ChargeStall(devnet, offers: ["/memo": memo]) { $0.pushDeadline = 1_000 }
      client = try stall.client(as: .signer(key), journal: journal, node: node)
    }

    func buy(_ path: String) async -> PaymentClientError? {
      await failure { try await client.execute(stall.get(path)) }
    }
  }

  @Test(
    "A push that is said to have failed, and did not, is presented and not paid again",
    arguments: ReceiptLie.allCases)
  func pushed(_ lie: ReceiptLie) async throws {
    let buyer = try await Buyer()
    buyer.node.bendReceipts { lie($0) }
    for _ in 0..<3 where buyer.stall.deliveries == 0 { _ = await buyer.buy("/push") }
    #expect(buyer.stall.payments.count == 1, "\(lie)")
    #expect(buyer.key.count == 1, "\(lie)")
    if lie != .otherBlockHash, lie != .otherBlockNumber {
      #expect(buyer.stall.deliveries == 1, "\(lie)")
    }
    // Where nothing was decided, the truth ends it.
    buyer.node.honest()
    if buyer.stall.deliveries == 0 { #expect(await buyer.buy("/push") == nil, "\(lie)") }
    #expect(buyer.stall.payments.count == 1, "\(lie)")
  }

  @Test(
    "A payment whose answer was lost and that is said to have failed is presented again, not paid again",
    arguments: paths, ReceiptLie.allCases)
  func lost(_ path: String, _ lie: ReceiptLie) async throws {
    let buyer = try await Buyer()
    buyer.stall.loseNextPaidAnswer()
    #expect(await buyer.buy(path)?.code == .transport)
    #expect(buyer.stall.payments.count == 1)
    buyer.node.bendReceipts { lie($0) }
    for _ in 0..<2 where buyer.stall.deliveries == 0 { _ = await buyer.buy(path) }
    #expect(buyer.stall.payments.count == 1, "\(path) \(lie)")
    #expect(buyer.key.count == 1, "\(path) \(lie)")
    #expect(buyer.stall.deliveries == 1, "\(path) \(lie)")
  }

  @Test(
    "A payment that failed and is said to have been made pays nothing, and is no second one until that is plain",
    arguments: paths)
  func reverted(_ path: String) async throws {
    let buyer = try await Buyer()
    buyer.stall.devnet.faults.inject(.broadcast, .revert())
    buyer.node.bendReceipts { ReceiptLie.succeeded($0) }
    #expect(await buyer.buy(path)?.code == .outcomeUnknown, "\(path)")
    #expect(await buyer.buy(path) != nil)
    #expect(buyer.key.count == 1 && buyer.stall.deliveries == 0)
    buyer.node.honest()
    // Told the truth, the dead payment makes room for another.
    for _ in 0..<2 where buyer.stall.deliveries == 0 { _ = await buyer.buy(path) }
    #expect(buyer.stall.payments.count == 1 && buyer.stall.deliveries == 1 && buyer.key.count == 2)
  }
}
