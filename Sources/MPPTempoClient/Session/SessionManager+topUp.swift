import EVM
import HTTPTypes
import Logging
import MPPClient
import MPPCore
import MPPTempo
import Synchronization
import Tempo
import TempoRPC

extension SessionManager {
  /// Raises the deposit until it covers `required` (U6). The lane's lock must be held.
  ///
  /// The chain is read first: a crashed run, or a lost answer, may have topped up already (U9). While an earlier top-up
  /// can still be mined it is handed out again, never a second one.
  /// - Parameter willAct: called before anything is signed or handed out.
  // The amount comes first: Swift 6.3 passes a 128-bit argument of an async function wrongly when registers run out.
  func topUp(
    to required: Amount, _ id: Hash32, in lane: SessionLane, terms: SessionTerms, context: PaymentContext,
    willAct: () -> Void = {}
  ) async throws {
    var channel = try await reconcile(id, in: lane)
    guard channel.phase == .open else {
      throw PaymentClientError(.channelUnusable, "channel \(id) is \(channel.phase)", isRetryable: true)
    }
    guard required > channel.account.deposit else { return }
    if channel.topUp == nil {
      let amount = try topUpAmount(to: required, channel, lane, terms, context)
      let calldata = try ChannelReserveABI.topUpCalldata(channel.descriptor, additionalDeposit: amount.units)
      let signed = try await chain.sign(calldata, terms: terms, willSign: willAct)
      do {
        try prepare(amount, signed, id, in: lane, context)
      } catch {
        chain.paying.abandon(signed)
        throw error
      }
      channel = try await lane.store(id).channel
      logger.info("channel \(id.hex.prefix(10)): adding \(amount) to the deposit")
    }
    guard let action = channel.topUp else { return }
    willAct()
    let answer: ServerProblem?
    do {
      answer = try await postTopUp(channel, action, terms: terms, context: context)
      channel = try await confirmTopUp(channel, action, in: lane)
    } catch {
      // It may have left: whatever went wrong afterwards, this much may be gone into the channel.
      var error = PaymentClientError.wrapping(error)
      if error.exposure == .none { error.exposure = exposure(lane.channel(id) ?? channel, adding: action) }
      throw error
    }
    guard required <= channel.account.deposit else {
      throw PaymentClientError(
        .outcomeUnknown, "the chain does not show the top-up of \(action.amount) yet", isRetryable: true,
        exposure: exposure(channel), problem: answer)
    }
    // It sent the transaction: it has the channel on record.
    if answer == nil, channel.phase == .open, !channel.isAcknowledged {
      _ = try await lane.apply([.openAcknowledged], to: id)
    }
  }

  /// By the policy, within the limit of the channel as it is now, and what is left for its origin (J4).
  private func topUpAmount(
    to required: Amount, _ channel: ClientChannel, _ lane: SessionLane, _ terms: SessionTerms,
    _ context: PaymentContext
  ) throws -> Amount {
    let limit = channelLimit(context)
    let deposit = channel.account.deposit
    let wanted = try DepositPolicy(cap: min(channel.account.cap, limit), preferredTopUp: options.topUpAmount)
      .topUp(deposit: deposit, required: required, suggested: terms.suggestedDeposit)
    let room = try depositRoom(lane, limit)
    guard try room >= required.subtracting(deposit) else { throw noRoom(lane) }
    return min(wanted, room)
  }

  /// Nothing of the top-up has left yet. Two lanes may have found the same room: only one of them gets it.
  private func prepare(
    _ amount: Amount, _ signed: PayingChain.Signed, _ id: Hash32, in lane: SessionLane,
    _ context: PaymentContext
  ) throws {
    guard let validBefore = signed.validBefore else {
      throw PaymentClientError(.inconsistent, "a top-up without an end of validity")
    }
    let action = SignedAction(
      transaction: signed.handedOut.serialized, hash: signed.handedOut.hash, amount: amount,
      validBefore: Timestamp(seconds: Int64(clamping: validBefore)))
    let fits = try openings.withLock { _ -> Bool in
      guard try depositRoom(lane, channelLimit(context)) >= amount else { return false }
      try charge(signed.fee, lane)
      try lane.update(id) { $0 = try $0.applying(.topUpPrepared(action)) }
      return true
    }
    guard fits else { throw noRoom(lane) }
  }

  /// - Returns: the server's problem, if it refused; the chain decides what happened.
  private func postTopUp(
    _ channel: ClientChannel, _ action: SignedAction, terms: SessionTerms, context: PaymentContext
  ) async throws -> ServerProblem? {
    let payload = SessionPayload.topUp(
      SessionPayload.TopUp(
        channelID: channel.channelID, descriptor: channel.descriptor, transaction: action.transaction,
        additionalDeposit: action.amount))
    var challenge = terms.challenge
    for number in 1...2 {
      let answer: ManagementAnswer
      switch await attempt(
        credential(payload, challenge, chainID: channel.chainID), challenge, at: context.url)
      {
      case .success(let received): answer = received
      case .failure(let error) where error.code == .transport:
        return ServerProblem(status: 0, kind: nil, detail: error.reason)
      case .failure(let error): throw error
      }
      if answer.status < 300 { return nil }
      guard number == 1, answer.status == 402, let fresh = sameTerms(answer.challenges, terms) else {
        return answer.problem
      }
      challenge = fresh
    }
    return nil
  }

  private func attempt(
    _ credential: String, _ challenge: Challenge, at url: RequestURL
  ) async -> Result<ManagementAnswer, PaymentClientError> {
    do { return .success(try await manage(credential, challenge, at: url)) } catch { return .failure(error) }
  }

  /// Looks for the effect on chain, a bounded number of times.
  private func confirmTopUp(
    _ channel: ClientChannel, _ action: SignedAction, in lane: SessionLane
  ) async throws -> ClientChannel {
    let id = channel.channelID
    for attempt in 0..<20 {
      if attempt > 0 { try await chain.pause() }
      if let receipt = try await chain.receipt(action.hash) {
        // The state after its block decides, whatever the receipt says.
        let then = try await reconcile(id, in: lane, at: receipt.blockNumber)
        guard receipt.succeeded || then.account.deposit > channel.account.deposit else {
          _ = try await lane.apply([.topUpResolved], to: id)
          throw PaymentClientError(.chain, "the top-up failed on chain", isRetryable: true)
        }
        return then
      }
      let now = try await reconcile(id, in: lane)
      if now.account.deposit > channel.account.deposit || now.topUp == nil { return now }
    }
    guard let now = lane.channel(id) else { throw PaymentClientError(.inconsistent, "unknown channel") }
    return now
  }

  private func exposure(_ channel: ClientChannel, adding action: SignedAction) -> PaymentClientError.Exposure
  {
    var result = exposure(channel)
    guard channel.topUp != nil, let total = try? result.deposit.adding(action.amount) else { return result }
    result.deposit = total
    return result
  }

  /// What may be lost or locked on a channel at this moment.
  func exposure(_ channel: ClientChannel) -> PaymentClientError.Exposure {
    PaymentClientError.Exposure(
      authorized: channel.account.exposure, deposit: channel.mayHoldDeposit ? channel.account.deposit : .zero,
      channel: channel.channelID.hex)
  }
}
