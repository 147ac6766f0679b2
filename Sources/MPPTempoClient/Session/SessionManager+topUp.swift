import EVM
import HTTPTypes
import Logging
import MPPClient
import MPPCore
import MPPTempo
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
      let amount = try DepositPolicy(cap: channel.account.cap, preferredTopUp: options.topUpAmount)
        .topUp(deposit: channel.account.deposit, required: required, suggested: terms.suggestedDeposit)
      let calldata = try ChannelReserveABI.topUpCalldata(channel.descriptor, additionalDeposit: amount.units)
      let signed = try await chain.sign(calldata, terms: terms, willSign: willAct)
      guard let validBefore = signed.transaction.validBefore else {
        throw PaymentClientError(.inconsistent, "a top-up without an end of validity")
      }
      let action = SignedAction(
        transaction: signed.serialized, hash: signed.hash, amount: amount,
        validBefore: Timestamp(seconds: Int64(clamping: validBefore)))
      channel = try await lane.apply([.topUpPrepared(action)], to: id).channel
      logger.info("channel \(id.hex.prefix(10)): adding \(amount) to the deposit")
    }
    guard let action = channel.topUp else { return }
    willAct()
    let answer = try await postTopUp(channel, action, terms: terms, context: context)
    channel = try await confirmTopUp(channel, action, in: lane)
    guard required <= channel.account.deposit else {
      throw PaymentClientError(
        .outcomeUnknown, "the chain does not show the top-up of \(action.amount) yet", isRetryable: true,
        exposure: exposure(channel), problem: answer)
    }
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
        guard receipt.succeeded else {
          _ = try await lane.apply([.topUpResolved], to: id)
          throw PaymentClientError(.chain, "the top-up failed on chain", isRetryable: true)
        }
        return try await reconcile(id, in: lane, at: receipt.blockNumber)
      }
      let now = try await reconcile(id, in: lane)
      if now.account.deposit > channel.account.deposit || now.topUp == nil { return now }
    }
    guard let now = lane.channel(id) else { throw PaymentClientError(.inconsistent, "unknown channel") }
    return now
  }

  /// What may be lost or locked on a channel at this moment.
  func exposure(_ channel: ClientChannel) -> PaymentClientError.Exposure {
    PaymentClientError.Exposure(
      authorized: channel.account.exposure, deposit: channel.mayHoldDeposit ? channel.account.deposit : .zero,
      channel: channel.channelID.hex)
  }
}
