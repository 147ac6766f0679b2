import EVM
import MPPCore

/// Everything a running chain consists of, as a value. The shell serialises access to it and performs delays.
struct DevnetCore: Sendable {
  /// Until when a mined transaction's receipt still reads `null`.
  enum Hiding: Sendable {
    case polls(Int)
    /// Milliseconds of the chain's clock.
    case until(UInt64)
  }

  struct Snapshot: Sendable {
    let chain: ChainState
    let clock: ChainClock
    let hiddenReceipts: [Hash32: Hiding]
  }

  let configuration: DevnetConfiguration
  let faucet: DevnetAccount
  let sponsor: DevnetAccount
  private let genesis: ChainState
  var chain: ChainState
  var clock: ChainClock
  var faults: FaultPlan
  var log = RequestLog()
  var filters = FilterTable()
  var sponsorPolicy = DevnetSponsorPolicy()
  var hiddenReceipts: [Hash32: Hiding] = [:]
  /// Merged into receipts wherever they are shown (fault `patchReceipt`).
  var receiptPatches: [Hash32: JSONValue] = [:]
  /// What the chain said to the same bytes a second time (fault `duplicate`).
  var secondProcessing: [Hash32: String] = [:]
  var snapshots: [UInt64: Snapshot] = [:]
  var nextSnapshot: UInt64 = 1
  /// Blocks that reads of the running request lag behind (fault `staleReads`).
  var staleness: UInt64 = 0
  /// Transactions that ``Devnet/signAndSend(_:from:options:)`` has made.
  var sent: UInt64 = 0

  static let maximumSnapshots = 256

  init(
    configuration: DevnetConfiguration, chain: ChainState, faucet: DevnetAccount, sponsor: DevnetAccount
  ) {
    self.configuration = configuration
    self.chain = chain
    self.faucet = faucet
    self.sponsor = sponsor
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
    receiptPatches = [:]
  }

  /// Back to genesis; faults and the request log are cleared, snapshots and filters forgotten.
  mutating func reset() {
    chain = genesis
    clock = ChainClock(configuration.clock)
    clearFaults()
    secondProcessing = [:]
    snapshots = [:]
    filters = FilterTable()
    sponsorPolicy = DevnetSponsorPolicy()
    log = RequestLog()
  }

  mutating func restore(_ contents: StateFile.Contents) {
    chain = contents.chain
    clock.restore(offset: contents.clockOffset)
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
  mutating func submit(_ raw: [UInt8], by call: RPCCall, wall: Timestamp) throws(RPCFailure) -> Submission {
    let transaction = try ChainState.authenticate(raw, parameters: chain.parameters)
    let time = time(wall: wall)
    try chain.admit(transaction, at: time)
    var pending = PendingTransaction(transaction: transaction)
    let action =
      faults.isEmpty
      ? nil
      : faults.action(
        at: .transaction, method: call.method, path: call.path, transaction: transaction)
    switch action {
    case .drop: return Submission(hash: transaction.hash, isVisible: false)
    case .hold(let blocks): pending.notBefore = chain.latest.number + 1 + UInt64(max(0, blocks))
    case .holdFor(let milliseconds): pending.notBeforeMilliseconds = time.chain + UInt64(max(0, milliseconds))
    case .revert(let data): pending.forcedRevert = data
    case .outOfGas: pending.runsOutOfGas = true
    case .hideReceipt(let polls): hiddenReceipts[transaction.hash] = .polls(polls)
    case .hideReceiptFor(let milliseconds):
      hiddenReceipts[transaction.hash] = .until(time.chain + UInt64(max(0, milliseconds)))
    case .patchReceipt(let patch): receiptPatches[transaction.hash] = patch
    default: break
    }
    chain.pool.append(pending)
    if chain.parameters.sealing == .instant { seal(wall: wall) }
    if case .duplicate = action { offerAgain(transaction, at: time) }
    let isVisible = chain.transactions[transaction.hash] != nil && hiddenReceipts[transaction.hash] == nil
    return Submission(hash: transaction.hash, isVisible: isVisible)
  }

  private mutating func offerAgain(_ transaction: ChainTransaction, at time: ChainTime) {
    do throws(RPCFailure) {
      try chain.admit(transaction, at: time)
      secondProcessing[transaction.hash] = "accepted"
    } catch {
      secondProcessing[transaction.hash] = error.message
    }
  }

  struct Submission: Sendable {
    let hash: Hash32
    /// Whether the receipt can be handed out.
    let isVisible: Bool
  }
}
