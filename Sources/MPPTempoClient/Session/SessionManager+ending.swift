import EVM
import Logging
import MPPClient
import MPPCore
import MPPTempo
import Tempo
import TempoRPC

/// A channel as the chain shows it, and whether it is known how it ended.
struct ChannelEnd: Sendable {
  static let unknown = "it is closed; what was captured could not be read"

  let channel: ClientChannel
  /// The closing event was found.
  var isProven = false

  /// For a channel that is closed.
  var note: String? { isProven ? nil : Self.unknown }
}

// How a channel ended that nobody closed together with this client.
extension SessionManager {
  /// Blocks that are searched first: most closes are looked for soon after.
  private static let recentBlocks: UInt64 = 10_000

  /// Brings a channel to what the chain shows. One that is gone was closed, by its server or by a withdrawal: the chain's state says
  /// nothing of it any more, the closing event says what was captured. The lane's lock must be held.
  /// - Throws: also when the event could not be looked for, but may be later; the channel is as it was then.
  func lookForEnd(_ id: Hash32, in lane: SessionLane) async throws -> ChannelEnd {
    guard let channel = lane.channel(id) else { throw PaymentClientError(.inconsistent, "unknown channel") }
    let mayBeGone: [ClientChannel.Phase] = [.open, .closing, .orphaned, .closeRequested]
    if mayBeGone.contains(channel.phase), try await chain.observe(channel).deposit == .zero,
      let captured = try await capturedByClose(of: channel)
    {
      let end = try await lane.apply([.closeProven(captured: captured)], to: id).channel
      logger.info("channel \(id.hex.prefix(10)): found closed, \(captured) captured in all")
      if end.isDisputed {
        logger.warning("channel \(id): \(captured) captured, at most \(end.account.owed) were owed")
      }
      return ChannelEnd(channel: end, isProven: true)
    }
    return ChannelEnd(channel: try await reconcileOpening(id, in: lane))
  }

  /// What the payee has of a channel for good; nil while it may capture more, or nobody knows. The lane's lock must be held.
  func finalCapture(_ id: Hash32, in lane: SessionLane) async throws -> Amount? {
    let channel = try await reconcile(id, in: lane)
    guard channel.phase != .abandoned else { return .zero }
    // A channel that was opened a moment ago counts as closed by its closing event alone.
    guard try await chain.observe(channel).deposit == .zero,
      let captured = try await capturedByClose(of: channel)
    else { return nil }
    // With other requests under way nobody can say whether it is too much.
    if lane.channel(id)?.account.pending == .zero {
      _ = try await lane.apply([.closeProven(captured: captured)], to: id)
    }
    return captured
  }

  /// What the payee got over the channel's whole life, by its closing event; nil when there is none that accounts for the deposit.
  private func capturedByClose(of channel: ClientChannel) async throws -> Amount? {
    let client = try await chain.paying.node(of: channel.chainID).client
    let head = try await client.latestBlock().number
    for reach in [min(Self.recentBlocks, options.recoveryBlocks), options.recoveryBlocks] {
      let search = await client.searchLogs(
        address: channel.escrow, topics: [ChannelReserveABI.channelClosed.topic, channel.channelID],
        from: head > reach ? head - reach : 0, to: head)
      for log in search.logs {
        if let captured = try captured(by: log, of: channel) { return captured }
      }
      if let failure = search.failure {
        guard !failure.isRetryable else {
          throw PaymentClientError.chain("what closed the channel could not be looked for", failure)
        }
        logger.warning("channel \(channel.channelID.hex.prefix(10)): its closing was not found: \(failure)")
        return nil
      }
    }
    return nil
  }

  private func captured(by log: Log, of channel: ClientChannel) throws -> Amount? {
    guard let event = try ChannelReserveEvent(log: log, escrow: channel.escrow),
      event.channelID == channel.channelID, case .closed(let captured, let refunded) = event.kind
    else { return nil }
    let paidOut = try Amount(units: captured).adding(Amount(units: refunded))
    let mayHold = try channel.account.deposit.adding(channel.topUp?.amount ?? .zero)
    return paidOut == channel.account.deposit || paidOut == mayHold ? Amount(units: captured) : nil
  }
}
