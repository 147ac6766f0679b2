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
import TempoRPC
import Testing

@Suite("A node of another chain")
struct WrongChainTests {
  /// The client of a fixture, on a copy of its journal and a node of another chain whose clock is ahead.
  private func elsewhere(
    _ fixture: SessionFixture, named chainID: UInt64?, ahead seconds: Int64 = 3_600
  ) throws -> SessionFixture {
    var configuration = DevnetConfiguration()
    configuration.chainID = 4242
    let other = try Devnet(configuration: configuration)
    other.clock.advance(seconds: seconds)
    other.mine()
    return try SessionFixture(
      journal: TestJournal(copying: fixture.journal), devnet: other, seller: fixture.seller,
      network: .transport(DevnetTransport(other), chainID: chainID))
  }

  private func back(_ wrong: SessionFixture, _ fixture: SessionFixture) throws -> SessionFixture {
    try SessionFixture(
      journal: TestJournal(copying: wrong.journal), devnet: fixture.devnet, seller: fixture.seller)
  }

  @Test("Neither recover nor close believes it that a channel is empty; back home the channel is as it was")
  func named() async throws {
    let fixture = try SessionFixture()
    _ = try await fixture.get()
    let wrong = try elsewhere(fixture, named: fixture.devnet.configuration.chainID)
    #expect(await failure { try await wrong.client.recover(.everything) }?.code == .wrongChain)
    #expect(try await wrong.client.close().first?.error?.code == .wrongChain)
    #expect(wrong.signer.count == 0)
    let paying = try elsewhere(fixture, named: fixture.devnet.configuration.chainID, ahead: 0)
    #expect(await failure { try await paying.get() }?.code == .wrongChain)
    #expect(paying.signer.count == 0)
    #expect(try await wrong.channel().phase == "open")
    let home = try back(wrong, fixture)
    #expect(try await home.channel().phase == "open")
    #expect(try await home.get().status == .ok)
    #expect(try await home.client.close().first?.captured == Amount(units: 20_000))
  }

  @Test("Where any chain will do, channels of another one are left as they are, with a note")
  func anyChain() async throws {
    let fixture = try SessionFixture()
    _ = try await fixture.get()
    let wrong = try elsewhere(fixture, named: nil)
    let status = try #require(try await wrong.client.recover(.everything).first)
    #expect(status.phase == "open")
    #expect(status.note?.contains("1337") == true)
    #expect(try await wrong.client.close().first?.error?.code == .wrongChain)
    #expect(wrong.signer.count == 0)
    #expect(try await back(wrong, fixture).client.recover(.everything).first?.phase == "closed")
  }

  @Test("A channel that the journal calls closed and the chain does not is found again")
  func wronglyClosed() async throws {
    let fixture = try SessionFixture()
    _ = try await fixture.get()
    let journal = TestJournal(copying: fixture.journal)
    let record = try #require(try await journal.records(kind: "channel").first)
    var channel = try ClientChannel(decoding: record.body)
    channel.phase = .closed
    channel.version += 1
    try await journal.write([
      JournalRecord(kind: "channel", key: record.key, version: channel.version, body: channel.encoded())
    ])
    let next = try SessionFixture(journal: journal, devnet: fixture.devnet, seller: fixture.seller)
    #expect(try await next.channel().phase == "closed")
    #expect(try await next.client.recover().map(\.phase) == ["closeRequested"])
    next.devnet.clock.advance(seconds: 901)
    #expect(try await next.client.recover().map(\.phase) == ["closed"])
  }
}
