public import EVM
public import MPPCore

/// How an embedded chain is set up. Every value has a default that suits tests; `mpp devnet` uses
/// ``commandLine(chainID:)``, which follows the wall clock.
public struct DevnetConfiguration: Sendable {
  /// Where the time of blocks comes from.
  public enum Clock: Sendable, Hashable {
    /// The wall clock handed to ``Devnet``, plus what `evm_increaseTime` adds.
    case system
    /// A clock that moves only when it is told to, starting here.
    case manual(Timestamp)
  }

  /// When pending transactions become a block.
  public enum Sealing: Sendable, Hashable {
    /// Each accepted transaction is executed in a block of its own before the send call returns.
    case instant
    /// A block every so many milliseconds of the chain's clock, empty ones included. There is no timer: blocks
    /// that are due are made when the next request comes.
    case interval(milliseconds: Int)
    /// Only `evm_mine` and ``Devnet/mine(_:)`` seal.
    case manual
  }

  /// What a transaction costs.
  public enum GasModel: String, Sendable, Hashable {
    /// Every transaction uses exactly 50,000 gas.
    case flat
    /// Intrinsic gas, a price for each operation and one for each new storage item (`03` §8).
    case schedule
  }

  /// The clock by which `validBefore` and `validAfter` are judged.
  public enum ValidityClock: Sendable, Hashable { case chain, wall }

  /// What `eth_call` demands of whoever would pay. `eth_estimateGas` always asks when the request has a price: it then estimates at
  /// most what the payer's fee token pays for.
  public enum CallFees: String, Sendable, Hashable {
    /// Nothing, as most public nodes.
    case off
    /// That the payer holds the fee, when the request has a price.
    case node
  }

  package struct LogLimits: Sendable {
    /// Blocks between the first and the last.
    package var blocks: UInt64 = 100_000
    /// Of several blocks.
    package var logs = 20_000
  }

  /// Part of every signature; 4217 brings USDC.e.
  public var chainID: UInt64 = 1337
  /// Where the time of blocks comes from.
  public var clock: Clock = .manual(Timestamp(seconds: 1_800_000_000))
  /// When pending transactions become a block.
  public var sealing: Sealing = .instant
  /// Whether a read of the latest block seals an empty block once a second has passed, so that the block
  /// number advances by itself without a timer.
  public var heartbeat = true
  /// Price of one gas in attodollars (10⁻¹⁸ of a dollar); constant.
  public var baseFee: UInt64 = 20_000_000_000
  /// What a transaction costs.
  public var gasModel: GasModel = .flat
  /// Seconds an expiring nonce may lie ahead of the block (30 before T11).
  public var expiryWindow: UInt64 = 30
  /// Live expiring nonces the chain remembers; more are refused.
  public var maximumExpiringNonces = 300_000
  /// Seconds that must be left of `validBefore` when a transaction arrives.
  public var poolMargin: UInt64 = 3
  /// By which clock windows of validity are judged; `wall` is for programs that keep their own time.
  public var validityClock: ValidityClock = .chain
  /// The words the prefunded accounts are derived from, as wallets do it.
  public var mnemonic = "test test test test test test test test test test test junk"
  /// Prefunded accounts of each of the two derivation series, at most 20.
  public var accountCount = 20
  /// Base units of every token that each prefunded account holds.
  public var initialBalance = Amount(units: 1_000_000_000_000)
  /// Whether `tempo_fundAddress` is answered.
  public var faucet = true
  /// Whether ``DevnetSponsorPolicy/path`` has a fee payer.
  public var sponsorEndpoint = true
  /// Whether `eth_fillTransaction` is answered on the main path. viem falls back when it is not.
  public var fillsTransactions = false
  /// Whether `eth_call` asks for the fee when a price is given.
  public var callFees = CallFees.off
  /// Whether USDC.e of mainnet exists; always true on chain 4217.
  public var mainnetUSDC = false
  /// Seed of the only pseudo-random choice there is: the probability of fault rules.
  public var seed: UInt64 = 0
  /// Tokens beside the four stablecoins every chain has.
  public var extraTokens: [DevnetToken] = []
  /// Hash of a further creation code that makes a v1 stream contract, as its own does.
  public var extraLegacyEscrowInitCode: Hash32?
  /// Programs that come along in calls without a target.
  package var deployless = DeploylessPrograms.standard
  /// What one query for logs may take, as a node has it by default.
  package var logLimits = LogLimits()
  /// Blocks (with their transactions and receipts) that are kept; older ones are forgotten.
  public var retainedBlocks = 100_000
  /// Whether the HTTP server may listen on an address other hosts can reach. The prefunded keys are public
  /// and every control method is open to whoever can connect.
  public var allowsRemoteConnections = false

  /// The defaults: chain 1337, a manual clock, instant sealing, flat gas.
  public init() {}

  /// What `mpp devnet` starts with: the wall clock, instant sealing, heartbeat.
  public static func commandLine(chainID: UInt64 = 1337) -> DevnetConfiguration {
    var configuration = DevnetConfiguration()
    configuration.chainID = chainID
    configuration.clock = .system
    return configuration
  }
}

/// A TIP-20 token that exists from genesis on.
public struct DevnetToken: Sendable, Hashable {
  /// Must begin with the TIP-20 prefix `20c000000000000000000000`.
  public var address: Address
  /// What `name()` answers.
  public var name: String
  /// What `symbol()` answers.
  public var symbol: String
  /// `"USD"` for tokens that can pay fees.
  public var currency: String

  /// - Parameter address: another prefix makes ``Devnet`` refuse the configuration.
  public init(address: Address, name: String, symbol: String, currency: String = "USD") {
    self.address = address
    self.name = name
    self.symbol = symbol
    self.currency = currency
  }
}
