import EVM
import Logging
import MPPClient
import MPPCore
import MPPTempo
import Tempo
import TempoRPC

// Channels this payer opened and the journal does not know (U8).
extension SessionManager {
  /// Blocks asked for at once, at most and at least; a node that refuses a stretch is asked for halves.
  private static let longestStretch: UInt64 = 100_000
  private static let shortestStretch: UInt64 = 1_000
  /// Channels whose states are read in one call.
  private static let statesAtOnce = 64

  /// Lists every channel that still holds a deposit. One that the journal calls finished is looked at again: a chain that shows its
  /// deposit is right.
  func findForgotten() async throws {
    let node = try await chain.paying.node()
    let escrow = options.escrow ?? TempoAddress.channelReserve
    let listed = Set(allChannels.filter(\.mayHoldDeposit).map(\.channelID))
    var missing: [Hash32: ChannelDescriptor] = [:]
    for descriptor in try await openedChannels(escrow, node.client) where descriptor.payer == payer {
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

  private func openedChannels(_ escrow: Address, _ client: ChainClient) async throws -> [ChannelDescriptor] {
    let head = try await client.latestBlock()
    var found: [ChannelDescriptor] = []
    var start = head.number > options.recoveryBlocks ? head.number - options.recoveryBlocks : 0
    var length = Self.longestStretch
    while start <= head.number {
      let end = head.number - start < length ? head.number : start + length - 1
      do {
        let logs = try await client.logs(
          address: escrow, topics: [ChannelReserveABI.channelOpened.topic, nil, payer.word], from: start,
          to: end)
        for log in logs {
          if let event = try ChannelReserveEvent(log: log, escrow: escrow),
            let descriptor = event.openedDescriptor
          {
            found.append(descriptor)
          }
        }
        guard end < head.number else { return found }
        start = end + 1
        length = min(length * 2, Self.longestStretch)
      } catch let error as ChainError where error.mayBeTooMuch && length > Self.shortestStretch {
        length /= 2
      }
    }
    return found
  }
}

extension ChainError {
  /// Whether the node may answer a smaller question: it refused this one, took too long over it, named a limit (-32005, EIP-1474), or
  /// its answer was longer than is read.
  fileprivate var mayBeTooMuch: Bool {
    switch code {
    case .rejected, .timeout, .invalidAnswer: true
    case .unavailable: rpcCode == -32005
    default: false
    }
  }
}
