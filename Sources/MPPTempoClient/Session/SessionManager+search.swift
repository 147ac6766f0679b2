import EVM
import Logging
import MPPClient
import MPPCore
import MPPTempo
import Tempo
import TempoRPC

// Channels this payer opened and the journal does not know (U8).
extension SessionManager {
  /// Channels whose states are read in one call.
  private static let statesAtOnce = 64

  /// Lists every channel that still holds a deposit. One that the journal calls finished is looked at again: a chain that shows its
  /// deposit is right.
  /// - Throws: also when not every block could be searched, after what was found is listed.
  func findForgotten() async throws {
    let node = try await chain.paying.node()
    let escrow = options.escrow ?? TempoAddress.channelReserve
    let listed = Set(allChannels.filter(\.mayHoldDeposit).map(\.channelID))
    var missing: [Hash32: ChannelDescriptor] = [:]
    let opened = try await openedChannels(escrow, node.client)
    for descriptor in opened.descriptors where descriptor.payer == payer {
      let id = descriptor.channelID(escrow: escrow, chainID: node.chainID)
      if !listed.contains(id) { missing[id] = descriptor }
    }
    let ids = Array(missing.keys)
    for start in stride(from: 0, to: ids.count, by: Self.statesAtOnce) {
      let some = Array(ids[start..<min(start + Self.statesAtOnce, ids.count)])
      for (id, state) in zip(some, try await node.client.channelStates(some, escrow: escrow))
      where state.exists {
        guard let descriptor = missing[id] else { continue }
        try await list(descriptor, id, state, escrow: escrow, chainID: node.chainID)
      }
    }
    if let failure = opened.failure { throw failure }
  }

  private func list(
    _ descriptor: ChannelDescriptor, _ id: Hash32, _ state: ChannelState, escrow: Address, chainID: UInt64
  ) async throws {
    if let lane = allLanes.first(where: { $0.channel(id) != nil }) {
      logger.warning("channel \(id.hex.prefix(10)): in the journal it is finished, on chain it is not")
      try await lane.lock.withPermits { _ = try await self.reconcile(id, in: lane) }
      return
    }
    // What was authorised on such a channel is unknown: it is never paid with, only closed (J8).
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

  private func openedChannels(_ escrow: Address, _ client: ChainClient) async throws -> Opened {
    let head = try await client.latestBlock()
    let search = await client.searchLogs(
      address: escrow, topics: [ChannelReserveABI.channelOpened.topic, nil, payer.word], from: 0,
      to: head.number, limit: options.recoveryBlocks)
    if search.isCutOff {
      let bound = head.number - options.recoveryBlocks
      logger.warning(
        "channels opened before block \(bound) were not looked for: the last \(options.recoveryBlocks) blocks are searched",
        metadata: ["from": "\(bound)", "to": "\(head.number)"])
    }
    var descriptors: [ChannelDescriptor] = []
    for log in search.logs {
      if let event = try ChannelReserveEvent(log: log, escrow: escrow), let found = event.openedDescriptor {
        descriptors.append(found)
      }
    }
    if search.failure != nil {
      logger.warning(
        "the search for channels was broken off",
        metadata: ["from": "\(search.oldest ?? head.number)", "to": "\(head.number)"])
    }
    return Opened(descriptors: descriptors, failure: search.failure)
  }
}

/// The channels whose opening was found.
private struct Opened {
  let descriptors: [ChannelDescriptor]
  /// Why not every block was searched.
  let failure: ChainError?
}
