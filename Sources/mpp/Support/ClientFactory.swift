import Logging
import MPPClient
import MPPStoreSQLite
import MPPTempoClient

/// The paying client of `request` and `sessions`.
enum ClientFactory {
  static func client(
    chain: ChainOptions, key: String?, journal: String?, policy: SpendPolicy
  ) async throws -> PaymentClient {
    let url = try chain.url()
    let account = TempoAccount.key(try await KeySource.key(key))
    let path = try StatePaths.file(journal, default: "journal.db")
    return try PaymentClient(
      methods: [.tempo(account, network: .rpc(url, chainID: chain.chainID))], spending: policy,
      journal: .sqlite(at: path), logger: ClientLog.quiet)
  }
}

enum ClientLog {
  /// The commands say themselves what happens.
  static let quiet: Logger = {
    var logger = Logger(label: "mpp.client")
    logger.logLevel = .error
    return logger
  }()
}
