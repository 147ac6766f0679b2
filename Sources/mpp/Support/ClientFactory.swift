import EVM
import Logging
import MPPClient
import MPPCore
import MPPStoreSQLite
import MPPTempoClient

/// The paying client of `request` and `sessions`.
enum ClientFactory {
  /// - Parameter isOffline: nothing is asked of a node, and none has to be named.
  static func client(
    chain: ChainOptions, key: String?, journal: String?, policy: SpendPolicy, maximumFee: Amount,
    concurrency: Int = 1,
    mode: TempoChargeOptions.Mode? = nil, bootstrap: Bool = false, recoveryBlocks: UInt64? = nil,
    isOffline: Bool = false, logger: Logger = ClientLog.quiet
  ) async throws -> (client: PaymentClient, journal: SQLiteJournal, payer: Address) {
    let network = try network(chain, isOffline: isOffline)
    let key = try await KeySource.key(key)
    let path = try StatePaths.file(journal, default: "journal.db")
    let journal = try SQLiteJournal(at: path)
    do {
      try StatePaths.keepPrivate(path)
    } catch {
      do { try await journal.close() } catch {}
      throw error
    }
    var charges = TempoChargeOptions()
    charges.mode = mode
    charges.maximumFee = maximumFee
    var sessions = try sessions(policy)
    sessions.bootstrap = bootstrap
    sessions.maximumFee = maximumFee
    if let recoveryBlocks { sessions.recoveryBlocks = recoveryBlocks }
    // Once it exists it must be shut down, whatever else goes wrong.
    let transport = transport(concurrency: concurrency)
    do {
      let client = try PaymentClient(
        methods: [.tempo(.key(key), network: network, options: sessions, charges: charges)],
        spending: policy, journal: .opened(journal), transport: transport, logger: logger)
      return (client, journal, key.address)
    } catch {
      await transport.shutdown()
      do { try await journal.close() } catch {}
      throw error
    }
  }

  private static func network(_ chain: ChainOptions, isOffline: Bool) throws -> TempoNetwork {
    isOffline
      ? .transport(NoNode(), chainID: chain.chainID) : .rpc(try chain.url(), chainID: chain.chainID)
  }

  /// A top-up is a transaction with a fee: enough for a hundred requests at once, within the limit.
  private static func sessions(_ policy: SpendPolicy) throws -> TempoSessionOptions {
    var options = TempoSessionOptions()
    options.topUpAmount = try policy.maximumPrice.multiplied(by: 100)
    return options
  }

  /// A connection that is refused is tried for a moment only: somebody is waiting.
  static func transport(concurrency: Int) -> any HTTPTransport {
    AsyncHTTPClientTransport(connectionsPerHost: max(8, concurrency), connectTimeout: .seconds(3))
  }
}

enum ClientLog {
  /// The commands say themselves what happens.
  static let quiet: Logger = {
    var logger = Logger(label: "mpp.client")
    logger.logLevel = .error
    return logger
  }()

  /// Warnings are notes on stderr: for a command that looks for what is wrong.
  static let notes = Logger(label: "mpp.client") { _ in NoteLog() }
}

private struct NoteLog: LogHandler {
  var logLevel = Logger.Level.warning
  var metadata: Logger.Metadata = [:]

  subscript(metadataKey key: String) -> Logger.Metadata.Value? {
    get { metadata[key] }
    set { metadata[key] = newValue }
  }

  func log(event: LogEvent) { Output.note(PlainText.text("\(event.message)")) }
}
