import EVM
import HTTPTypes
import Logging
import MPPClient
import MPPCore
import MPPTempo
import Tempo
import TempoRPC

extension SessionManager {
  /// Closes one channel together with its server: signs what was delivered, checks the answer, and looks at the chain.
  /// Nothing else of the lane is under way. Safe to repeat.
  func closeCooperatively(_ id: Hash32, in lane: SessionLane) async -> CloseOutcome {
    do {
      return try await close(id, in: lane)
    } catch {
      let error = PaymentClientError.wrapping(error)
      let amount = lane.channel(id)?.closeAmount ?? .zero
      return CloseOutcome(
        channel: id.hex, amount: amount, transaction: nil, captured: nil, refunded: nil, error: error)
    }
  }

  private func close(_ id: Hash32, in lane: SessionLane) async throws -> CloseOutcome {
    var channel = try await reconcile(id, in: lane)
    if channel.phase == .opening { channel = try await reconcileOpening(id, in: lane) }
    switch channel.phase {
    case .open, .closing: break
    case .closed, .abandoned:
      return CloseOutcome(
        channel: id.hex, amount: channel.closeAmount ?? .zero, transaction: nil, captured: nil, refunded: nil,
        error: nil)
    case .opening:
      throw PaymentClientError(
        .outcomeUnknown, "the channel is still being opened", isRetryable: true, exposure: exposure(channel))
    case .orphaned, .closeRequested:
      throw PaymentClientError(
        .channelUnusable, "the channel is \(channel.phase); recover() gets its deposit back",
        exposure: exposure(channel))
    }
    let url = try RequestURL(channel.resource)
    guard url.origin.description == channel.origin else {
      throw PaymentClientError(.untrustedTerms, "the channel's resource is not at its origin")
    }
    let terms = try await closingTerms(lane, url)
    let delivered = min(max(channel.account.delivered, channel.settled), channel.account.authorized)
    return try await submit(max(delivered, channel.closeAmount ?? .zero), channel, lane, terms, url)
  }

  /// One attempt; one more with a fresh challenge where the first had expired (C28). Where the amount was too low, one more with
  /// what the server shows or is known to have charged, and a last one with the highest voucher that is out: of answers that were
  /// lost nobody here knows how many it charged.
  private func submit(
    _ first: Amount, _ channel: ClientChannel, _ lane: SessionLane, _ initialTerms: SessionTerms,
    _ url: RequestURL
  ) async throws -> CloseOutcome {
    let id = channel.channelID
    var amount = first
    var terms = initialTerms
    var hasNewChallenge = false
    var raises = 0
    while true {
      // Recorded as closing before the close leaves; the record is kept whatever the answer (CD4).
      let durable = try await lane.apply([.closePrepared(amount)], to: id)
      let voucher = try await signer.sign(amount, on: durable, for: .close)
      let payload = SessionPayload.close(
        SessionPayload.Close(
          channelID: id, descriptor: channel.descriptor, cumulativeAmount: amount,
          signature: voucher.signature))
      let answer = try await manage(
        credential(payload, terms.challenge, chainID: channel.chainID), terms.challenge, at: url)
      if (200..<300).contains(answer.status) {
        return try await accept(amount, answer, lane, id, terms.challenge)
      }
      if answer.status == 410 { return try await disownedAtClose(amount, answer, lane, id) }
      let isAboutChallenge = answer.problem?.isAboutChallenge ?? false
      let mayRaise = raises == 0 || raises == 1 && amount < durable.channel.account.presented
      guard answer.status == 402, isAboutChallenge ? !hasNewChallenge : mayRaise,
        let fresh = sameTerms(answer.challenges, terms),
        let read = try SessionTerms.read(fresh, options: options)
      else {
        throw PaymentClientError(
          .closeFailed, "the close was refused", isRetryable: true, exposure: exposure(channel),
          problem: answer.problem)
      }
      terms = read
      if isAboutChallenge {
        hasNewChallenge = true
      } else {
        raises += 1
        amount = try raised(amount, durable.channel, read.snapshot, isLast: raises == 2)
      }
    }
  }

  /// After a refusal: what the server shows it charged, else what it may have charged for answers that were lost; at last
  /// everything that is out. Never above the highest voucher that is out: with that one it can close by itself (B4, T24).
  private func raised(
    _ amount: Amount, _ channel: ClientChannel, _ snapshot: SessionSnapshot?, isLast: Bool
  ) throws(PaymentClientError) -> Amount {
    let bound = channel.account.presented
    var claimed = max(channel.spent, channel.settled)
    if let snapshot, snapshot.channelID == channel.channelID {
      claimed = max(claimed, max(snapshot.spent, snapshot.settled))
    } else if claimed <= amount {
      claimed = bound
    }
    guard claimed <= bound else {
      throw PaymentClientError(
        .closeFailed, "the server claims \(claimed), the highest voucher it was given is \(bound)",
        exposure: exposure(channel))
    }
    return max(amount, isLast ? bound : claimed)
  }

  /// The last challenge seen if it can still be answered, else a fresh one from the channel's resource.
  private func closingTerms(_ lane: SessionLane, _ url: RequestURL) async throws -> SessionTerms {
    if let last = lane.challenge, isLive(last), let terms = try SessionTerms.read(last, options: options) {
      return terms
    }
    var answer = try await probe(url)
    if answer.status != 402 { answer = try await manage(nil, nil, at: url) }
    for challenge in answer.challenges where challenge.method == "tempo" && challenge.intent == "session" {
      guard isLive(challenge), let terms = try SessionTerms.read(challenge, options: options) else {
        continue
      }
      let key = LaneKey(payer: payer, terms: terms, chainID: lane.key.chainID, origin: lane.key.origin)
      if key == lane.key, terms.chainID ?? key.chainID == key.chainID { return terms }
    }
    throw PaymentClientError(
      .closeFailed, "\(url) gives no challenge for this channel (status \(answer.status))", isRetryable: true,
      problem: answer.problem)
  }

  /// The close is done when its receipt is right and the chain shows it.
  private func accept(
    _ amount: Amount, _ answer: ManagementAnswer, _ lane: SessionLane, _ id: Hash32, _ challenge: Challenge
  ) async throws -> CloseOutcome {
    guard let channel = lane.channel(id) else { throw PaymentClientError(.inconsistent, "unknown channel") }
    guard let text = answer.headers[values: ProtocolHeaders.paymentReceipt].first else {
      throw PaymentClientError(
        .closeFailed, "the close was answered without a receipt", exposure: exposure(channel))
    }
    let receipt: SessionReceipt
    do { receipt = try SessionReceipt(headerValue: text) } catch {
      throw PaymentClientError(.receiptInvalid, "not a session receipt", underlying: error)
    }
    let hash = try ReceiptCheck.checkClose(receipt, channel: channel, challenge: challenge, amount: amount)
    guard let closed = try await closedEvent(hash, channel) else {
      let now = try await reconcile(id, in: lane)
      guard now.phase == .closed else {
        throw PaymentClientError(
          .outcomeUnknown, "the server says the channel is closed, the chain does not show it yet",
          isRetryable: true,
          exposure: exposure(now))
      }
      return CloseOutcome(
        channel: id.hex, amount: amount, transaction: hash.hex, captured: nil, refunded: nil, error: nil)
    }
    let end = try await lane.apply(
      [.receipt(spent: receipt.spent, units: nil), .closeProven(captured: closed.captured)], to: id
    ).channel
    logger.info("channel \(id.hex.prefix(10)): closed, \(closed.captured) paid, \(closed.refunded) returned")
    if end.isDisputed {
      logger.warning("channel \(id): \(closed.captured) captured, at most \(end.account.owed) were owed")
    }
    return CloseOutcome(
      channel: id.hex, amount: amount, transaction: hash.hex, captured: closed.captured,
      refunded: closed.refunded, isDisputed: end.isDisputed, error: nil)
  }

  /// What the closing transaction did, read from its receipt on chain. Nil also for a receipt that the chain contradicts: its block
  /// is not there, the channel is still there after it, or the deposit is not what was paid out.
  private func closedEvent(
    _ hash: Hash32, _ channel: ClientChannel
  ) async throws -> (captured: Amount, refunded: Amount)? {
    guard let receipt = try await chain.settledReceipt(hash), receipt.succeeded else { return nil }
    for log in receipt.logs {
      guard let event = try ChannelReserveEvent(log: log, escrow: channel.escrow),
        event.channelID == channel.channelID,
        case .closed(let captured, let refunded) = event.kind
      else { continue }
      let (captures, refunds) = (Amount(units: captured), Amount(units: refunded))
      let paidOut = try captures.adding(refunds)
      let mayHold = try channel.account.deposit.adding(channel.topUp?.amount ?? .zero)
      guard paidOut == channel.account.deposit || paidOut == mayHold,
        try await chain.observe(channel, at: receipt.blockNumber).deposit == .zero
      else { return nil }
      return (captures, refunds)
    }
    return nil
  }

  /// The server calls the channel unknown or finished: the chain decides which.
  private func disownedAtClose(
    _ amount: Amount, _ answer: ManagementAnswer, _ lane: SessionLane, _ id: Hash32
  ) async throws -> CloseOutcome {
    let channel = try await reconcile(id, in: lane)
    if channel.phase == .closed {
      return CloseOutcome(
        channel: id.hex, amount: amount, transaction: nil, captured: nil, refunded: nil, error: nil)
    }
    let orphan = try await lane.apply([.disowned], to: id).channel
    throw PaymentClientError(
      .channelUnusable, "the server does not know the channel; recover() gets its deposit back",
      exposure: exposure(orphan), problem: answer.problem)
  }
}
