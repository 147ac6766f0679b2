import EVM
import Logging
import MPPCore
import MPPServer
import MPPTempo
import Tempo
import TempoRPC

extension ChannelService {
  /// Cooperative close, `04` §22. Also accepted while the payer waits to withdraw (§23).
  func close(_ voucher: SignedVoucher, _ call: SessionCall) async throws -> Verification {
    let id = voucher.channelID
    return try await exclusively(id) {
      let closed: Closed
      if let pending = try await pendingClose(id) {
        // A close of ours is under way, perhaps from before a restart: this request asks for what it does.
        closed = try await finishClose(pending)
      } else {
        // A close that held the lane before us may have ended the channel, and deliveries have gone on.
        guard let stored = try await load(id), !stored.finalized else {
          throw SessionProblem.alreadyFinalized
        }
        try stored.checkCloses(voucher.cumulativeAmount, signer: options.signer.address)
        closed = try await performClose(id, voucher: voucher, trigger: .close)
      }
      return call.management(
        closed.record, source: closed.record.payerSource, accepted: voucher.cumulativeAmount,
        transactionHash: closed.hash)
    }
  }

  struct Closed: Sendable {
    let record: ChannelRecord
    let hash: Hash32
  }

  /// Closes with what has been delivered: takes the close lease, lets deliveries under way end, signs,
  /// journals, sends. The caller holds the lane and has verified `voucher`.
  func performClose(
    _ id: Hash32, voucher: SignedVoucher?, trigger: SettlementEvent.Trigger
  ) async throws -> Closed {
    // A payer who may withdraw soon is waited for less.
    let patience = trigger == .forcedClose ? min(options.holdLease, Self.forcedPatience) : options.holdLease
    let owner = random.fill(8).reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
    do {
      try await beginClose(id, voucher, owner)
      let intent = try await preparedClose(id, owner, patience)
      let result = try await broadcaster.submit(intent.0, probe: goneProbe(id, intent.1))
      return try await closed(result, trigger: trigger)
    } catch let error as ChannelTransitionError {
      throw SessionProblem.refusal(error)
    }
  }

  /// The signed close, not stored yet. Whatever goes wrong until then opens the channel again: nobody has
  /// seen anything.
  private func preparedClose(
    _ id: Hash32, _ owner: UInt64, _ patience: Int64
  ) async throws -> (ChainIntent, Address) {
    do {
      let record = try await drained(id, patience: patience)
      guard let capture = record.captureAmount, let lease = record.closing else {
        throw SessionProblem.closing
      }
      return (try await closeIntent(record, lease.voucher, capture, owner), record.escrow)
    } catch {
      try await apply(.abortClose(owner: owner), to: id)
      throw error
    }
  }

  /// Ends a close lease with nothing behind it: its run died, or could not write, before a close was
  /// journalled. Not waited for while a step of the channel is under way.
  func releaseStaleClose(_ id: Hash32) async throws {
    _ = try await lane.runIfFree(id) {
      guard try await pendingClose(id) == nil, let lease = try await load(id)?.closing,
        isOnlyProcess || lease.expires <= clock.now
      else { return }
      try await apply(.abortClose(owner: lease.owner), to: id)
    }
  }

  private func beginClose(_ id: Hash32, _ voucher: SignedVoucher?, _ owner: UInt64) async throws {
    let now = clock.now
    let attempt = CloseAttempt(
      voucher: voucher, owner: owner, now: now,
      expires: now.adding(milliseconds: 3 * options.holdLease).adding(milliseconds: Self.closeLease))
    let isOnlyProcess = isOnlyProcess
    // The lane is ours and no close is pending in the journal: a lease that is there belongs to a run that
    // died before it had anything to send.
    _ = try await table.update(ChannelRecord.key(id)) { stored in
      guard var record = stored else { throw ChannelTransitionError.notFound }
      if isOnlyProcess, let stale = record.closing {
        record = try record.applying(.abortClose(owner: stale.owner))
      }
      return (try record.applying(.beginClose(attempt)), ())
    }
  }

  private static var forcedPatience: Int64 { 5_000 }
  private static var closeLease: Int64 { 120_000 }
  private static var drainPause: Int64 { 10 }
  /// Between two looks at holds of other processes.
  private static var sharedDrainPause: Int64 { 250 }

  /// Waits until no delivery is under way, at most `patience`. Then those of this process whose first byte is
  /// out are charged, and the others are given back and will not be sent: a close makes nothing free. Other
  /// processes do the same with theirs, or their leases end.
  private func drained(_ id: Hash32, patience: Int64) async throws -> ChannelRecord {
    if isOnlyProcess { try await apply(.releaseAll(exceptEpoch: holds.epoch), to: id) }
    var waited: Int64 = 0
    var isDecided = false
    while true {
      if !isOnlyProcess { table.refresh(ChannelRecord.key(id)) }
      guard let record = try await load(id) else { throw SessionProblem.channelNotFound }
      if record.holds.isEmpty { return record }
      let mine = record.holds.map(\.id).filter { $0.epoch == holds.epoch }
      if waited >= patience, !mine.isEmpty {
        try await decide(mine, of: id)
        // Nobody here knows these, and the report that could explain it is long through.
        if isDecided { try await release(mine.filter { live.hold($0) == nil }, of: id) }
        isDecided = true
      } else {
        try await apply(.releaseExpired(now: clock.now, keeping: holds.epoch), to: id)
      }
      guard waited <= patience + 2 * options.holdLease else {
        throw PaymentProblem.unavailable(reason: "deliveries of this channel are under way", retryAfter: 1)
      }
      let pause = isOnlyProcess || !mine.isEmpty ? Self.drainPause : Self.sharedDrainPause
      try await options.sleeper.sleep(milliseconds: pause)
      waited += pause
    }
  }

  private func closeIntent(
    _ record: ChannelRecord, _ voucher: SignedVoucher, _ capture: Amount, _ owner: UInt64
  ) async throws -> ChainIntent {
    do {
      let calldata = try ChannelReserveABI.closeCalldata(
        record.descriptor, cumulativeAmount: voucher.cumulativeAmount.units, captureAmount: capture.units,
        signature: voucher.signature)
      return try await planner.intent(
        .init(.close, record.channelID), calls: [Call(to: record.escrow, data: calldata)],
        feeToken: options.feeToken ?? record.descriptor.token, signer: options.signer,
        context: try IntentContext.close(capture: capture, voucher: voucher, owner: owner).encoded())
    } catch let error as ChainError {
      throw error.problem("the close transaction")
    }
  }

  func goneProbe(_ id: Hash32, _ escrow: Address) -> Broadcaster.EffectProbe {
    { [client] block throws(ChainError) in
      // Believed for now; the books are closed only after a second look.
      try await !client.channelState(id, escrow: escrow, at: block).exists
    }
  }

  /// The close that waits in the journal, if there is one.
  func pendingClose(_ id: Hash32) async throws -> ChainIntent? {
    guard let intent = try await intents.load(.init(.close, id)), !intent.state.isFinal else { return nil }
    return intent
  }

  /// Continues a close from the journal. The caller holds the lane.
  func finishClose(
    _ intent: ChainIntent, deadline: Int64? = nil
  ) async throws -> Closed {
    guard let record = try await load(intent.identity.subject) else { throw SessionProblem.channelNotFound }
    let result = try await broadcaster.resume(
      intent, probe: goneProbe(record.channelID, record.escrow), deadlineMilliseconds: deadline)
    return try await closed(result, trigger: .close)
  }

  /// Puts the end of a close into the books (`04` §22, broadcast 3 to 5). While the end is not known the
  /// lease stays: no charge and no voucher is accepted, because the transaction may land (W33).
  private func closed(
    _ result: BroadcastResult, trigger: SettlementEvent.Trigger
  ) async throws -> Closed {
    let id = result.intent.identity.subject
    guard let before = try await load(id) else { throw SessionProblem.channelNotFound }
    let context = try? IntentContext(decoding: result.intent.context)
    guard case .close(let capture, let voucher, let owner)? = context else {
      throw StoreError(.corrupt, "a stored close intent cannot be read")
    }
    let block: UInt64
    switch result.outcome {
    case .included(let receipt): block = try await reader.newest(after: receipt)
    case .effective: block = try await reader.head()
    case .reverted, .rejected, .expired:
      try await reopen(before, owner)
      throw SessionProblem.transaction(result.outcome, "close")
    case .unavailable, .pending:
      throw SessionProblem.transaction(result.outcome, "close")
    }
    let isGone = before.finalized ? true : try await reader.isGone(before, at: block)
    guard isGone else {
      // Seen twice: whatever the receipt says, the channel is there. Another close may be signed.
      logger.error(
        "a close's receipt contradicts the channel's state",
        metadata: ["mpp.channel": "\(id.hex.prefix(10))", "mpp.transaction": "\(result.intent.hash.hex)"])
      try await broadcaster.abandon(result)
      try await reopen(before, owner)
      throw SessionProblem.failed("close receipt does not match the channel's state")
    }
    let captured = try await captured(result, before, capture, block)
    let record = try await apply(.closed(captured: captured, voucher: voucher, block: block), to: id)
    live.revokeAll(of: id)
    settlementBackoff.succeeded(id)
    await confirmed(result)
    notify(
      SettlementEvent(
        channelID: id, transactionHash: result.intent.hash, trigger: trigger, amount: captured,
        delta: Amount(units: captured.units - min(before.settled.units, captured.units))))
    return Closed(record: record, hash: result.intent.hash)
  }

  private func reopen(_ record: ChannelRecord, _ owner: UInt64) async throws {
    guard !record.finalized, record.closing?.owner == owner else { return }
    try await apply(.abortClose(owner: owner), to: record.channelID)
  }

  /// What the close that ended the channel captured: by our receipt, else by the chain's logs. An amount that
  /// cannot be is reported, and counts as far as it can.
  private func captured(
    _ result: BroadcastResult, _ record: ChannelRecord, _ capture: Amount, _ block: UInt64
  ) async throws -> Amount {
    var event: (captured: Amount, refunded: Amount)?
    if case .included(let receipt) = result.outcome {
      event = try? ReserveEvents(receipt, channelID: record.channelID, escrow: record.escrow).closed()
    }
    guard let event else { return try await closedAmount(record, upTo: block) ?? record.settled }
    let bound = record.finalized ? Amount.maxUInt96 : record.deposit
    let (total, overflow) = event.captured.units.addingReportingOverflow(event.refunded.units)
    if event.captured != capture || overflow || total > bound.units {
      logger.error(
        "ChannelClosed amounts do not match state",
        metadata: ["mpp.channel": "\(record.channelID.hex.prefix(10))", "captured": "\(event.captured)"])
    }
    return min(event.captured, bound)
  }

  /// What whoever closed the channel captured, from the chain's logs; nil when the payer has withdrawn or the
  /// logs are not to be had.
  func closedAmount(_ record: ChannelRecord, upTo block: UInt64) async throws -> Amount? {
    let topic = ChannelReserveABI.channelClosed.topic
    let search = await client.searchLogs(
      address: record.escrow, topics: [topic, record.channelID], from: min(record.observedBlock, block),
      to: block)
    for log in search.logs {
      guard let event = try? ChannelReserveEvent(log: log, escrow: record.escrow),
        event.channelID == record.channelID, case .closed(let captured, _) = event.kind
      else { continue }
      return min(Amount(units: captured), record.finalized ? .maxUInt96 : record.deposit)
    }
    if let failure = search.failure { throw failure.problem("the end of the channel") }
    return nil
  }

  /// The channel's record is durable: a journal that fails now takes nothing of it back, and the next sweep ends the intent.
  func confirmed(_ result: BroadcastResult) async {
    do { try await broadcaster.confirm(result) } catch {
      logger.warning("a chain action stays in the journal for now", metadata: ["mpp.code": "\(error)"])
    }
  }

  func notify(_ event: SettlementEvent) {
    logger.info(
      "captured",
      metadata: [
        "mpp.channel": "\(event.channelID.hex.prefix(10))", "trigger": "\(event.trigger.rawValue)",
        "delta": "\(event.delta)",
      ])
    reports?.insert(event)
  }
}
