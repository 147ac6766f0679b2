import EVM
import HTTPTypes
import Logging
import MPPClient
import MPPCore
import MPPTempo
import Tempo

// What a refusal changes.
extension SessionExchange {
  func refused(_ problem: ServerProblem, next: PaymentOffer?) async throws(PaymentClientError) {
    do {
      if !holdsLock { try await lock() }
      if let next { try await adoptTerms(next) }
      guard let channelID, let reservation else {
        throw PaymentClientError(.inconsistent, "refused before paying")
      }
      if action == .open {
        return try await openRefused(channelID, reservation, problem, isLast: next == nil)
      }
      if problem.status == 410 { return try await disowned(channelID, problem) }
      guard next != nil else { return }
      let considered = try await considerSnapshot(channelID, reservation)
      try await repeatOrStep(channelID, considered, problem)
    } catch {
      throw .wrapping(error)
    }
  }

  private func repeatOrStep(
    _ id: Hash32, _ reservation: VoucherReservation, _ problem: ServerProblem
  ) async throws {
    guard lane.channel(id)?.phase == .open else {
      // Another request of the lane learned that the channel is finished.
      return try await leave(id, problem)
    }
    // The amount was not looked at: the same voucher under the new challenge.
    if problem.isAboutChallenge { return }
    switch problem.kind {
    case "session/amount-exceeds-deposit":
      let channel = try await manager.reconcile(id, in: lane)
      if reservation.target > channel.account.deposit {
        note("topUp")
        try await manager.topUp(to: reservation.target, id, in: lane, terms: terms, context: context)
      }
    case nil, "verification-failed", "session/insufficient-balance":
      try await step(id, reservation)
    default:
      throw PaymentClientError(.paymentRefused, "the server refused the voucher", problem: problem)
    }
  }

  /// The highest voucher that is out, or one price more.
  private func step(_ id: Hash32, _ reservation: VoucherReservation) async throws {
    for _ in 0..<2 {
      switch try raise(id, after: reservation) {
      case .raised(let made):
        self.reservation = made
        return
      case .needsDeposit(let required):
        note("topUp")
        try await manager.topUp(to: required, id, in: lane, terms: terms, context: context)
      }
    }
    throw PaymentClientError(.channelUnusable, "the deposit does not cover the price", isRetryable: true)
  }

  /// A snapshot may make this client stop, or prove its own earlier signature; nothing else (A1, A6, A8).
  private func considerSnapshot(
    _ id: Hash32, _ reservation: VoucherReservation
  ) async throws -> VoucherReservation {
    var reservation = reservation
    guard let snapshot = terms.snapshot, snapshot.channelID == id, let channel = lane.channel(id) else {
      return reservation
    }
    if let highest = snapshot.highestVoucher, highest.channelID == id,
      highest.cumulativeAmount > channel.account.authorized,
      OwnVoucher.verify(highest.signature, amount: highest.cumulativeAmount, channel: channel)
    {
      try await manager.adopt(highest.cumulativeAmount, id, in: lane)
      // What this request had added is below that voucher: it has added nothing yet.
      reservation = reservation.restarted()
      self.reservation = reservation
    }
    guard let account = lane.channel(id)?.account else { return reservation }
    try account.checkRequirement(snapshot.requiredCumulative, price: reservation.price)
    return reservation
  }

  /// The server does not know the channel: out of use, on the list of funds to recover (U1). The next request opens another one, and so
  /// does this one where its voucher cannot be captured.
  private func disowned(_ id: Hash32, _ problem: ServerProblem) async throws {
    if let phase = lane.channel(id)?.phase, phase == .open || phase == .opening {
      manager.logger.warning("channel \(id.hex.prefix(10)): \(problem); its deposit is to be recovered")
      _ = try await lane.apply([.disowned], to: id)
    }
    try await leave(id, problem)
  }

  /// Gives up a channel. One request adds one price to what the payee can capture, over all channels (A1, `05` §6.2): a server that kept
  /// its voucher and disowns the channel gets no second one for it. The chain can show that nothing of it can be captured any more: the
  /// channel never was, or is closed, and its payee got no more than was authorised before.
  func leave(_ id: Hash32, _ problem: ServerProblem?) async throws {
    if let reservation { try release(id, reservation) }
    var captured: Amount?
    do {
      captured = try await manager.finalCapture(id, in: lane)
    } catch {
      manager.logger.debug("channel \(id.hex.prefix(10)) not looked at: \(error)")
    }
    guard isOut, let floor, captured.map({ $0 > floor }) ?? true else {
      self.floor = nil
      return
    }
    throw PaymentClientError(
      .channelUnusable,
      "the channel cannot be used any more, and the voucher of this request may be captured; the next request opens another one",
      exposure: lane.channel(id).map { manager.exposure($0) } ?? .none, problem: problem)
  }

  /// An opening was refused. The chain says whether it landed all the same; if not, the same one is handed out again.
  private func openRefused(
    _ id: Hash32, _ reservation: VoucherReservation, _ problem: ServerProblem, isLast: Bool
  ) async throws {
    let channel = try await manager.reconcileOpening(id, in: lane)
    if channel.phase == .opening { return }
    guard channel.phase == .open else {
      try release(id, reservation)
      throw PaymentClientError(
        .paymentRefused, "the opening failed", isRetryable: true, exposure: manager.exposure(channel),
        problem: problem)
    }
    // Under the new challenge, or with the next request, the same opening once more: nobody has looked at it.
    if problem.isAboutChallenge { return }
    _ = try await lane.apply([.openRefused], to: id)
    guard !isLast, problem.kind == "session/insufficient-balance" else { return }
    try await step(id, try await considerSnapshot(id, reservation))
  }
}

extension ServerProblem {
  /// Whether only the challenge is at fault: what was paid with was not looked at.
  var isAboutChallenge: Bool {
    kind == "payment-expired" || kind == "invalid-challenge" || kind == "payment-required"
  }
}
