import EVM
import Logging
import MPPCore
import MPPServer
import MPPTempo
import Tempo
import TempoRPC

// What the chain says about channels, and how much of it is believed at once.
extension ChannelService {
  // MARK: Blocks

  /// Number of the newest block.
  /// - Throws: `.invalidAnswer` also when the number cannot be true.
  func head() async throws(ChainError) -> UInt64 {
    try await checked(try await client.blockNumber())
  }

  /// A block number the node has named, when it can be true.
  func checked(_ block: UInt64) async throws(ChainError) -> UInt64 {
    if heights.isEmpty {
      // Nothing to compare with after a start: the node is asked twice.
      let first = try await client.blockNumber()
      let second = try await client.blockNumber()
      guard ChainHeights.agree(first, second) else {
        throw ChainError(.invalidAnswer, "the node names block numbers that contradict each other")
      }
      _ = heights.accept(second, now: clock.now)
    }
    guard heights.accept(block, now: clock.now) else {
      logger.error("the node names an impossible block number", metadata: ["mpp.block": "\(block)"])
      throw ChainError(.invalidAnswer, "the node names an impossible block number")
    }
    return block
  }

  // MARK: State

  /// The record with chain state that is not older than the limit. Concurrent callers share one read.
  func current(_ record: ChannelRecord, _ now: Timestamp) async throws -> ChannelRecord {
    let id = record.channelID
    if freshness.isFresh(id, now) { return record }
    do {
      return try await reads.run(id) {
        if freshness.isFresh(id, now) { return try await load(id) ?? record }
        do {
          return try await read(record, now)
        } catch let error as ChainError {
          guard freshness.toleratesFailure(id, now, limit: options.maximumStaleness) else {
            throw SessionProblem.chain(error, "the channel's state")
          }
          logger.warning(
            "serving a channel with old chain state",
            metadata: ["mpp.channel": "\(id.hex.prefix(10))", "mpp.code": "\(error.label)"])
          return record
        }
      }
    } catch is LaneError {
      throw PaymentProblem.unavailable(reason: "too many requests of this channel wait", retryAfter: 1)
    }
  }

  /// Reads the chain now and writes what it says into the record.
  /// - Throws: `ChainError` when it cannot be read or contradicts itself; the record is unchanged then.
  func read(_ record: ChannelRecord, _ now: Timestamp) async throws -> ChannelRecord {
    let block = try await head()
    let state = try await stateAt(block, record.channelID, record.escrow)
    if !state.exists, !record.finalized {
      guard try await areGone([record.channelID], record.escrow, after: block).first == true else {
        throw ChainError(.invalidAnswer, "the node contradicts itself about a channel")
      }
    }
    return try await merge(state, block, record.channelID, now)
  }

  /// The state after a block that is known to exist; retried while the node lags (U3).
  func stateAt(
    _ block: UInt64, _ id: Hash32, _ escrow: Address
  ) async throws(ChainError) -> ChannelState {
    try await client.readBack { () async throws(ChainError) in
      try await client.channelState(id, escrow: escrow, at: .number(block))
    }
  }

  /// Asks a second time about channels that read as gone after `block`, a moment later and at a block that is
  /// not older. One answer must not end a channel: what ends here is never looked at again.
  func areGone(
    _ ids: [Hash32], _ escrow: Address, after block: UInt64
  ) async throws(ChainError) -> [Bool] {
    do {
      try await options.sleeper.sleep(milliseconds: options.limits.readBackPause)
    } catch {
      throw ChainError(.cancelled, "cancelled")
    }
    let later = max(block, try await head())
    return try await client.readBack { () async throws(ChainError) in
      try await client.channelStates(ids, escrow: escrow, at: .number(later)).map { !$0.exists }
    }
  }

  /// Whether the channel is gone, seen twice.
  func isGone(_ record: ChannelRecord, at block: UInt64) async throws(ChainError) -> Bool {
    if try await stateAt(block, record.channelID, record.escrow).exists { return false }
    return try await areGone([record.channelID], record.escrow, after: block).first == true
  }

  /// Writes an observation. One that ends the channel must have been made twice.
  @discardableResult
  func merge(
    _ state: ChannelState, _ block: UInt64, _ id: Hash32, _ now: Timestamp
  ) async throws -> ChannelRecord {
    let observation = ChannelObservation(state, block: block)
    // What the chain says can be read again: no answer waits for the disk here.
    let (record, _) = try await table.updateWithoutWaiting(ChannelRecord.key(id)) { stored in
      (try ChannelRecord.applying(.mergeChainState(observation), to: stored), ())
    }
    freshness.noteRead(id, now)
    if record.finalized { live.revokeAll(of: id) }
    return record
  }
}
