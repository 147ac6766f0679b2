import EVM
import HTTPTypes
import Logging
import MPPClient
import MPPCore
import MPPTempo
import MPPTempoClient
import MPPTesting
import PeerSupport
import Synchronization
import Tempo
import TempoDevnet
import TempoRPC
import Testing

@Suite("Recovery: its fees and its search")
struct RecoveryLimitTests {
  private func orphaned() async throws -> SessionFixture {
    let fixture = try SessionFixture()
    _ = try await fixture.get()
    fixture.seller.state.withLock { $0.closeAnswers = [.gone] }
    _ = try await fixture.client.close()
    return fixture
  }

  @Test("A close request or withdrawal above the limit of fees is neither signed nor sent (T14)")
  func fees() async throws {
    let fixture = try await orphaned()
    let signed = fixture.signer.count
    let blocks = fixture.devnet.receipts().count
    // A price at which any transaction costs more than a token.
    fixture.devnet.faults.inject(
      .method("eth_maxPriorityFeePerGas"), .patchResult(.string("0x38d7ea4c68000")), count: nil)
    let status = try #require(try await fixture.client.recover().first)
    #expect(status.note?.hasPrefix("refused-by-policy") == true, "\(status.note ?? "")")
    #expect(status.phase == "orphaned")
    #expect(fixture.signer.count == signed)
    fixture.devnet.faults.clear()
    #expect(try await fixture.client.recover().first?.phase == "closeRequested")
    fixture.devnet.clock.advance(seconds: 901)
    fixture.devnet.faults.inject(
      .method("eth_maxPriorityFeePerGas"), .patchResult(.string("0x38d7ea4c68000")), count: nil)
    #expect(try await fixture.client.recover().first?.phase == "closeRequested")
    #expect(fixture.devnet.receipts().count == blocks + 1)
  }

  @Test("A deposit in a token that pays no fees comes back, and its fee is paid in another one")
  func otherFeeToken() async throws {
    var configuration = DevnetConfiguration()
    let euro = try Address(hex: "0x20c0000000000000000000000000000000000e00")
    configuration.extraTokens = [DevnetToken(address: euro, name: "Euro", symbol: "EUR", currency: "EUR")]
    let fixture = try SessionFixture(devnet: try Devnet(configuration: configuration))
    fixture.seller.state.withLock { state in
      state.requestEdit = { request in
        request.currency = euro.hex
        request.methodDetails.feeToken = SpelledAddress(TempoAddress.pathUSD)
      }
    }
    _ = try await fixture.get()
    fixture.seller.state.withLock { $0.closeAnswers = [.gone] }
    _ = try await fixture.client.close()
    #expect(try await fixture.client.recover().first?.phase == "closeRequested")
    fixture.devnet.clock.advance(seconds: 901)
    #expect(try await fixture.client.recover().first?.phase == "closed")
    let left = fixture.devnet.balance(of: fixture.devnet.accounts[0].address, token: euro)
    #expect(left == configuration.initialBalance)
  }

  @Test("Fees of own transactions count in the period's total; those of recovery are never refused by it")
  func counted() async throws {
    let fixture = try await orphaned()
    let opened = try await fixture.client.authorizedInPeriod()
    #expect(opened > Amount(units: 10_000))
    #expect(opened < Amount(units: 100_000))
    let one = Amount(units: 1)
    let next = try fixture.restarted(
      spending: SpendPolicy(maximumPrice: one, maximumDeposit: one, maximumTotal: one, periodSeconds: 86_400))
    #expect(try await next.client.recover().first?.phase == "closeRequested")
    let requested = try await next.client.authorizedInPeriod()
    #expect(requested > opened)
    #expect(try await next.restarted().client.authorizedInPeriod() == requested)
  }

  @Test("An opening whose fee is above what is left of the period's total is not signed")
  func openingFee() async throws {
    let fixture = try SessionFixture(spending: .upTo("0.01", perDay: "0.01"))
    #expect(await failure { try await fixture.get() }?.code == .refusedByPolicy)
    #expect(fixture.broadcasts.isEmpty)
    let none = Amount(units: 100)
    let poor = try SessionFixture(
      spending: SpendPolicy(
        maximumPrice: Amount(units: 10_000), maximumDeposit: Amount(units: 10_000), maximumTotal: none,
        periodSeconds: 60))
    #expect(await failure { try await poor.get() }?.code == .refusedByPolicy)
    #expect(poor.signer.count == 0)
  }

  @Test("A chain that cannot be searched is an error, after the journal's channels have been recovered")
  func unsearched() async throws {
    let lost = try SessionFixture()
    lost.devnet.faults.inject(.method("*"), .refuse, count: nil)
    let nothing = await failure { try await lost.client.recover() }
    #expect(nothing?.code == .recoveryIncomplete)
    #expect(nothing?.channels.isEmpty == true)
    let fixture = try await orphaned()
    fixture.devnet.faults.inject(.method("eth_getLogs"), .refuse, count: nil)
    let error = await failure { try await fixture.client.recover() }
    #expect(error?.code == .recoveryIncomplete)
    #expect(error?.channels.map(\.phase) == ["closeRequested"])
    #expect(try await fixture.channel().phase == "closeRequested")
  }

  @Test(
    "A node that refuses a stretch, by whatever error, is asked for a shorter one",
    arguments: [
      FaultAction.rpcError(code: -32005, message: "query returned more than 10000 results"),
      .rpcError(code: -32000, message: "block range too wide"), .garbage,
    ])
  func halves(_ fault: FaultAction) async throws {
    let fixture = try SessionFixture()
    _ = try await fixture.get()
    let lost = try SessionFixture(devnet: fixture.devnet, seller: fixture.seller)
    // As often as a client repeats one question.
    var count = 1
    if case .rpcError(-32005, _, _) = fault { count = ChainClientLimits().attempts }
    fixture.devnet.faults.inject(.method("eth_getLogs"), fault, count: count)
    #expect(try await lost.client.recover().map(\.phase) == ["closeRequested"])
  }

  @Test("A search that leaves old blocks out says so, and finds the rest when it may look further back")
  func cutOff() async throws {
    let fixture = try SessionFixture()
    _ = try await fixture.get()
    fixture.devnet.mine(50)
    for blocks: UInt64 in [10, .max] {
      let head = fixture.devnet.blockNumber
      let log = WarningLog()
      var options = TempoSessionOptions()
      options.recoveryBlocks = blocks
      let lost = try SessionFixture(
        devnet: fixture.devnet, seller: fixture.seller, options: options, logger: log.logger)
      let isCutOff = blocks < head
      #expect(try await lost.client.recover().map(\.phase) == (isCutOff ? [] : ["closeRequested"]))
      #expect(log.all.contains { $0["from"] == "\(head - min(head, blocks))" } == isCutOff)
    }
  }

  @Test(
    "What was found before the node refused older blocks is recovered, and the search is not called complete")
  func forgetfulNode() async throws {
    let fixture = try SessionFixture()
    while fixture.devnet.blockNumber <= 100_000 { fixture.devnet.mine(10_000) }
    _ = try await fixture.get()
    let (log, head) = (WarningLog(), fixture.devnet.blockNumber)
    let lost = try SessionFixture(devnet: fixture.devnet, seller: fixture.seller, logger: log.logger)
    fixture.devnet.faults.inject(.method("eth_getLogs"), .refuse, skip: 1, count: nil)
    let error = await failure { try await lost.client.recover() }
    #expect(error?.code == .recoveryIncomplete)
    #expect(error?.channels.map(\.phase) == ["closeRequested"])
    #expect(log.all.contains { $0["from"] == "\(head - 99_999)" })
  }

  @Test("A body that never ends does not keep a channel from being closed on chain")
  func endlessBody() async throws {
    let patience = EndingPatience()
    let fixture = try SessionFixture(sleeper: patience)
    _ = try await fixture.get()
    fixture.seller.state.withLock { state in
      state.onEndlessBody = { patience.end() }
      state.closeAnswers = [.endless, .endless]
    }
    #expect(try await fixture.client.recover(.everything).first?.phase == "closeRequested")
  }

  @Test("A demand whose body never ends is an error, and nothing more is signed for it")
  func endlessDemand() async throws {
    let patience = EndingPatience()
    let fixture = try SessionFixture(sleeper: patience)
    _ = try await fixture.get()
    fixture.seller.state.withLock { $0.onEndlessBody = { patience.end() } }
    fixture.script(.endless)
    let error = await failure { try await fixture.get() }
    #expect(error?.code == .transport)
    #expect(error?.exposure.authorized == Amount(units: 10_000))
    #expect(fixture.vouchers == [10_000, 20_000])
    #expect(try await fixture.get().status == .ok)
  }
}

/// The metadata of warnings.
private final class WarningLog: LogHandler, Sendable {
  private let entries = Mutex<[Logger.Metadata]>([])
  private let level = Mutex<Logger.Level>(.warning)

  var logger: Logger { Logger(label: "test") { _ in self } }
  var all: [Logger.Metadata] { entries.withLock { $0 } }

  var logLevel: Logger.Level {
    get { level.withLock { $0 } }
    set { level.withLock { $0 = newValue } }
  }
  var metadata: Logger.Metadata {
    get { [:] }
    set {}
  }
  subscript(metadataKey key: String) -> Logger.Metadata.Value? {
    get { nil }
    set {}
  }

  func log(event: LogEvent) {
    guard event.level == .warning, let metadata = event.metadata else { return }
    entries.withLock { $0.append(metadata) }
  }
}
