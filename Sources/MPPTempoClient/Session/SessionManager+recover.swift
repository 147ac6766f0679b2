import EVM
import Logging
import MPPClient
import MPPCore
import MPPTempo
import Tempo
import TempoRPC

extension SessionManager {
  /// Brings journal and chain together, and gets deposits back (`05` §12.5, §22.3, U8).
  func recover(_ scope: RecoveryScope) async throws(PaymentClientError) -> [ChannelStatus] {
    var notes: [Hash32: String] = [:]
    do {
      try await adoptForgotten()
    } catch {
      // Channels of the journal are recovered all the same.
      logger.warning("the chain could not be searched for forgotten channels: \(error)")
    }
    for lane in allLanes where lane.all.contains(where: \.mayHoldDeposit) {
      let found = try await alone(on: lane) { () async throws -> [Hash32: String] in
        var found: [Hash32: String] = [:]
        for channel in lane.all where channel.mayHoldDeposit {
          do {
            found[channel.channelID] = try await self.recover(channel.channelID, in: lane, scope)
          } catch {
            found[channel.channelID] = "\(PaymentClientError.wrapping(error))"
          }
        }
        return found
      }
      notes.merge(found) { _, new in new }
    }
    return allChannels.map { status($0, note: notes[$0.channelID]) }
  }

  /// One channel, one step further. Returns what is in the way, or nil.
  private func recover(_ id: Hash32, in lane: SessionLane, _ scope: RecoveryScope) async throws -> String? {
    var channel = try await reconcileOpening(id, in: lane)
    switch channel.phase {
    case .closed, .abandoned: return nil
    case .opening: return "the opening may still be mined"
    case .open where scope == .unusable: return nil
    case .open, .closing:
      let outcome = await closeCooperatively(id, in: lane)
      guard let error = outcome.error else { return nil }
      logger.info("channel \(id.hex.prefix(10)): \(error); closing it on chain")
      channel = lane.channel(id) ?? channel
    case .orphaned, .closeRequested: break
    }
    return try await closeOnChain(channel, in: lane)
  }

  /// Requests the close, or withdraws once the grace period is over. Sent through the journal (U9).
  private func closeOnChain(_ channel: ClientChannel, in lane: SessionLane) async throws -> String? {
    let id = channel.channelID
    var channel = channel
    if channel.phase != .closeRequested {
      try await act(.requestClose, ChannelReserveABI.requestCloseCalldata(channel.descriptor), channel)
      channel = try await reconcile(id, in: lane)
    }
    guard channel.phase == .closeRequested, let withdrawableAt = withdrawableAt(channel) else {
      return channel.phase == .closed ? nil : "the close request is not on chain yet"
    }
    let observed: ChainBlock
    do { observed = try await chain.client.latestBlock() } catch {
      throw PaymentClientError.chain("no block", error)
    }
    guard Timestamp(seconds: Int64(clamping: observed.timestamp)) >= withdrawableAt else {
      return "the deposit can be withdrawn from \(withdrawableAt.rfc3339)"
    }
    try await act(.withdraw, ChannelReserveABI.withdrawCalldata(channel.descriptor), channel)
    channel = try await reconcile(id, in: lane)
    return channel.phase == .closed ? nil : "the withdrawal is not on chain yet"
  }

  /// One transaction of this client itself: recorded, sent, and looked for until it is decided.
  private func act(_ kind: ChainIntent.Kind, _ calldata: [UInt8], _ channel: ClientChannel) async throws {
    let identity = ChainIntent.Identity(kind, channel.channelID)
    if let pending = try await intents.load(identity), !pending.state.isFinal {
      let result = try await chain.broadcaster.resume(pending, probe: probe(kind, channel))
      try await chain.broadcaster.finish(result)
      if result.error == nil { return }
      guard !result.isUndecided else { throw PaymentClientError.outcome(result) }
    }
    let intent = try await chain.intent(identity, calldata, channel)
    let result = try await chain.broadcaster.submit(intent, probe: probe(kind, channel))
    try await chain.broadcaster.finish(result)
    if result.error != nil { throw PaymentClientError.outcome(result) }
  }

  private func probe(_ kind: ChainIntent.Kind, _ channel: ClientChannel) -> Broadcaster.EffectProbe {
    let client = chain.client
    let id = channel.channelID
    let escrow = channel.escrow
    return { block async throws(ChainError) in
      let state = try await client.channelState(id, escrow: escrow, at: block)
      return kind == .withdraw ? !state.exists : !state.exists || state.closeRequestedAt != 0
    }
  }

  func withdrawableAt(_ channel: ClientChannel) -> Timestamp? {
    channel.closeRequestedAt?.adding(seconds: Int64(ChannelReserveABI.closeGracePeriodSeconds))
  }

  /// Finds channels this payer opened and the journal does not know, and lists those that still hold a deposit.
  private func adoptForgotten() async throws {
    let chainID = try await chain.chainID()
    let escrow = options.escrow ?? TempoAddress.channelReserve
    let known = Set(allChannels.map(\.channelID))
    let head = try await chain.client.latestBlock()
    let first = head.number > options.recoveryBlocks ? head.number - options.recoveryBlocks : 0
    for descriptor in try await openedChannels(escrow, from: first, to: head.number) {
      let id = descriptor.channelID(escrow: escrow, chainID: chainID)
      guard !known.contains(id), descriptor.payer == payer else { continue }
      let state = try await chain.client.channelState(id, escrow: escrow)
      guard state.exists else { continue }
      try await adopt(descriptor, id, state, escrow: escrow, chainID: chainID)
    }
  }

  /// What was authorised on such a channel is unknown: it is never paid with, only closed (J8).
  private func adopt(
    _ descriptor: ChannelDescriptor, _ id: Hash32, _ state: ChannelState, escrow: Address, chainID: UInt64
  ) async throws {
    let deposit = Amount(units: state.deposit)
    let settled = Amount(units: state.settled)
    let channel = ClientChannel(
      channelID: id, chainID: chainID, escrow: escrow, descriptor: descriptor, origin: "", resource: "",
      opening: nil,
      account: try VoucherAccount(authorized: settled, writtenOff: settled, deposit: deposit, cap: deposit),
      phase: .orphaned, createdAt: environment.clock.now)
    let lane = lane(LaneKey(channel))
    try await lane.lock.withPermits {
      lane.insert(channel)
      _ = try await lane.store(id)
    }
    logger.warning("channel \(id.hex.prefix(10)): found on chain with a deposit of \(deposit)")
  }

  /// In stretches that nodes accept; a node that refuses a stretch is asked for halves.
  private func openedChannels(
    _ escrow: Address, from first: UInt64, to last: UInt64
  ) async throws -> [ChannelDescriptor] {
    var found: [ChannelDescriptor] = []
    var start = first
    var length: UInt64 = 100_000
    while start <= last {
      let end = last - start < length ? last : start + length - 1
      do {
        let logs = try await chain.client.logs(
          address: escrow, topics: [ChannelReserveABI.channelOpened.topic, nil, payer.word], from: start,
          to: end)
        for log in logs {
          if let event = try ChannelReserveEvent(log: log, escrow: escrow),
            let descriptor = event.openedDescriptor
          {
            found.append(descriptor)
          }
        }
        guard end < last else { return found }
        start = end + 1
      } catch let error as ChainError where error.code == .rejected && length > 1_000 {
        length /= 2
      }
    }
    return found
  }
}

extension Broadcaster {
  /// Forgets an intent whose fate is decided.
  fileprivate func finish(_ result: BroadcastResult) async throws {
    if !result.isUndecided { try await confirm(result) }
  }
}

extension PaymentClientError {
  fileprivate static func outcome(_ result: BroadcastResult) -> PaymentClientError {
    PaymentClientError(
      result.isUndecided ? .outcomeUnknown : .chain, "the transaction had no effect yet", isRetryable: true,
      underlying: result.error)
  }
}
