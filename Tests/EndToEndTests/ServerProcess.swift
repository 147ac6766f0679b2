import EVM
import MPPCore
import MPPStoreSQLite
import MPPTempo
import MarketplaceSupport

/// `mpp serve` on one ledger file and, once started, one port; started again as often as it is killed.
struct ServerProcess {
  private let mpp: CLIProgram
  private let rpcURL: String
  private let ledger: String
  private(set) var url = ""
  private var port = "0"

  init(_ market: Marketplace) {
    mpp = CLIProgram(folder: market.folder)
    rpcURL = market.rpcURL
    ledger = market.path("ledger.db")
  }

  /// Starts the server, hands it to `body` when it listens, and kills it afterwards if it still runs.
  mutating func run<T>(_ body: (ChildProcess, String) async throws -> T) async throws -> T {
    var known = (url: url, port: port)
    let result = try await mpp.start(
      ["serve", "--key", "devnet:0", "--rpc", rpcURL, "--ledger", ledger, "--port", port],
      environment: ["MPP_SECRET_KEY": CLIProgram.secret]
    ) { child in
      known.url = try await child.readyURL()
      known.port = known.url.split(separator: ":").last.map(String.init) ?? "0"
      return try await body(child, known.url)
    }
    (url, port) = known
    return result
  }

  /// The channels as they are on disk. The server must not be running.
  func books() async throws -> [ChannelRecord] {
    let store = try SQLiteLedger(at: ledger)
    let records = try await ChannelBooks.read(store)
    try await store.close()
    return records
  }
}
