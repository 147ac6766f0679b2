import EVM
import Logging
import MPPClient
import MPPCore
import MPPTempo
import Synchronization
import Tempo

extension SessionManager {
  /// Builds, signs and records a new channel's opening. Nothing has left when this returns; the caller hands out the
  /// transaction with the first voucher. The lane's lock must be held.
  /// - Parameter willSign: called when nothing but the signature is left to do.
  func open(
    _ lane: SessionLane, terms: SessionTerms, context: PaymentContext, willSign: () -> Void
  ) async throws -> ClientChannel {
    let limit = channelLimit(context)
    let deposit = try openingDeposit(lane, terms, limit)
    let chainID = try await chain.chainID()
    let call = ChannelReserveCall.Open(
      payee: terms.payee, operator: terms.operator, token: terms.token, deposit: deposit.units,
      salt: try chain.salt(), authorizedSigner: voucherSigner)
    let signed = try await chain.sign(
      ChannelReserveCall.open(call).calldata(), terms: terms, willSign: willSign)
    let descriptor = call.descriptor(
      payer: payer, expiringNonceHash: signed.handedOut.transaction.expiringNonceHash(sender: payer))
    let now = environment.clock.now
    guard let validBefore = signed.validBefore else {
      throw PaymentClientError(.inconsistent, "an opening without an end of validity")
    }
    let channel = ClientChannel(
      channelID: descriptor.channelID(escrow: terms.escrow, chainID: chainID), chainID: chainID,
      escrow: terms.escrow, descriptor: descriptor, origin: context.url.origin.description,
      resource: context.url.description,
      opening: SignedAction(
        transaction: signed.handedOut.serialized, hash: signed.handedOut.hash, amount: deposit,
        validBefore: Timestamp(seconds: Int64(clamping: validBefore))),
      account: try VoucherAccount(deposit: deposit, cap: limit), createdAt: now)
    do throws(PaymentClientError) {
      try insert(channel, into: lane, limit, fee: signed.fee)
    } catch {
      chain.paying.abandon(signed)
      throw error
    }
    logger.info("channel \(channel.channelID.hex.prefix(10)): opening with a deposit of \(deposit)")
    return channel
  }

  /// The deposit by the policy, within what is left after the deposits that are still out (J4).
  private func openingDeposit(
    _ lane: SessionLane, _ terms: SessionTerms, _ limit: Amount
  ) throws -> Amount {
    let preferred: Amount
    do {
      preferred = try options.openingDeposit ?? terms.price.multiplied(by: max(1, options.openingUnits))
    } catch {
      preferred = limit
    }
    let wanted = try DepositPolicy(cap: limit, preferredOpening: preferred)
      .opening(price: terms.price, suggested: terms.suggestedDeposit)
    let room = try depositRoom(lane, limit)
    guard room >= terms.price else { throw noRoom(lane) }
    return min(wanted, room)
  }

  /// What may still be deposited for the lane's origin. All of its lanes count: a server may name another payee, token
  /// or operator with every challenge, and each of them is a lane of its own.
  func depositRoom(_ lane: SessionLane, _ limit: Amount) throws(PaymentClientError) -> Amount {
    let bound = max(limit, environment.policy.maximumTotal)
    do { return try bound.subtracting(lockedDeposits(lane.key.origin)) } catch { throw noRoom(lane) }
  }

  private func lockedDeposits(_ origin: String) -> Amount {
    allLanes.filter { $0.key.origin == origin }.reduce(.zero) { sum, lane in
      do { return try sum.adding(lane.lockedDeposits) } catch { return .maxUInt96 }
    }
  }

  func noRoom(_ lane: SessionLane) -> PaymentClientError {
    PaymentClientError(
      .refusedByPolicy,
      "\(lockedDeposits(lane.key.origin)) base units are still deposited for \(lane.key.origin); "
        + "recover() gets them back")
  }

  /// Nothing of the channel has left yet. Two lanes may have found the same room: only one of them gets it.
  private func insert(
    _ channel: ClientChannel, into lane: SessionLane, _ limit: Amount, fee: Amount
  ) throws(PaymentClientError) {
    let fits = try openings.withLock { _ throws(PaymentClientError) -> Bool in
      guard try depositRoom(lane, limit) >= channel.account.deposit else { return false }
      // The fee is on disk with the channel, before the opening leaves.
      try charge(fee, lane)
      lane.insert(channel)
      return true
    }
    guard fits else { throw noRoom(lane) }
  }
}
