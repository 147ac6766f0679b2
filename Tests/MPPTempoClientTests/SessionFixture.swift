import EVM
import HTTPTypes
import MPPClient
import MPPCore
import MPPTempo
import MPPTempoClient
import MPPTesting
import Synchronization
import Tempo
import TempoDevnet
import TempoRPC

/// Chain, seller and one client with its journal.
struct SessionFixture {
  let devnet: Devnet
  let seller: TestSeller
  let journal: TestJournal
  let signer: CountingSigner
  let client: PaymentClient
  let url = "https://shop.example/ping"

  init(
    spending: SpendPolicy? = nil, journal: TestJournal = TestJournal(), devnet: Devnet? = nil,
    seller: TestSeller? = nil, options: TempoSessionOptions = TempoSessionOptions(),
    client clientOptions: ClientOptions = ClientOptions()
  ) throws {
    self.devnet = try devnet ?? Devnet()
    self.seller = try seller ?? TestSeller(devnet: self.devnet)
    self.journal = journal
    signer = CountingSigner(key: self.devnet.accounts[0].privateKey)
    var options = options
    options.sleeper = ChainSleeper(devnet: self.devnet)
    client = try PaymentClient(
      methods: [
        .tempo(
          .signer(signer),
          network: .transport(
            DevnetTransport(devnet: self.devnet), chainID: self.devnet.configuration.chainID),
          options: options)
      ],
      spending: spending ?? SpendPolicy.upTo("0.10", perDay: "5"), journal: .opened(journal),
      transport: self.seller, options: clientOptions, clock: self.devnet.clock, random: SeededRandom(seed: 7))
  }

  /// The same world with a new client process on what the journal has on disk.
  func restarted(spending: SpendPolicy? = nil) throws -> SessionFixture {
    seller.state.withLock { $0.script = [] }
    return try SessionFixture(
      spending: spending, journal: TestJournal(copying: journal), devnet: devnet, seller: seller)
  }

  func get(_ path: String = "/ping") async throws -> PaidResponse {
    try await client.execute(.get("https://shop.example\(path)"))
  }

  func channel() async throws -> ChannelStatus {
    guard let channel = try await client.channels().last else { throw MissingChannel() }
    return channel
  }

  func script(_ behaviours: TestSeller.Behaviour...) { seller.state.withLock { $0.script = behaviours } }
  var vouchers: [UInt128] { seller.state.withLock { $0.vouchers.map { $0.amount.units } } }
  var served: Int { seller.state.withLock { $0.served } }
  var broadcasts: [Hash32] { seller.state.withLock { $0.broadcasts } }
}

struct MissingChannel: Error {}

/// A journal in memory that fails when told to, and remembers what was durable when.
final class TestJournal: PaymentJournal {
  private struct State {
    var records: [String: JournalRecord] = [:]
    var writes = 0
    var failing: Set<Int> = []
  }
  private let state: Mutex<State>

  init() { state = Mutex(State()) }

  init(copying other: TestJournal) {
    let records = other.state.withLock { $0.records }
    state = Mutex(State(records: records))
  }

  var durability: JournalDurability { .volatile }
  var writes: Int { state.withLock { $0.writes } }

  /// The n-th write from now on, counted from zero, fails without effect.
  func fail(_ numbers: Set<Int>) {
    state.withLock { state in state.failing = Set(numbers.map { $0 + state.writes }) }
  }

  func write(_ records: [JournalRecord]) async throws(JournalError) {
    let error: JournalError? = state.withLock { state in
      defer { state.writes += 1 }
      if state.failing.contains(state.writes) { return JournalError(.storage, "disk full") }
      for record in records {
        if let old = state.records[record.kind + record.key], old.version >= record.version {
          return JournalError(.stale, record.key)
        }
      }
      for record in records { state.records[record.kind + record.key] = record }
      return nil
    }
    if let error { throw error }
  }

  func records(kind: String) async throws(JournalError) -> [JournalRecord] {
    state.withLock { state in state.records.values.filter { $0.kind == kind } }
  }

  func close() async throws(JournalError) {}

  /// What the disk says is authorised on a channel.
  func authorized(_ id: Hash32) throws -> Amount? {
    guard let record = state.withLock({ $0.records["channel" + id.hex] }) else { return nil }
    return try ClientChannel(decoding: record.body).account.authorized
  }
}

/// A signer that counts.
final class CountingSigner: Signer {
  private let key: Secp256k1PrivateKey
  private let stored = Mutex(0)
  init(key: Secp256k1PrivateKey) { self.key = key }
  var address: Address { key.address }
  var count: Int { stored.withLock { $0 } }
  func sign(_ digest: Hash32) async throws -> [UInt8] {
    stored.withLock { $0 += 1 }
    return key.sign(digest).bytes65
  }
}

/// What a throwing call threw.
func failure(_ body: () async throws -> some Sendable) async -> PaymentClientError? {
  do {
    _ = try await body()
    return nil
  } catch {
    return error as? PaymentClientError
  }
}
