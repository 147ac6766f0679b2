import EVM
import MPPCore

/// Everything a running chain consists of, as a value. The shell serialises access to it and performs delays.
struct DevnetCore: Sendable {
  struct Snapshot: Sendable {
    let chain: ChainState
    let clock: ChainClock
    let hiddenReceipts: [Hash32: Int]
  }

  let configuration: DevnetConfiguration
  let faucet: DevnetAccount
  private let genesis: ChainState
  var chain: ChainState
  var clock: ChainClock
  var faults: FaultPlan
  var log = RequestLog()
  /// Polls for which a mined transaction's receipt still reads `null`.
  var hiddenReceipts: [Hash32: Int] = [:]
  var snapshots: [UInt64: Snapshot] = [:]
  var nextSnapshot: UInt64 = 1
  /// Blocks that reads of the running request lag behind (fault `staleReads`).
  var staleness: UInt64 = 0

  static let maximumSnapshots = 256

  init(configuration: DevnetConfiguration, chain: ChainState, faucet: DevnetAccount) {
    self.configuration = configuration
    self.chain = chain
    self.faucet = faucet
    genesis = chain
    clock = ChainClock(configuration.clock)
    faults = FaultPlan(seed: configuration.seed)
  }

  func time(wall: Timestamp) -> ChainTime {
    ChainTime(
      chain: UInt64(max(0, clock.now(wall: wall).milliseconds)), wall: UInt64(max(0, wall.milliseconds)))
  }

  mutating func clearFaults() {
    faults.clear()
    hiddenReceipts = [:]
  }

  /// Back to genesis; faults and the request log are cleared, snapshots forgotten.
  mutating func reset() {
    chain = genesis
    clock = ChainClock(configuration.clock)
    clearFaults()
    snapshots = [:]
    log = RequestLog()
  }

  // MARK: Sealing

  /// Seals one block. After a timestamp that was set beforehand, the clock goes on from there.
  mutating func seal(wall: Timestamp) {
    let wasPinned = chain.nextTimestamp != nil
    chain.seal(at: time(wall: wall))
    if wasPinned {
      let reached = Timestamp(milliseconds: Int64(clamping: chain.latest.timestampMilliseconds))
      clock.set(reached, wall: wall)
    }
  }

  /// Admits a transaction and, in instant mode, seals it.
  mutating func submit(_ raw: [UInt8], by method: String, wall: Timestamp) throws(RPCFailure) -> Submission {
    let transaction = try ChainState.authenticate(raw, parameters: chain.parameters)
    try chain.admit(transaction, at: time(wall: wall))
    var pending = PendingTransaction(transaction: transaction)
    switch faults.isEmpty ? nil : faults.action(at: .transaction, method: method, transaction: transaction) {
    case .drop: return Submission(hash: transaction.hash, isVisible: false)
    case .hold(let blocks): pending.notBefore = chain.latest.number + 1 + UInt64(max(0, blocks))
    case .revert(let data): pending.forcedRevert = data
    case .hideReceipt(let polls): hiddenReceipts[transaction.hash] = polls
    default: break
    }
    chain.pool.append(pending)
    if chain.parameters.sealing == .instant { seal(wall: wall) }
    let isVisible = chain.transactions[transaction.hash] != nil && hiddenReceipts[transaction.hash] == nil
    return Submission(hash: transaction.hash, isVisible: isVisible)
  }

  struct Submission: Sendable {
    let hash: Hash32
    /// Whether the receipt can be handed out.
    let isVisible: Bool
  }
}
