import EVM
import HTTPTypes
import Logging
import MPPClient
import MPPCore
import MPPTempo
import Synchronization
import Tempo

// Channels that a server remembers and this client's journal does not (`05` §7.1–§7.3).
extension SessionManager {
  /// Keeps what an origin showed in answer to a proof, for the first request there that has no channel. What is proved to one payee
  /// is nothing for the channels of another (CD9).
  func remember(_ head: HTTPResponse, at origin: Origin, provedBy offer: PaymentOffer) {
    guard let text = head.headerFields[ProtocolHeaders.paymentSessionSnapshot] else { return }
    do {
      let snapshot = try SessionSnapshot(headerValue: text)
      let descriptor = snapshot.descriptor
      guard descriptor.token.hex.equalsBytes(of: offer.token.lowercased()),
        offer.recipient.isEmpty || descriptor.payee.hex.equalsBytes(of: offer.recipient.lowercased())
      else {
        logger.info("\(origin) shows a channel of another payee or token than it asked a proof for: ignored")
        return
      }
      remembered.keep(snapshot, of: origin.description)
    } catch {
      logger.debug("\(origin) shows a channel that cannot be read: \(error)")
    }
  }

  /// A channel that the server remembers, by its answer to a proof or in the challenge, and that passes every check; nil where there is
  /// none, and a new one has to be opened. It is in the journal when this returns. The lane's lock must be held, and the lane has no
  /// usable channel: a suggestion never displaces one (A8).
  func adopted(
    in lane: SessionLane, terms: SessionTerms, context: PaymentContext
  ) async throws -> ClientChannel? {
    let origin = lane.key.origin
    let claims = [terms.snapshot, remembered.snapshot(of: origin)].compactMap { $0 }
      .sorted { $0.acceptedCumulative > $1.acceptedCumulative }
    for snapshot in claims {
      let name = snapshot.channelID.hex.prefix(10)
      do {
        let channel = try await adopt(snapshot, in: lane, terms, context)
        remembered.forget(snapshot, of: origin)
        logger.info("channel \(name): \(origin) remembers it with \(channel.account.authorized) authorised")
        return channel
      } catch let refusal as ChannelClaim.Refusal {
        if !refusal.isOfTheRequest { remembered.forget(snapshot, of: origin) }
        logger.log(
          level: refusal == .captured ? .warning : .info,
          "channel \(name), as \(origin) remembers it, is not used: \(refusal.rawValue)")
      } catch let error as PaymentClientError where error.code == .chain || error.code == .wrongChain {
        logger.info("channel \(name), as \(origin) remembers it, could not be looked at: \(error)")
      }
    }
    return nil
  }

  private func adopt(
    _ snapshot: SessionSnapshot, in lane: SessionLane, _ terms: SessionTerms, _ context: PaymentContext
  ) async throws -> ClientChannel {
    let limit = channelLimit(context)
    let claim = try ChannelClaim(
      snapshot, for: lane.key, signer: voucherSigner, resource: context.url.description, limit: limit,
      now: environment.clock.now)
    let id = claim.channel.channelID
    guard !isKnown(id) else { throw ChannelClaim.Refusal.known }
    let observed = try await chain.observe(claim.channel)
    let step = max(terms.price, terms.minimumDelta ?? .zero)
    let channel = try claim.confirmed(by: observed, step: step, limit: limit)
    try insert(channel, into: lane, step: step, limit)
    return try await lane.store(id).channel
  }

  /// Whatever its phase, and for whichever origin it was opened: what is closed, closing or given up stays so, and what is another
  /// origin's stays there (C15, CD9).
  private func isKnown(_ id: Hash32) -> Bool { allLanes.contains { $0.channel(id) != nil } }

  /// Counts what was authorised on the channel and is not captured yet: it was signed with this client's key, when is not known. Two
  /// lanes may have been shown the same channel: only one of them gets it.
  private func insert(
    _ channel: ClientChannel, into lane: SessionLane, step: Amount, _ limit: Amount
  ) throws {
    let authorized = channel.account.authorized
    let counted = try authorized.subtracting(channel.settled)
    try openings.withLock { _ in
      guard !isKnown(channel.channelID) else { throw ChannelClaim.Refusal.known }
      guard try hasRoom(for: try authorized.adding(step), on: channel, lane, limit, counting: counted) else {
        throw ChannelClaim.Refusal.aboveLimits
      }
      try environment.spending.count(counted, account: lane.key.description)
      lane.insert(channel)
    }
  }

  /// Whether the channel can still be paid with once it is counted: one that only makes requests fail is left alone.
  private func hasRoom(
    for target: Amount, on channel: ClientChannel, _ lane: SessionLane, _ limit: Amount,
    counting counted: Amount
  ) throws -> Bool {
    let total = try target.subtracting(channel.account.authorized).adding(counted)
    do throws(PaymentClientError) {
      try environment.spending.check(total)
      guard target > channel.account.deposit else { return true }
      return try depositRoom(lane, limit) >= target
    } catch {
      guard error.code == .refusedByPolicy else { throw error }
      return false
    }
  }
}
