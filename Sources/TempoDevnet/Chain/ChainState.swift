import EVM

/// The present, in milliseconds since 1970: by the chain's clock and by the wall clock.
struct ChainTime: Sendable, Hashable {
  let chain: UInt64
  let wall: UInt64
}

/// The whole chain as a value: state, blocks, pool. Every operation is synchronous and takes the time it
/// happens at; equal sequences of operations give equal chains.
struct ChainState: Sendable {
  var parameters: ChainParameters
  var world: World
  /// Blocks that are still known, oldest first; never empty.
  private(set) var blocks: [Block]
  private(set) var transactions: [Hash32: SealedTransaction] = [:]
  var pool: [PendingTransaction] = []
  /// Milliseconds; used once by the next block.
  var nextTimestamp: UInt64?
  /// Replay hashes in the order they were taken, to evict what has expired.
  var expiring = ExpiringQueue()
  /// Times blocks were taken back; part of the hashes of the blocks that follow.
  var reorganisations: UInt64 = 0
  /// The oldest block whose state is known.
  private(set) var readableFrom: UInt64 = 0

  init(parameters: ChainParameters, world: World, genesis: UInt64) {
    self.parameters = parameters
    self.world = world
    let hash = Block.hash(
      chainID: parameters.chainID, number: 0, parent: .zero, timestampMilliseconds: genesis, transactions: [])
    blocks = [
      Block(
        number: 0, hash: hash, parentHash: .zero, timestampMilliseconds: genesis, transactions: [],
        gasUsed: 0,
        writes: [])
    ]
    _ = self.world.storage.takeWrites()
  }

  /// A chain that goes on from a state file. What is before its newest block can be shown, not read.
  init(
    parameters: ChainParameters, world: World, blocks: [Block], transactions: [Hash32: SealedTransaction]
  ) {
    self.parameters = parameters
    self.world = world
    self.blocks = blocks
    self.transactions = transactions
    readableFrom = blocks.last?.number ?? 0
    _ = self.world.storage.takeWrites()
    rebuildExpiring()
  }

  var latest: Block { blocks[blocks.count - 1] }

  func block(_ number: UInt64) -> Block? {
    guard let first = blocks.first?.number, number >= first, number <= latest.number else { return nil }
    return blocks[Int(number - first)]
  }

  var oldestBlock: UInt64 { blocks.first?.number ?? 0 }

  func block(hash: Hash32) -> Block? { blocks.last { $0.hash == hash } }

  /// Milliseconds the next block would carry.
  func nextBlockTime(at time: ChainTime) -> UInt64 {
    max(latest.timestampMilliseconds, nextTimestamp ?? time.chain)
  }

  /// Seconds by which the validity windows of transactions are judged.
  func validity(at time: ChainTime) -> UInt64 {
    switch parameters.validityClock {
    case .chain: nextBlockTime(at: time) / 1000
    case .wall: time.wall / 1000
    }
  }

  func context(timestamp: UInt64, hash: Hash32) -> World.Context {
    World.Context(
      blockNumber: latest.number + 1, timestamp: timestamp, baseFee: parameters.baseFee, contextHash: hash,
      parentHash: latest.hash)
  }

  /// Ascribes what was written between blocks to the newest one, of which it is part for every reader.
  mutating func adoptControlWrites() {
    blocks[blocks.count - 1].writes += world.storage.takeWrites()
  }

  mutating func popBlock() -> Block { blocks.removeLast() }

  mutating func forget(_ hash: Hash32) { transactions[hash] = nil }

  // MARK: Sealing

  /// Seals an empty block when the newest one is a second old, or whatever was held back and is due: reads of
  /// `latest` are never stale (`03` §4.4).
  mutating func heartbeat(at time: ChainTime) {
    guard parameters.heartbeat, parameters.sealing == .instant, nextTimestamp == nil else { return }
    guard time.chain >= latest.timestampMilliseconds + 1_000 else { return }
    seal(at: time)
  }

  /// Seals the blocks that have become due since the newest one, when they come at an interval. After a long
  /// idle time only so many are made, the last of them now.
  mutating func sealDue(at time: ChainTime) {
    guard case .interval(let milliseconds) = parameters.sealing else { return }
    let interval = UInt64(max(1, milliseconds))
    var sealed = 0
    while time.chain >= latest.timestampMilliseconds + interval {
      sealed += 1
      let isLast = sealed == Self.maximumDueBlocks
      let due = isLast ? time.chain : latest.timestampMilliseconds + interval
      seal(at: ChainTime(chain: due, wall: time.wall))
    }
  }

  private static let maximumDueBlocks = 1_024

  /// Executes what is due of the pool, in arrival order, in one block. A transaction that has become
  /// inadmissible vanishes.
  mutating func seal(at time: ChainTime) {
    adoptControlWrites()
    let milliseconds = nextBlockTime(at: time)
    let validity = validity(at: time)
    let number = latest.number + 1
    let waiting = pool
    pool = []
    evictExpired(at: validity)
    var gas: UInt64 = 0
    var logCount = 0
    var sealed: [SealedTransaction] = []
    for pending in waiting {
      guard pending.notBefore <= number, pending.notBeforeMilliseconds <= milliseconds else {
        pool.append(pending)
        continue
      }
      let moment = Moment(validity: validity, block: milliseconds / 1000, margin: 0)
      switch readiness(of: pending.transaction, at: moment) {
      case .ready: break
      case .early:
        pool.append(pending)
        continue
      case .refused: continue
      }
      let outcome = execute(pending, timestamp: milliseconds / 1000)
      gas += outcome.gasUsed
      sealed.append(
        SealedTransaction(
          transaction: pending.transaction, outcome: outcome, blockNumber: number, index: sealed.count,
          firstLogIndex: logCount, cumulativeGas: gas))
      logCount += outcome.logs.count
    }
    append(sealed, gas: gas, number: number, milliseconds: milliseconds)
  }

  private mutating func append(
    _ sealed: [SealedTransaction], gas: UInt64, number: UInt64, milliseconds: UInt64
  ) {
    let hashes = sealed.map(\.transaction.hash)
    let hash = Block.hash(
      chainID: parameters.chainID, number: number, parent: latest.hash, timestampMilliseconds: milliseconds,
      transactions: hashes, salt: reorganisations)
    blocks.append(
      Block(
        number: number, hash: hash, parentHash: latest.hash, timestampMilliseconds: milliseconds,
        transactions: hashes,
        gasUsed: gas, writes: world.storage.takeWrites()))
    for transaction in sealed { transactions[transaction.transaction.hash] = transaction }
    nextTimestamp = nil
    forgetOldBlocks()
  }

  private mutating func forgetOldBlocks() {
    let unreadable = blocks.count - 1 - ChainParameters.readableBlocks
    if unreadable >= 0 { blocks[unreadable].writes = [] }
    // In lumps, because removing from the front moves everything behind it.
    guard blocks.count >= parameters.retainedBlocks + 1_024 else { return }
    for block in blocks.prefix(1_024) {
      for hash in block.transactions { transactions[hash] = nil }
    }
    blocks.removeFirst(1_024)
  }

  private mutating func evictExpired(at timestamp: UInt64) {
    for hash in expiring.evict(at: timestamp) { world.storage[.expiring(hash)] = 0 }
  }

  // MARK: Old state

  /// The state after a block, for reads pinned to it.
  func storage(after number: UInt64) -> Storage? {
    guard number <= latest.number, latest.number - number <= UInt64(ChainParameters.readableBlocks),
      number >= max(oldestBlock, readableFrom)
    else { return nil }
    var storage = world.storage
    for block in blocks.reversed() where block.number > number { storage.undo(block.writes) }
    return storage
  }
}

/// Replay hashes of expiring nonces in arrival order. All windows are about equally long, so the front expires
/// first, and an entry that sits behind a longer-lived one only waits a little.
struct ExpiringQueue: Sendable {
  private var entries: [(hash: Hash32, validBefore: UInt64)] = []
  private var head = 0

  var count: Int { entries.count - head }

  mutating func append(_ hash: Hash32, validBefore: UInt64) { entries.append((hash, validBefore)) }

  /// Whether fewer than `limit` entries are still live. Expired ones make room.
  func hasRoom(for limit: Int, at timestamp: UInt64) -> Bool {
    guard count >= limit else { return true }
    return entries[head...].count { $0.validBefore > timestamp } < limit
  }

  mutating func evict(at timestamp: UInt64) -> [Hash32] {
    var evicted: [Hash32] = []
    while head < entries.count, entries[head].validBefore <= timestamp {
      evicted.append(entries[head].hash)
      head += 1
    }
    if head > 1_024, head * 2 > entries.count {
      entries.removeFirst(head)
      head = 0
    }
    return evicted
  }
}
