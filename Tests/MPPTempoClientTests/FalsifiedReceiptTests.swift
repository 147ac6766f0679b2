import EVM
import HTTPTypes
import MPPClient
import MPPCore
import MPPTempo
import MPPTempoClient
import PeerSupport
import Synchronization
import Tempo
import TempoDevnet
import TempoRPC
import Testing

/// `03` §15 G9, as the client meets it: its node lies about transactions. Nothing is signed, given up or called finished for it.
@Suite("Falsified receipts: what the client believes (T34)")
struct FalsifiedReceiptTests {
  private struct World {
    let node: LyingNode
    let fixture: SessionFixture

    init() throws {
      let devnet = try Devnet()
      node = LyingNode(devnet)
      fixture = try SessionFixture(
        devnet: devnet, network: .transport(node, chainID: devnet.configuration.chainID))
    }

    var devnet: Devnet { fixture.devnet }

    /// Until no deposit is no sign of a node that lags behind the opening.
    func pass() {
      devnet.clock.advance(seconds: 40)
      devnet.mine()
    }

    /// Transactions that the chain has, of the payer's.
    func sent(_ selector: [UInt8]) throws -> Int {
      devnet.receipts().filter { $0.succeeded }.flatMap(\.logs).count {
        Array($0.topics[0].bytes) == selector
      }
    }

    var channels: Int {
      get throws { try sent(ChannelReserveABI.channelOpened.topic.bytes) }
    }
  }

  /// What `getChannelState` answers where there is no channel.
  private static let nothing = JSONValue.string("0x" + String(repeating: "0", count: 192))

  // MARK: Opening

  /// Nobody has heard of the opening, which is on the chain. The client's node does not show it at the first look, as one that
  /// lags, and then lies about its receipt.
  @Test(
    "An opening that is said to have failed is looked for in the state after it",
    arguments: ReceiptLie.allCases)
  func opening(_ lie: ReceiptLie) async throws {
    let world = try World()
    world.fixture.script(.loseRequest)
    #expect(await failure { try await world.fixture.get() } != nil)
    #expect(try await world.fixture.channel().phase == "opening")
    world.node.bend("eth_call", count: 1) { _ in Self.nothing }
    world.node.bendReceipts { lie($0) }
    #expect(try await world.fixture.get().status == .ok, "\(lie)")
    #expect(try world.channels == 1)
    #expect(try await world.fixture.client.channels().map(\.phase) == ["open"])
    #expect(Set(world.fixture.broadcasts).count == 1)
  }

  @Test("An opening that failed and is said to have landed is no channel, and no second one before its end")
  func openingReverted() async throws {
    let world = try World()
    world.devnet.faults.inject(.broadcast, .revert())
    world.node.bendReceipts { ReceiptLie.succeeded($0) }
    #expect(await failure { try await world.fixture.get() }?.code == .paymentRefused)
    #expect(try await world.fixture.client.channels().map(\.phase) == ["opening"])
    #expect(Set(world.fixture.broadcasts).count == 1)
    world.pass()
    #expect(try await world.fixture.get().status == .ok)
    #expect(try await world.fixture.client.channels().map(\.phase).sorted() == ["abandoned", "open"])
    #expect(try world.channels == 1)
  }

  // MARK: Top-up

  @Test(
    "A top-up that landed counts by the deposit, whatever its receipt says, and is not made twice",
    arguments: ReceiptLie.allCases)
  func topUp(_ lie: ReceiptLie) async throws {
    let world = try World()
    world.fixture.seller.state.withLock { state in
      state.suggestedDeposit = Amount(units: 10_000)
      state.topUpAnswers = [.loseAnswer]
    }
    _ = try await world.fixture.get()
    world.node.bendReceipts { lie($0) }
    #expect(try await world.fixture.get().status == .ok, "\(lie)")
    #expect(try await world.fixture.channel().deposit == Amount(units: 20_000))
    #expect(Set(world.fixture.broadcasts).count == 2)
    #expect(try world.sent(ChannelReserveABI.topUpEvent.topic.bytes) == 1)
  }

  @Test("A top-up that failed and is said to have landed raises no deposit and no voucher")
  func topUpReverted() async throws {
    let world = try World()
    world.fixture.seller.state.withLock { $0.suggestedDeposit = Amount(units: 10_000) }
    _ = try await world.fixture.get()
    world.devnet.faults.inject(.broadcast, .revert())
    world.node.bendReceipts { ReceiptLie.succeeded($0) }
    let error = try #require(await failure { try await world.fixture.get() })
    #expect(error.code == .outcomeUnknown && error.isRetryable)
    let channel = try await world.fixture.channel()
    #expect(channel.deposit == Amount(units: 10_000) && channel.authorized == Amount(units: 10_000))
    // The same one again while it may be valid, and a new one when the chain is past its end.
    #expect(await failure { try await world.fixture.get() } != nil)
    #expect(Set(world.fixture.broadcasts).count == 2)
    world.node.honest()
    world.pass()
    #expect(try await world.fixture.get().status == .ok)
    #expect(try await world.fixture.channel().deposit == Amount(units: 20_000))
  }

  // MARK: Close

  @Test(
    "A close that happened counts by the state, whatever its receipt says", arguments: ReceiptLie.allCases)
  func close(_ lie: ReceiptLie) async throws {
    let world = try World()
    for _ in 0..<3 { _ = try await world.fixture.get() }
    world.pass()
    world.node.bendReceipts { lie($0) }
    let outcome = try #require(try await world.fixture.client.close().first)
    #expect(outcome.error == nil && !outcome.isDisputed, "\(lie)")
    // Amounts are told only where everything agrees.
    #expect(outcome.captured == (lie == .succeeded ? Amount(units: 30_000) : nil), "\(lie)")
    #expect(try await world.fixture.channel().phase == "closed")
  }

  @Test("Amounts that are not the deposit are not told, and are no dispute")
  func closeAmounts() async throws {
    for (captured, refunded): (UInt128, UInt128) in [(90_000, 80_000), (10_000, 0), (.init(UInt64.max), 1)] {
      let world = try World()
      for _ in 0..<2 { _ = try await world.fixture.get() }
      world.pass()
      let log = try Self.closedLog(try await world.fixture.channel(), captured, refunded, world)
      world.node.bend("eth_getTransactionReceipt") { $0.with(["logs": .array([log])]) }
      let outcome = try #require(try await world.fixture.client.close().first)
      #expect(outcome.captured == nil && !outcome.isDisputed && outcome.error == nil)
      #expect(try await world.fixture.channel().phase == "closed")
      #expect(try await world.fixture.channel().isDisputed == false)
    }
  }

  @Test(
    "A channel that is still there is not closed, whatever server and receipt say, and its deposit comes back"
  )
  func closeThatWasNone() async throws {
    let world = try World()
    for _ in 0..<2 { _ = try await world.fixture.get() }
    let log = try Self.closedLog(try await world.fixture.channel(), 20_000, 80_000, world)
    world.devnet.faults.inject(.broadcast, .revert())
    world.node.bendReceipts { $0.with(["status": "0x1", "logs": .array([log])]) }
    let outcome = try #require(try await world.fixture.client.close().first)
    #expect(outcome.error?.code == .outcomeUnknown)
    #expect(outcome.captured == nil)
    #expect(try await world.fixture.channel().phase == "closing")
    #expect(outcome.error?.exposure.deposit == Amount(units: 100_000))
    world.node.honest()
    _ = try await world.fixture.client.recover()
    world.devnet.clock.advance(seconds: 901)
    world.devnet.mine()
    #expect(try await world.fixture.client.recover().map(\.phase) == ["closed"])
    #expect(world.devnet.balance(of: TempoAddress.channelReserve, token: TempoAddress.alphaUSD) == .zero)
  }

  private static func closedLog(
    _ channel: ChannelStatus, _ captured: UInt128, _ refunded: UInt128, _ world: World
  ) throws -> JSONValue {
    let opened = try #require(
      world.devnet.receipts().flatMap(\.logs).compactMap { try ChannelReserveEvent(log: $0) }.first)
    #expect(opened.channelID.hex == channel.id)
    let log = try ChannelReserveEvent(
      channelID: opened.channelID, payer: opened.payer, payee: opened.payee,
      kind: .closed(settledToPayee: captured, refundedToPayer: refunded)
    ).log()
    return [
      "address": .string(log.address.hex), "topics": .array(log.topics.map { .string($0.hex) }),
      "data": .string(Hex.encode(log.data)),
    ]
  }

  // MARK: Refund

  @Test(
    "A forced close goes its way by the state: one request, one withdrawal, the whole deposit back",
    arguments: ReceiptLie.allCases)
  func refund(_ lie: ReceiptLie) async throws {
    let world = try World()
    _ = try await world.fixture.get()
    world.fixture.seller.state.withLock { $0.closeAnswers = [.gone] }
    let before = world.devnet.balance(of: TempoAddress.channelReserve, token: TempoAddress.alphaUSD).units
    #expect(before > 0)
    world.node.bendReceipts { lie($0) }
    for _ in 0..<4 {
      _ = try await world.fixture.client.recover(.everything)
      world.devnet.clock.advance(seconds: 901)
      world.devnet.mine()
    }
    let channels = try await world.fixture.client.channels()
    #expect(channels.allSatisfy { $0.phase == "closed" }, "\(lie): \(channels.map(\.phase))")
    #expect(world.devnet.balance(of: TempoAddress.channelReserve, token: TempoAddress.alphaUSD) == .zero)
    #expect(try world.sent(ChannelReserveABI.closeRequested.topic.bytes) == 1, "\(lie)")
    #expect(try world.sent(ChannelReserveABI.channelClosed.topic.bytes) == 1, "\(lie)")
  }

  @Test("A withdrawal that failed and is said to have succeeded is made again")
  func refundReverted() async throws {
    let world = try World()
    _ = try await world.fixture.get()
    world.fixture.seller.state.withLock { $0.closeAnswers = [.gone] }
    _ = try await world.fixture.client.recover(.everything)
    world.devnet.clock.advance(seconds: 901)
    world.devnet.mine()
    world.devnet.faults.inject(.broadcast, .revert())
    world.node.bendReceipts { ReceiptLie.succeeded($0) }
    let told = try #require(try await world.fixture.client.recover().first)
    #expect(told.phase == "closeRequested" && told.note != nil)
    #expect(try await world.fixture.client.recover().map(\.phase) == ["closed"])
    #expect(world.devnet.balance(of: TempoAddress.channelReserve, token: TempoAddress.alphaUSD) == .zero)
  }
}
