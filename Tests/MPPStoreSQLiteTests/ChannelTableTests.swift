import EVM
import MPPCore
import MPPServer
import MPPStoreSQLite
import MPPTempo
import MPPTesting
import Tempo
import Testing

/// Channel records under the ledger: many requests on one channel.
@Suite struct ChannelTableTests {
  /// A channel as a record of its own kind, so that these tests need no server.
  struct StoredChannel: LedgerRecord {
    static let kind: UInt8 = 202
    let channel: ChannelRecord
    init(_ channel: ChannelRecord) { self.channel = channel }
    init(decoding bytes: [UInt8]) throws { channel = try ChannelRecord(decoding: bytes) }
    func encoded() throws -> [UInt8] { try channel.encoded() }
  }

  enum Kind: CaseIterable { case memory, sqlite }

  private let folder: TemporaryFolder
  private let now = Timestamp(seconds: 1_800_000_000)
  private let descriptor = ChannelDescriptor(
    payer: Address(truncating: UInt256(1).word), payee: Address(truncating: UInt256(2).word), operator: .zero,
    token: Address(truncating: UInt256(3).word), salt: .zero, authorizedSigner: .zero,
    expiringNonceHash: .zero)
  private let holds = HoldSequence(random: SeededRandom(seed: 1))

  init() throws { folder = try TemporaryFolder() }

  private var channelID: Hash32 { descriptor.channelID(chainID: 42431) }
  private var key: RecordKey { RecordKey(kind: StoredChannel.kind, id: channelID.bytes) }

  private func voucher(_ units: Int) -> SignedVoucher {
    SignedVoucher(
      channelID: channelID, cumulativeAmount: Amount(units: UInt128(units)),
      signature: [UInt8](repeating: UInt8(units % 251), count: 65))
  }

  private func open(_ kind: Kind, accepted: Int) async throws -> (Ledger, RecordTable<StoredChannel>) {
    let ledger =
      switch kind {
      case .memory: try Ledger(MemoryStore(), allowVolatileLedger: true)
      case .sqlite: try Ledger.sqlite(at: folder.file())
      }
    let table = try ledger.table(StoredChannel.self)
    let opening = ChannelOpening(
      channelID: channelID, chainID: 42431, escrow: TempoAddress.channelReserve, descriptor: descriptor,
      observation: ChannelObservation(
        deposit: Amount(units: 100_000), settled: .zero, closeRequestedAt: 0, block: 1),
      voucher: voucher(accepted), now: now)
    _ = try await table.update(key) { stored in
      (StoredChannel(try ChannelRecord.applying(.open(opening), to: stored?.channel)), ())
    }
    return (ledger, table)
  }

  /// One paid request as the server makes it: accept and hold awaited, commit not awaited. `true`: served.
  private func request(
    _ table: RecordTable<StoredChannel>, _ units: Int, price: Int, comparedWith: Amount? = nil
  ) async throws -> Bool {
    let voucher = voucher(units)
    let compared = comparedWith ?? table.peek(key)?.channel.accepted ?? .zero
    let hold = HoldRequest(
      id: holds.next(), amount: Amount(units: UInt128(price)), now: now, expires: now.adding(seconds: 60))
    let (_, outcome) = try await table.update(key) { stored in
      guard let channel = stored?.channel else { throw ChannelTransitionError.notFound }
      let decision = try channel.deciding(
        VoucherAcceptance(voucher: voucher, comparedWith: compared), hold: hold)
      return (StoredChannel(decision.record), decision.hold)
    }
    guard case .held(let taken) = outcome else { return false }
    try await table.updateWithoutWaiting(key) { stored in
      guard let channel = stored?.channel else { throw ChannelTransitionError.notFound }
      return (StoredChannel(try channel.applying(.commit(taken.id))), ())
    }
    return true
  }

  @Test(arguments: Kind.allCases)
  func findingC11RacingCopiesAreServedAsOftenAsTheHeadroomAllows(_ kind: Kind) async throws {
    let (ledger, table) = try await open(kind, accepted: 1000)
    let served = try await withThrowingTaskGroup(of: Bool.self) { group in
      for _ in 0..<64 { group.addTask { try await request(table, 1000, price: 30) } }
      return try await group.reduce(0) { $0 + ($1 ? 1 : 0) }
    }
    #expect(served == 1000 / 30)
    try await ledger.flush()
    let channel = try #require(try await table.loadDurable(key)).channel
    #expect(channel.spent == Amount(units: 990) && channel.units == 33 && channel.holds.isEmpty)
    try await ledger.close()
  }

  @Test(arguments: Kind.allCases)
  func findingU2RisingVouchersInAnyOrderSpendExactlyTheirPrice(_ kind: Kind) async throws {
    let (ledger, table) = try await open(kind, accepted: 10)
    // 64 strictly rising vouchers, one price apart, delivered out of order: all are compared with the first one.
    let start = Amount(units: 10)
    let served = try await withThrowingTaskGroup(of: Bool.self) { group in
      for step in (1...64).shuffled() {
        group.addTask { try await request(table, 10 + step * 10, price: 10, comparedWith: start) }
      }
      return try await group.reduce(0) { $0 + ($1 ? 1 : 0) }
    }
    try await ledger.flush()
    let channel = try #require(try await table.loadDurable(key)).channel
    #expect(channel.accepted == Amount(units: 650))
    #expect(channel.spent == Amount(units: UInt128(served * 10)) && channel.units == UInt64(served))
    #expect(served >= 1 && channel.spent <= channel.accepted)
    try await ledger.close()
  }

  @Test func theRecordComesBackFromTheFile() async throws {
    let (ledger, table) = try await open(.sqlite, accepted: 100)
    for step in 1...50 { _ = try await request(table, 100 + step * 10, price: 10) }
    try await ledger.flush()
    let before = try #require(try await table.loadDurable(key))
    try await ledger.close()
    let again = try Ledger.sqlite(at: folder.file())
    #expect(try await again.table(StoredChannel.self).load(key) == before)
    #expect(before.channel.spent == Amount(units: 500) && before.channel.units == 50)
    try await again.close()
  }
}
