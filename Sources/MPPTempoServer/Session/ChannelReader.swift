import EVM
import Logging
import MPPCore
import MPPServer
import MPPTempo
import Tempo
import TempoRPC

/// What ledger and chain say about channels, and how much of it is believed at once. It reads and writes nothing.
final class ChannelReader: Sendable {
  let chain: ChainReader
  let table: RecordView<ChannelRecord>
  let intents: RecordView<IntentRecord>
  let freshness: ChannelFreshness
  private let heights = ChainHeights()
  private let reads = Lane<Hash32>(maximumWaiters: 4_096)
  private let keys = SignerKeys()
  private let maximumStaleness: Int64
  private let readBackPause: Int64
  private let sleeper: any Sleeper
  private let clock: any WallClock
  private let logger: Logger

  init(
    _ options: TempoSessionOptions, _ ledger: LedgerReader, chain: ChainReader, clock: any WallClock,
    logger: Logger
  ) throws(StoreError) {
    self.chain = chain
    table = try ledger.table(ChannelRecord.self)
    intents = try ledger.table(IntentRecord.self)
    freshness = ChannelFreshness(ttl: options.channelStateTTL)
    maximumStaleness = options.maximumStaleness
    readBackPause = options.limits.readBackPause
    sleeper = options.sleeper
    self.clock = clock
    self.logger = logger
  }

  // MARK: Blocks

  /// Number of the newest block.
  /// - Parameter share: the share of the node that is asked; the main one when nil.
  /// - Throws: `.invalidAnswer` also when the number cannot be true.
  func head(on share: ChainReader? = nil) async throws(ChainError) -> UInt64 {
    let share = share ?? chain
    let block = try await share.blockNumber()
    if heights.isEmpty(now: clock.now) {
      // Nothing to compare with after a start, or when the clock was set back: the node is asked twice.
      let first = try await share.blockNumber()
      let second = try await share.blockNumber()
      guard ChainHeights.agree(first, second) else {
        throw ChainError(.invalidAnswer, "the node names block numbers that contradict each other")
      }
      _ = heights.accept(second, now: clock.now)
    }
    guard heights.accept(block, now: clock.now) else { throw impossible(block) }
    return block
  }

  /// Where to read what an included transaction has done: the newest block, because nodes forget the state of old
  /// ones, and what was done since then counts. The receipt's own when the node lags behind it.
  func newest(after receipt: TransactionReceipt) async throws(ChainError) -> UInt64 {
    let head = try await head()
    guard heights.isPossible(receipt.blockNumber, now: clock.now) else {
      throw impossible(receipt.blockNumber)
    }
    return max(head, receipt.blockNumber)
  }

  private func impossible(_ block: UInt64) -> ChainError {
    logger.error("the node names an impossible block number", metadata: ["mpp.block": "\(block)"])
    return ChainError(.invalidAnswer, "the node names an impossible block number")
  }

  // MARK: State

  /// A record as it is once what was read of the chain is in it.
  struct Current: Sendable {
    let stored: StoredRecord<ChannelRecord>
    /// What the ledger does not say yet.
    let unwritten: ChannelObservation?

    var record: ChannelRecord { stored.record }

    init(_ stored: StoredRecord<ChannelRecord>, _ unwritten: ChannelObservation?) throws {
      self.unwritten = unwritten
      self.stored =
        if let unwritten { StoredRecord(try stored.record.applying(.mergeChainState(unwritten))) } else {
          stored
        }
    }

    /// A refusal that hands on what was read, so that it can be written down.
    func refusal(_ problem: PaymentProblem) -> any Error {
      guard let unwritten else { return problem }
      return PaymentRefusal(
        problem, evidence: ChannelEvidence(channelID: stored.record.channelID, observation: unwritten))
    }

    /// Checks the record, and makes refusals of the problems.
    func check<T>(_ body: (ChannelRecord) throws(PaymentProblem) -> T) throws -> T {
      do throws(PaymentProblem) { return try body(stored.record) } catch { throw refusal(error) }
    }
  }

  /// The record with chain state that is not older than the limit. Concurrent callers share one read.
  func current(_ known: StoredRecord<ChannelRecord>, _ now: Timestamp) async throws -> Current {
    let id = known.record.channelID
    if let reading = freshness.reading(id, now) { return try Current(known, reading.unwritten) }
    do {
      return try await reads.run(id) {
        if let reading = freshness.reading(id, now) {
          let stored = try await table.loadStored(ChannelRecord.key(id)) ?? known
          return try Current(stored, reading.unwritten)
        }
        do {
          return try await reread(known, now)
        } catch let error as ChainError {
          guard freshness.toleratesFailure(id, now, limit: maximumStaleness) else {
            throw error.problem("the channel's state")
          }
          logger.warning(
            "serving a channel with old chain state",
            metadata: ["mpp.channel": "\(id.hex.prefix(10))", "mpp.code": "\(error.label)"])
          return try Current(known, freshness.reading(id, now)?.unwritten)
        }
      }
    } catch is LaneError {
      throw PaymentProblem.unavailable(reason: "too many requests of this channel wait", retryAfter: 1)
    }
  }

  /// The record for a voucher above the deposit it knows, which may have been raised on the chain without us, and for a
  /// close.
  ///
  /// Either can be signed once and sent without end: a channel has one of these reads a second, and callers who come
  /// meanwhile get what it found.
  /// - Parameter share: of the node, for what strangers cause.
  func looked(
    _ known: StoredRecord<ChannelRecord>, _ now: Timestamp, on share: ChainReader
  ) async throws -> Current {
    let id = known.record.channelID
    do {
      return try await reads.run(id) {
        switch freshness.beginLook(id, now) {
        case .made:
          let stored = try await table.loadStored(ChannelRecord.key(id)) ?? known
          return try Current(stored, freshness.reading(id, now)?.unwritten)
        case .failed:
          throw PaymentProblem.unavailable(
            reason: "the chain cannot be reached for the channel's state", retryAfter: 1)
        case .due: break
        }
        do {
          return try await reread(known, now, on: share)
        } catch let error as ChainError {
          freshness.lookFailed(id)
          throw error.problem("the channel's state")
        }
      }
    } catch is LaneError {
      throw PaymentProblem.unavailable(reason: "too many requests of this channel wait", retryAfter: 1)
    }
  }

  /// An open of a channel that is open.
  func reopened(
    _ stored: StoredRecord<ChannelRecord>, _ open: VerifiedOpen, _ now: Timestamp
  ) async throws -> Current {
    guard stored.record.descriptor == open.descriptor else { throw SessionProblem.foreignDescriptor }
    guard !stored.record.finalized else { throw SessionProblem.finalized }
    let current = try await current(stored, now)
    try current.check { record throws(PaymentProblem) in
      try record.checkServes()
      // The deposit of the calldata may be old by now; the record's is the chain's.
      guard open.voucher.cumulativeAmount > record.settled else { throw SessionProblem.belowSettled }
    }
    return current
  }

  /// Reads the chain now, and remembers in memory what it says.
  /// - Throws: `ChainError` when it cannot be read or contradicts itself.
  func reread(
    _ known: StoredRecord<ChannelRecord>, _ now: Timestamp, on share: ChainReader? = nil
  ) async throws -> Current {
    let observation = try await observe(known.record, on: share)
    freshness.noteRead(known.record.channelID, now, unwritten: observation)
    return try Current(known, observation)
  }

  /// Reads the chain now.
  /// - Throws: `ChainError` when it cannot be read or contradicts itself.
  func observe(_ record: ChannelRecord, on share: ChainReader? = nil) async throws -> ChannelObservation {
    let block = try await head(on: share)
    let seen = ChannelObservation(
      try await stateAt(block, record.channelID, record.escrow, on: share), block: block)
    guard !record.finalized else { return seen }
    return try await believed(
      seen, record.channelID, record.escrow, deposit: record.deposit, settled: record.settled, on: share)
  }

  /// What one look at a channel has shown, as far as it can be believed: what the books could never take back is looked at twice.
  /// - Parameters:
  ///   - deposit: known to be paid in.
  ///   - settled: known to be paid out.
  /// - Throws: `.invalidAnswer` when the second look contradicts it.
  func believed(
    _ seen: ChannelObservation, _ id: Hash32, _ escrow: Address, deposit: Amount, settled: Amount,
    on share: ChainReader? = nil
  ) async throws(ChainError) -> ChannelObservation {
    guard seen.isBeyond(deposit: deposit, settled: settled) else { return seen }
    let second = try await secondLook([id], escrow, after: seen.block, on: share).first
    guard let second, let believed = seen.confirmed(by: second) else {
      throw ChainError(.invalidAnswer, "the node contradicts itself about a channel")
    }
    return believed
  }

  /// The state after a block that is known to exist; retried while the node lags (U3).
  func stateAt(
    _ block: UInt64, _ id: Hash32, _ escrow: Address, on share: ChainReader? = nil
  ) async throws(ChainError) -> ChannelState {
    let share = share ?? chain
    return try await share.readBack { () async throws(ChainError) in
      try await share.channelState(id, escrow: escrow, at: .number(block))
    }
  }

  /// Asks about channels a second time, a moment later and at a block that is not older. One answer must neither end a
  /// channel, which is never looked at again, nor raise what never falls.
  func secondLook(
    _ ids: [Hash32], _ escrow: Address, after block: UInt64, on share: ChainReader? = nil
  ) async throws(ChainError) -> [ChannelObservation] {
    let share = share ?? chain
    do {
      try await sleeper.sleep(milliseconds: readBackPause)
    } catch {
      throw ChainError(.cancelled, "cancelled")
    }
    let later = max(block, try await head(on: share))
    return try await share.readBack { () async throws(ChainError) in
      try await share.channelStates(ids, escrow: escrow, at: .number(later))
    }.map { ChannelObservation($0, block: later) }
  }

  /// Whether the channel is gone, seen twice.
  func isGone(_ record: ChannelRecord, at block: UInt64) async throws(ChainError) -> Bool {
    if try await stateAt(block, record.channelID, record.escrow).exists { return false }
    return try await secondLook([record.channelID], record.escrow, after: block).first?.exists == false
  }

  // MARK: Signatures

  /// Checks a voucher's signature with the rules of the chain.
  func verify(_ voucher: SignedVoucher, signer: Address, domain: VoucherDomain) throws(PaymentProblem) {
    let digest: Hash32
    do {
      digest = try Voucher(
        channelID: voucher.channelID, cumulativeAmount: voucher.cumulativeAmount.units
      ).digest(domain: domain)
    } catch {
      throw SessionProblem.failed("cumulativeAmount exceeds uint96")
    }
    let known = keys.key(of: signer)
    do {
      let found = try VoucherVerifier.verify(
        signature: voucher.signature, digest: digest, signer: signer, cachedKey: known)
      if known == nil, let found { keys.remember(found) }
    } catch {
      throw SessionProblem.invalidSignature
    }
  }
}

/// What the chain said of a channel when a credential was refused; see ``TempoSessionMethod/keep(_:)``.
struct ChannelEvidence: Sendable {
  let channelID: Hash32
  let observation: ChannelObservation
}
