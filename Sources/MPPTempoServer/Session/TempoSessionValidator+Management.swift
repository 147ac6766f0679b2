import EVM
import Logging
import MPPCore
import MPPServer
import MPPTempo
import Tempo
import TempoRPC

// What opens, tops up and closes a channel.
extension TempoSessionValidator {
  /// `04` §18.1. The same credential again, whatever happened in between, is valid while its channel can serve.
  func open(
    _ payload: SessionPayload.Open, _ call: SessionCall
  ) async throws -> (Action, ChannelObservation?) {
    let open = try VerifiedOpen(payload, call.terms, now: call.now)
    try reader.verify(open.voucher, signer: open.descriptor.effectiveSigner, domain: call.terms.domain)
    if let stored = try await reader.table.loadStored(ChannelRecord.key(open.channelID)) {
      let current = try await reader.reopened(stored, open, call.now)
      return (.open(open, .onRecord), current.unwritten)
    }
    let standing = try await standing(
      open.transaction, .open, .init(.open, open.channelID), call, within: openings
    ) {
      try await isOnChain(open, call.now)
    }
    return (.open(open, standing), nil)
  }

  /// What the chain could not include, or would refuse, is refused here; not what it has done already.
  /// - Returns: whether the transaction is on chain.
  private func isOnChain(_ open: VerifiedOpen, _ now: Timestamp) async throws -> Bool {
    do {
      try await checkInclusion(open.transaction, .open, now)
    } catch let problem as PaymentProblem {
      guard problem.status < 500, try await isOnChain(open.transaction.signed.hash) else { throw problem }
      return true
    }
    if open.transaction.signed.isFinal { return try await simulate(open) }
    // One that we sponsor is run dry without its fee. Its deposit comes back to the payer, our fee does not: dust would drain us (W43).
    if let minimum = sponsor?.policy.limits.minimumDeposit, open.deposit < minimum {
      throw SessionProblem.failed("the deposit of a sponsored channel must be >= \(minimum)")
    }
    return false
  }

  /// v16: what the chain would refuse is refused here, before the payer pays a fee for it. It also refuses
  /// what it has done already: then the deposit is in the channel, and denying it would lock it (W34).
  /// - Returns: whether the transaction is on chain.
  private func simulate(_ open: VerifiedOpen) async throws -> Bool {
    let failure: ChainError
    do throws(ChainError) {
      try await dryRuns.simulate(open.transaction.signed.transaction, from: open.transaction.signer)
      return false
    } catch {
      failure = error
    }
    let mayBeThere = failure.code == .reverted || failure.code == .rejected
    if mayBeThere, try await isOnChain(open.transaction.signed.hash) { return true }
    throw failure.problem("the simulated open transaction")
  }

  /// - Throws: a 503 when the chain cannot be asked: a client that is refused for good gives its channel up.
  // Throws untyped: the optimiser of Swift 6.3 crashes over the typed one (docs/decisions/0003).
  private func isOnChain(_ hash: Hash32) async throws -> Bool {
    let receipt: TransactionReceipt?
    do { receipt = try await reader.chain.receipt(hash) } catch {
      throw error.problem("the open transaction")
    }
    return receipt?.succeeded ?? false
  }

  /// `04` §18.2. v7 and v8: the chain is always asked about the channel.
  func topUp(
    _ payload: SessionPayload.TopUp, _ call: SessionCall
  ) async throws -> (Action, ChannelObservation?) {
    let key = ChannelRecord.key(payload.channelID)
    try call.terms.check(payload.channelID, payload.descriptor, known: reader.table.peekStored(key))
    guard payload.additionalDeposit > .zero else {
      throw SessionProblem.failed("additionalDeposit must be greater than zero")
    }
    guard let stored = try await reader.table.loadStored(key) else { throw SessionProblem.channelNotFound }
    guard stored.record.descriptor == payload.descriptor else { throw SessionProblem.foreignDescriptor }
    guard !stored.record.finalized else { throw SessionProblem.finalized }
    let transaction = try ManagementTransaction(payload, call)
    var unwritten: ChannelObservation?
    let standing = try await standing(
      transaction, .topUp, .init(.topUp, payload.channelID, transaction.identity), call, within: topUps
    ) {
      try await checkInclusion(transaction, .topUp, call.now)
      do {
        let current = try await reader.reread(stored, call.now, on: dryRuns)
        unwritten = current.unwritten
        try current.check { record throws(PaymentProblem) in try record.checkServes() }
        if transaction.signed.isFinal {
          try await dryRuns.simulate(transaction.signed.transaction, from: transaction.signer)
        }
      } catch let error as ChainError {
        throw error.problem("the simulated topUp transaction")
      }
      return false
    }
    return (.topUp(payload, transaction, standing), unwritten)
  }

  /// Cooperative close, `04` §22, rules 2 to 10. Also valid while the payer waits to withdraw (§23).
  func close(
    _ payload: SessionPayload.Close, _ call: SessionCall
  ) async throws -> (Action, ChannelObservation?) {
    let id = payload.channelID
    let key = ChannelRecord.key(id)
    try call.terms.check(id, payload.descriptor, known: reader.table.peekStored(key))
    guard let stored = try await reader.table.loadStored(key) else { throw SessionProblem.channelNotFound }
    guard stored.record.descriptor == payload.descriptor else { throw SessionProblem.foreignDescriptor }
    guard !stored.record.finalized else { throw SessionProblem.alreadyFinalized }
    let voucher = SignedVoucher(
      channelID: id, cumulativeAmount: payload.cumulativeAmount, signature: payload.signature)
    // Before anything that costs: a stranger can name a channel, but cannot sign for it.
    if !stored.record.recognizes(voucher) {
      try reader.verify(voucher, signer: stored.record.descriptor.effectiveSigner, domain: call.terms.domain)
    }
    // A close of ours that is under way is what this request asks for.
    if let pending = try await intent(.init(.close, id)), !pending.state.isFinal {
      return (.close(voucher), nil)
    }
    // What has been delivered and settled only rises: what is refused now needs no look at the chain.
    try stored.record.checkCloses(voucher.cumulativeAmount, signer: signer)
    let current = try await reader.looked(stored, call.now, on: dryRuns)
    try current.check { record throws(PaymentProblem) in
      try record.checkCloses(voucher.cumulativeAmount, signer: signer)
    }
    return (.close(voucher), current.unwritten)
  }

  // MARK: Transactions of clients

  /// - Parameter isOnChain: what is checked before the first sending only; says whether the transaction is on chain already.
  private func standing(
    _ transaction: ManagementTransaction, _ label: ManagementTransaction.Label,
    _ identity: ChainIntent.Identity, _ call: SessionCall, within gate: OpeningGate,
    isOnChain: () async throws -> Bool
  ) async throws -> Standing {
    if try await isOnRecord(identity) { return .onRecord }
    do {
      return try await gate.run(transaction.sender, copyOf: identity) {
        // A copy may have been sent while this one waited.
        if try await isOnRecord(identity) { return .onRecord }
        let isOnChain = try await isOnChain()
        guard !transaction.signed.isFinal else { return isOnChain ? .onChain : .unsent }
        return .sponsorable(try await sponsorable(transaction, label, call))
      }
    } catch {
      // Another presentation may have sent it meanwhile: the chain refuses what it has included.
      guard try await isOnRecord(identity) else { throw error }
      return .onRecord
    }
  }

  private func isOnRecord(_ identity: ChainIntent.Identity) async throws -> Bool {
    try await intent(identity)?.isUnderWayOrConfirmed ?? false
  }

  private func intent(_ identity: ChainIntent.Identity) async throws -> ChainIntent? {
    try await reader.intents.load(IntentRecord.key(identity))?.intent
  }

  /// Nothing is sent that would only wait.
  private func checkInclusion(
    _ transaction: ManagementTransaction, _ label: ManagementTransaction.Label, _ now: Timestamp
  ) async throws {
    let head: ChainBlock
    do { head = try await dryRuns.latestBlock() } catch {
      throw error.problem("the newest block")
    }
    try transaction.checkInclusion(label, head: head, now: now, longest: longestTransactionValidity)
  }

  /// A transaction whose fee we would pay (`04` §18.6).
  private func sponsorable(
    _ transaction: ManagementTransaction, _ label: ManagementTransaction.Label, _ call: SessionCall
  ) async throws -> SponsorableTransaction {
    guard let sponsor, call.terms.isSponsored else { throw SessionProblem.notSponsored }
    do {
      return try await sponsor.check(transaction.signed, now: call.now, challengeExpires: call.expires)
    } catch {
      throw error.problem("the simulated \(label.rawValue) transaction", "the \(label.rawValue)", logger)
    }
  }
}
