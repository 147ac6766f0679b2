import EVM
import Logging
import MPPClient
import MPPCore
import MPPTempo
import Tempo

extension SessionManager {
  /// Builds, signs and records a new channel's opening. Nothing has left when this returns; the caller hands out the
  /// transaction with the first voucher. The lane's lock must be held.
  func open(
    _ lane: SessionLane, terms: SessionTerms, context: PaymentContext
  ) async throws -> ClientChannel {
    let limit = min(
      environment.policy.maximumDeposit, context.depositLimit ?? environment.policy.maximumDeposit)
    let deposit = try openingDeposit(lane, terms, limit)
    let chainID = try await chain.chainID()
    let call = ChannelReserveCall.Open(
      payee: terms.payee, operator: terms.operator, token: terms.token, deposit: deposit.units,
      salt: try chain.salt(), authorizedSigner: payer)
    let signed = try await chain.sign(ChannelReserveCall.open(call).calldata(), terms: terms)
    let descriptor = call.descriptor(
      payer: payer, expiringNonceHash: signed.transaction.expiringNonceHash(sender: payer))
    let now = environment.clock.now
    guard let validBefore = signed.transaction.validBefore else {
      throw PaymentClientError(.inconsistent, "an opening without an end of validity")
    }
    let channel = ClientChannel(
      channelID: descriptor.channelID(escrow: terms.escrow, chainID: chainID), chainID: chainID,
      escrow: terms.escrow, descriptor: descriptor, origin: context.url.origin.description,
      resource: context.url.description,
      opening: SignedAction(
        transaction: signed.serialized, hash: signed.hash, amount: deposit,
        validBefore: Timestamp(seconds: Int64(clamping: validBefore))),
      account: try VoucherAccount(deposit: deposit, cap: limit), createdAt: now)
    lane.insert(channel)
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
    let bound = max(limit, environment.policy.maximumTotal)
    let locked = lane.lockedDeposits
    guard locked <= bound, let room = try? bound.subtracting(locked), room >= terms.price else {
      throw PaymentClientError(
        .refusedByPolicy,
        "\(locked) base units are still deposited for \(lane.key.origin); recover() gets them back")
    }
    return min(wanted, room)
  }
}
