import EVM
import Logging
import MPPCore
import MPPServer
import MPPTempo
import Tempo
import TempoRPC

/// The channels of one server: their records, their chain, and what keeps both in step. Shared by the session
/// method and the background services.
///
/// Vouchers go through the record table alone. Work of several steps (open, top-up, settle, close) holds the
/// channel's lane, so that one channel has at most one of them under way.
final class ChannelService: Sendable {
  let options: TempoSessionOptions
  let client: ChainClient
  /// For dry runs of transactions that anybody may hand in: its own, smaller share of the node, so that a
  /// flood of them does not keep vouchers, settlements and forced closes from it.
  let simulator: ChainClient
  let broadcaster: Broadcaster
  /// For what clients have signed: waits on the smaller share.
  let clientBroadcaster: Broadcaster
  let planner: TransactionPlanner
  let table: RecordTable<ChannelRecord>
  /// Which channel a payer opened last; nil: nobody asks.
  let payerChannels: RecordTable<PayerChannel>?
  let intents: LedgerIntentStore
  let ledger: Ledger
  let lane = Lane<Hash32>()
  let holds: HoldSequence
  let live = LiveHolds()
  /// No other process serves this ledger: holds of other epochs are dead, and nobody else releases ours.
  let isOnlyProcess: Bool
  let clock: any WallClock
  let random: any RandomSource
  let logger: Logger
  /// What ledger and chain say, for those who check and for those who act.
  let reader: ChannelReader
  /// Bounds the looks at opens: anybody may hand one in, funded or not.
  let openings: OpeningGate
  /// Bounds the looks at top-ups, which only the payers of channels hand in.
  let topUps: OpeningGate
  /// Bounds the opens and top-ups that were looked at and are sent.
  let sendings: OpeningGate
  /// Pays the fees of opens and top-ups, where the offer says so.
  let feePayer: FeePayer?
  /// What the application wants to be told; nil: nothing.
  let reports: SettlementReports?
  /// Leaves channels alone whose scheduled settlement fails.
  let settlementBackoff: ChannelBackoff
  let ends: UnexplainedEnds
  private let due: SettlementPlan?
  private let queue: SettlementQueue

  init(
    _ options: TempoSessionOptions, _ environment: MethodEnvironment, due: SettlementPlan?,
    queue: SettlementQueue
  ) throws {
    self.options = options
    self.due = due
    self.queue = queue
    settlementBackoff = ChannelBackoff(pause: options.sweepInterval)
    ends = UnexplainedEnds(ChannelBackoff(pause: options.sweepInterval))
    clock = environment.clock
    random = environment.random
    logger = environment.logger
    reports = options.onSettlement.map { SettlementReports(logger: environment.logger, $0) }
    client = ChainClient(
      transport: options.transport, chainID: options.chainID, clock: environment.clock,
      sleeper: options.sleeper, random: environment.random, limits: options.limits)
    simulator = client.share()
    ledger = environment.ledger
    intents = try LedgerIntentStore(environment.ledger)
    broadcaster = Broadcaster(client: client, store: intents)
    clientBroadcaster = Broadcaster(client: simulator, store: intents)
    func gate() -> OpeningGate {
      OpeningGate(limit: options.maximumOpenings, limitPerPayer: options.maximumOpeningsPerPayer)
    }
    (openings, topUps, sendings) = (gate(), gate(), gate())
    var planner = TransactionPlanner(
      client: client, chainID: options.chainID, random: environment.random)
    planner.maximumFee = options.maximumFee
    self.planner = planner
    let currency = try? Address(hex: options.currencyText)
    let feeTokens = [options.feeToken, currency].compactMap { $0 }
    let simulator = simulator
    feePayer = try options.feePayer.map {
      try FeePayer(
        $0, chainID: options.chainID, client: simulator, feeTokens: feeTokens, environment)
    }
    table = try environment.ledger.table(ChannelRecord.self)
    payerChannels = options.bootstrap.isNewestChannel ? try environment.ledger.table() : nil
    holds = HoldSequence(random: environment.random)
    isOnlyProcess = options.isOnlyProcess ?? !environment.ledger.store.isShared
    reader = try ChannelReader(
      options, environment.ledger.reader, chain: ChainReader(client), clock: environment.clock,
      logger: environment.logger)
  }

  /// Does what a valid credential asks for.
  func settle(_ valid: TempoSessionValidator.Valid) async throws -> Verification {
    let call = valid.call
    switch valid.action {
    case .voucher(let acceptance, let source):
      if let unwritten = valid.unwritten { try await merge(unwritten, acceptance.voucher.channelID) }
      return try await accept(acceptance, source, call)
    case .open(let open, let standing):
      if let unwritten = valid.unwritten { try await merge(unwritten, open.channelID) }
      return try await self.open(open, standing, call)
    case .topUp(let payload, let transaction, let standing):
      if let unwritten = valid.unwritten { try await merge(unwritten, payload.channelID) }
      return try await topUp(payload, transaction, standing, call)
    case .close(let voucher):
      if let unwritten = valid.unwritten { try await merge(unwritten, voucher.channelID) }
      return try await close(voucher, call)
    }
  }

  // MARK: Records

  func load(_ id: Hash32) async throws -> ChannelRecord? { try await table.load(ChannelRecord.key(id)) }

  /// Applies a transition, durably.
  @discardableResult
  func apply(_ transition: ChannelTransition, to id: Hash32) async throws -> ChannelRecord {
    let (record, before) = try await table.update(ChannelRecord.key(id)) { stored in
      (try ChannelRecord.applying(transition, to: stored), stored)
    }
    if case .mergeChainState(let observation) = transition { ends.note(observation, before: before) }
    return record
  }

  /// Runs a step that holds the channel's lane.
  /// - Parameter isOwn: what the server does of itself goes before what clients ask for, who could keep it out.
  func exclusively<T>(
    _ id: Hash32, isOwn: Bool = false, _ body: nonisolated(nonsending) () async throws -> T
  ) async throws -> T {
    do {
      return try await lane.run(id, isAhead: isOwn, body)
    } catch is LaneError {
      throw PaymentProblem.unavailable(reason: "too many requests of this channel wait", retryAfter: 1)
    }
  }

  // MARK: Chain state

  /// Reads the chain now and writes what it says into the record.
  /// - Throws: `ChainError` when it cannot be read or contradicts itself; the record is unchanged then.
  func read(_ record: ChannelRecord, _ now: Timestamp) async throws -> ChannelRecord {
    try await merge(try await reader.observe(record), record.channelID, readAt: now)
  }

  /// Writes an observation. What the record could not take back must have been seen twice.
  /// - Parameter readAt: nil when the reader knows of it.
  @discardableResult
  func merge(
    _ observation: ChannelObservation, _ id: Hash32, readAt: Timestamp? = nil
  ) async throws -> ChannelRecord {
    // What the chain says can be read again: no answer waits for the disk here.
    let (record, before) = try await table.updateWithoutWaiting(ChannelRecord.key(id)) { stored in
      (try ChannelRecord.applying(.mergeChainState(observation), to: stored), stored)
    }
    ends.note(observation, before: before)
    if let readAt {
      reader.freshness.noteRead(id, readAt)
    } else {
      reader.freshness.noteWritten(id, observation)
    }
    if record.finalized { live.revokeAll(of: id) }
    return record
  }

  /// A charge was committed: the channel may be due now. Settlement itself runs in the background.
  func charged(_ stored: StoredRecord<ChannelRecord>) {
    if let due, due.isDue(stored.record, now: clock.now) { queue.insert(stored.record.channelID) }
  }
}

extension ChannelObservation {
  init(_ state: ChannelState, block: UInt64) {
    self.init(
      deposit: Amount(units: state.deposit), settled: Amount(units: state.settled),
      closeRequestedAt: state.closeRequestedAt, block: block)
  }
}
