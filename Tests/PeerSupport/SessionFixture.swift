package import EVM
package import HTTPTypes
package import Logging
package import MPPClient
package import MPPCore
package import MPPTempo
package import MPPTempoClient
package import MPPTesting
package import Synchronization
package import Tempo
package import TempoDevnet
package import TempoRPC

/// Chain, seller and one client with its journal.
package struct SessionFixture {
  package let devnet: Devnet
  package let seller: TestSeller
  package let journal: TestJournal
  package let signer: CountingSigner
  package let client: PaymentClient
  private let transport: any HTTPTransport
  package let url = "https://shop.example/ping"

  package init(
    spending: SpendPolicy? = nil, journal: TestJournal = TestJournal(), devnet: Devnet? = nil,
    seller: TestSeller? = nil, transport: (any HTTPTransport)? = nil, network: TempoNetwork? = nil,
    options: TempoSessionOptions = TempoSessionOptions(),
    client clientOptions: ClientOptions = ClientOptions(), sleeper: any Sleeper = TaskSleeper(),
    seed: UInt64 = 7, logger: Logger = Logger(label: "mpp.client")
  ) throws {
    self.devnet = try devnet ?? Devnet()
    self.seller = try seller ?? TestSeller(devnet: self.devnet)
    self.journal = journal
    signer = CountingSigner(key: self.devnet.accounts[0].privateKey)
    self.transport = transport ?? self.seller
    var options = options
    options.sleeper = ChainSleeper(devnet: self.devnet)
    client = try PaymentClient(
      methods: [
        .tempo(
          .signer(signer),
          network: network
            ?? .transport(DevnetTransport(self.devnet), chainID: self.devnet.configuration.chainID),
          options: options)
      ],
      spending: spending ?? SpendPolicy.upTo("0.10", perDay: "5"), journal: .opened(journal),
      transport: self.transport, options: clientOptions, clock: self.devnet.clock, sleeper: sleeper,
      random: SeededRandom(seed: seed), logger: logger)
  }

  /// The same world with a new client process on what the journal has on disk.
  package func restarted(spending: SpendPolicy? = nil) throws -> SessionFixture {
    seller.state.withLock { $0.script = [] }
    return try SessionFixture(
      spending: spending, journal: TestJournal(copying: journal), devnet: devnet, seller: seller,
      transport: transport)
  }

  package func get(_ path: String = "/ping") async throws -> PaidResponse {
    try await client.execute(.get("https://shop.example\(path)"))
  }

  package func channel() async throws -> ChannelStatus {
    guard let channel = try await client.channels().last else { throw MissingChannel() }
    return channel
  }

  package func script(_ behaviours: TestSeller.Behaviour...) {
    seller.state.withLock { $0.script = behaviours }
  }
  package var vouchers: [UInt128] { seller.state.withLock { $0.vouchers.map { $0.amount.units } } }
  package var served: Int { seller.state.withLock { $0.served } }
  package var broadcasts: [Hash32] { seller.state.withLock { $0.broadcasts } }
}

package struct MissingChannel: Error {}

/// A journal in memory that fails when told to, and remembers what was durable when.
package final class TestJournal: PaymentJournal {
  private struct State {
    var records: [String: JournalRecord] = [:]
    var writes = 0
    var failing: Set<Int> = []
  }
  private let state: Mutex<State>

  package init() { state = Mutex(State()) }

  package init(copying other: TestJournal) {
    let records = other.state.withLock { $0.records }
    state = Mutex(State(records: records))
  }

  package var durability: JournalDurability { .volatile }
  package var writes: Int { state.withLock { $0.writes } }

  /// The n-th write from now on, counted from zero, fails without effect.
  package func fail(_ numbers: Set<Int>) {
    state.withLock { state in state.failing = Set(numbers.map { $0 + state.writes }) }
  }

  package func write(_ records: [JournalRecord]) async throws(JournalError) {
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

  package func records(kind: String) async throws(JournalError) -> [JournalRecord] {
    state.withLock { state in state.records.values.filter { $0.kind == kind } }
  }

  package func close() async throws(JournalError) {}

  /// What the disk says is authorised on a channel.
  package func authorized(_ id: Hash32) throws -> Amount? {
    guard let record = state.withLock({ $0.records["channel" + id.hex] }) else { return nil }
    return try ClientChannel(decoding: record.body).account.authorized
  }
}

/// A signer that counts.
package final class CountingSigner: Signer {
  private let key: Secp256k1PrivateKey
  private let stored = Mutex(0)
  package init(key: Secp256k1PrivateKey) { self.key = key }
  package var address: Address { key.address }
  package var count: Int { stored.withLock { $0 } }
  package func sign(_ digest: Hash32) async throws -> [UInt8] {
    stored.withLock { $0 += 1 }
    return key.sign(digest).bytes65
  }
}

/// What a throwing call threw.
package func failure(_ body: () async throws -> some Sendable) async -> PaymentClientError? {
  do {
    _ = try await body()
    return nil
  } catch {
    return error as? PaymentClientError
  }
}
