import EVM
import Logging
import MPPClient
import MPPCore
import MPPTempo
import Tempo
import TempoRPC

extension SessionManager {
  /// Brings journal and chain together, and gets deposits back (`05` §12.5, §22.3, U8). Channels of another chain than the node's
  /// are left as they are, with a note.
  /// - Throws: `.wrongChain` before anything is done; `.recoveryIncomplete` after everything else is, when the chain could not be
  ///   searched for channels the journal does not know.
  func recover(_ scope: RecoveryScope) async throws(PaymentClientError) -> [ChannelStatus] {
    var notes: [Hash32: String] = [:]
    var unsearched: PaymentClientError?
    do {
      try await findForgotten()
    } catch {
      let error = PaymentClientError.wrapping(error)
      guard error.code != .wrongChain, error.code != .cancelled else { throw error }
      // Channels of the journal are recovered all the same.
      unsearched = error
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
    let channels = allChannels.map { status($0, note: notes[$0.channelID]) }
    if let unsearched {
      throw PaymentClientError(
        .recoveryIncomplete, "the chain could not be searched for channels that the journal does not know",
        isRetryable: true, channels: channels, underlying: unsearched)
    }
    return channels
  }

  /// One channel, one step further. Returns what is in the way, or nil.
  private func recover(_ id: Hash32, in lane: SessionLane, _ scope: RecoveryScope) async throws -> String? {
    let looked = try await lookForEnd(id, in: lane)
    var channel = looked.channel
    switch channel.phase {
    case .closed: return looked.note
    case .abandoned: return nil
    case .opening: return "the opening may still be mined"
    case .open where scope == .unusable: return nil
    case .open, .closing:
      let outcome = await closeCooperatively(id, in: lane)
      guard let error = outcome.error else { return outcome.captured == nil ? ChannelEnd.unknown : nil }
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
      try await act(.requestClose, ChannelReserveABI.requestCloseCalldata(channel.descriptor), channel, lane)
      let looked = try await lookForEnd(id, in: lane)
      if looked.channel.phase == .closed { return looked.note }
      channel = looked.channel
    }
    guard channel.phase == .closeRequested, let withdrawableAt = withdrawableAt(channel) else {
      return "the close request is not on chain yet"
    }
    let observed: ChainBlock
    let client = try await chain.paying.node(of: channel.chainID).client
    do { observed = try await client.latestBlock() } catch {
      throw PaymentClientError.chain("no block", error)
    }
    guard Timestamp(seconds: Int64(clamping: observed.timestamp)) >= withdrawableAt else {
      return "the deposit can be withdrawn from \(withdrawableAt.rfc3339)"
    }
    try await act(.withdraw, ChannelReserveABI.withdrawCalldata(channel.descriptor), channel, lane)
    let looked = try await lookForEnd(id, in: lane)
    return looked.channel.phase == .closed ? looked.note : "the withdrawal is not on chain yet"
  }

  /// One transaction of this client itself: recorded, sent, and looked for until it is decided. Its fee is counted, and no limit
  /// of the period stands in its way: it gets money back.
  private func act(
    _ kind: ChainIntent.Kind, _ calldata: [UInt8], _ channel: ClientChannel, _ lane: SessionLane
  ) async throws {
    let identity = ChainIntent.Identity(kind, channel.channelID)
    let broadcaster = try await chain.broadcaster()
    let probe = probe(kind, channel, broadcaster.client)
    if let pending = try await intents.load(identity), !pending.state.isFinal {
      let result = try await broadcaster.resume(pending, probe: probe)
      try await broadcaster.finish(result)
      if result.error == nil { return }
      guard !result.isUndecided else { throw PaymentClientError.outcome(result) }
    }
    let (intent, fee) = try await chain.intent(identity, calldata, channel)
    try environment.spending.count(fee, account: lane.key.description)
    _ = try await lane.store(channel.channelID)
    let result = try await broadcaster.submit(intent, probe: probe)
    try await broadcaster.finish(result)
    if result.error != nil { throw PaymentClientError.outcome(result) }
  }

  private func probe(
    _ kind: ChainIntent.Kind, _ channel: ClientChannel, _ client: ChainClient
  ) -> Broadcaster.EffectProbe {
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
