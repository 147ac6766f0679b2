public import Hummingbird
public import MPPCore
public import MPPHummingbird
public import MPPServer
public import MPPTempoServer

/// How a shop is set up; the defaults sell `/ping` and `/other` for 0.01 a request, and `/free` for nothing.
public struct ShopOptions: Sendable {
  public typealias Routes = @Sendable (Router<PaidRequestContext>, PaymentServer, ShopLog) throws -> Void

  /// 0 takes any free one; a restarted shop takes its old one.
  public var port = 0
  public var realm = "market.test"
  public var secrets: [String] = ["the secret of the market, 32 bytes and more"]
  /// File name in the market's folder; `nil` is a ledger in memory.
  public var ledger: String? = "ledger.db"
  /// Wraps or replaces the store, for faults below the ledger.
  public var store: @Sendable (any LedgerStore) -> any LedgerStore = { $0 }
  /// Account of the devnet that is paid, settles and closes.
  public var account = 0
  public var price: Price = "0.01"
  public var limits = ServerLimits()
  public var tempo: @Sendable (inout MPPTempoServer.TempoSessionOptions) -> Void = { _ in }
  /// When set, the shop takes charges too, to the same account.
  public var charges: (@Sendable (inout MPPTempoServer.TempoChargeOptions) -> Void)?
  /// Register the methods the other way round.
  public var isReversed = false
  /// Routes beside the usual ones.
  public var routes: Routes = { _, _, _ in }
  /// The shop's clock; the market's when `nil`.
  public var clock: (any WallClock)?

  public init() {}
}
