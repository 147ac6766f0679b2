import EVM
import HTTPTypes
import Logging
import MPPClient
import MPPCore
import MPPTempo
import Synchronization
import Tempo
import TempoRPC

/// The payment of one request by a charge. It signs one payment: a second one only after the first is proved dead.
final class ChargeExchange: PaymentExchange {
  private struct State {
    var terms: ChargeTerms?
    var entry: ChargeEntry?
    var actions: [String] = []
    var presentations = 1
    /// Something was signed for the request, or is about to be; or an earlier payment of it is not known to be dead.
    var isCommitted = false
  }

  private let payer: ChargePayer
  private let context: PaymentContext
  private let state = Mutex(State())

  init(payer: ChargePayer, context: PaymentContext) {
    self.payer = payer
    self.context = context
  }

  var isCommitted: Bool { state.withLock { $0.isCommitted } }

  private func commit(_ isCommitted: Bool = true) { state.withLock { $0.isCommitted = isCommitted } }

  func credential(for offer: PaymentOffer) async throws(PaymentClientError) -> String {
    let terms = try ChargeTerms.read(offer.challenge)
    state.withLock { $0.terms = terms }
    if terms.isProof {
      note("proof")
      return try await payer.proof(terms, to: context.url.origin) { commit() }
    }
    let chainID = try await payer.chainID(terms)
    let request = ChargePayer.requestKey(context)
    if let unfinished = try await unfinished(request, chainID) {
      note("again")
      state.withLock { $0.entry = unfinished }
      return unfinished.credential
    }
    let mode = try terms.mode(payer.options.mode)
    note(mode.rawValue)
    let (entry, transaction) = try await payer.payment(
      terms, mode: mode, chainID: chainID, request: request
    ) { commit() }
    state.withLock { $0.entry = entry }
    if mode == .push { try await push(entry, transaction) }
    return entry.credential
  }

  /// A payment for the same request that was never answered: presented again while it may have been made (`06` §1.16), whatever the
  /// price is now. Nothing is signed for it a second time.
  private func unfinished(
    _ request: String, _ chainID: UInt64
  ) async throws(PaymentClientError) -> ChargeEntry? {
    while let entry = payer.journal.take(request, on: chainID) {
      commit()
      let fate: ChargePayer.Fate
      do throws(PaymentClientError) {
        fate = try await payer.fate(entry)
      } catch {
        payer.journal.putBack(entry)
        var error = error
        error.exposure = exposure(entry)
        throw error
      }
      guard fate == .dead else { return entry }
      try await end(entry, .dead)
      commit(false)
    }
    return nil
  }

  /// A broadcast that failed for sure is over, whatever was said about it at first; one nobody knows about stays in the journal.
  private func push(
    _ entry: ChargeEntry, _ transaction: SignedTempoTransaction
  ) async throws(PaymentClientError) {
    do throws(PaymentClientError) {
      try await payer.push(transaction)
    } catch {
      switch try? await payer.fate(entry) {
      case .paid?: return
      case .dead?:
        state.withLock { $0.entry = nil }
        try await end(entry, .dead)
        throw error
      case .undecided?, nil: throw error
      }
    }
  }

  func refused(_ problem: ServerProblem, next: PaymentOffer?) async throws(PaymentClientError) {
    guard let entry = state.withLock({ $0.entry }) else { return }
    switch try await payer.fate(entry) {
    case .dead:
      state.withLock { $0.entry = nil }
      try await end(entry, .dead)
    case .paid:
      // Paid and refused: it was used already, or the server is wrong. It is not paid again by itself.
      state.withLock { $0.entry = nil }
      let isKept = try await refusedThoughPaid(entry)
      throw PaymentClientError(
        .paymentRefused, "the payment \(entry.hash.hex) is on the chain, and the server refuses it",
        isRetryable: isKept, exposure: exposure(entry), problem: problem)
    case .undecided:
      throw PaymentClientError(
        .outcomeUnknown, "the server refused a payment that may still be included; nothing else is signed",
        isRetryable: true, exposure: exposure(entry), problem: problem)
    }
  }

  /// The node of the server may not have what the client's node shows, and a server may say so by a refusal (`06` §1.9): a payment
  /// that was pushed is kept once for the next equal request before it counts as used.
  /// - Returns: whether it is kept.
  private func refusedThoughPaid(_ entry: ChargeEntry) async throws(PaymentClientError) -> Bool {
    let refused = entry.refused(.asPayment)
    guard entry.isPushed, !refused.isRefusedOften else {
      try await end(entry, .delivered)
      return false
    }
    await keep(refused)
    return true
  }

  /// No delivery, and no refusal of the payment: the answer may be that of somebody who never passed the credential on, so the payment is
  /// kept for the next equal request. What is on the chain, and was refused often enough, counts as used.
  private func undelivered(_ entry: ChargeEntry, status: Int) async throws(PaymentClientError) {
    guard ChargeEntry.isRefusal(status: status) else { return payer.journal.putBack(entry) }
    let refused = entry.refused(.asRequest)
    if refused.isRefusedOften, (try? await payer.fate(refused)) == .paid {
      try await end(refused, .delivered)
    } else {
      await keep(refused)
    }
  }

  private func keep(_ entry: ChargeEntry) async {
    do throws(PaymentClientError) {
      try await payer.journal.write(unfinished: entry)
    } catch {
      // Presented once more after a restart, at worst.
      payer.environment.logger.warning("the refusal of a charge was not recorded: \(error)")
    }
  }

  /// Whether the answer may be another one a moment later: the outcome is open, or a pushed payment is on the chain and the server
  /// does not see it yet.
  private func mayChange(_ head: HTTPResponse) async -> Bool {
    guard let entry = state.withLock({ $0.entry }) else { return false }
    switch head.status.code {
    case 503: return true
    case 402:
      guard entry.isPushed else { return false }
      let fate = try? await payer.fate(entry)
      return fate == .paid
    default: return false
    }
  }

  func presentAgain(after head: HTTPResponse) async throws(PaymentClientError) -> Bool {
    guard await mayChange(head) else { return false }
    let isAllowed = state.withLock { state in
      state.presentations += 1
      return state.presentations <= payer.options.presentations
    }
    guard isAllowed else { return false }
    let seconds = head.headerFields[.retryAfter].flatMap { Int64($0) } ?? 1
    do {
      try await payer.options.sleeper.sleep(milliseconds: min(max(seconds, 0), 10) * 1000)
    } catch {
      throw PaymentClientError(.cancelled, "cancelled")
    }
    return true
  }

  func finished(_ head: HTTPResponse) async throws(PaymentClientError) -> PaymentSummary {
    let (terms, entry, actions) = state.withLock { state in
      defer { state.entry = nil }
      return (state.terms, state.entry, state.actions)
    }
    guard let terms else { throw PaymentClientError(.inconsistent, "finished before paying") }
    let status = head.status.code
    let checked = check(head, terms, entry)
    let receipt: PaymentReceipt? = if case .success(let receipt) = checked { receipt } else { nil }
    let isDelivered = (200..<400).contains(status) || receipt != nil
    if let entry {
      if isDelivered {
        try await end(entry, .delivered)
      } else {
        try await undelivered(entry, status: status)
      }
    }
    if case .failure(var error) = checked {
      error.exposure = entry.map(exposure) ?? .none
      throw error
    }
    let paid = entry?.amount ?? terms.request.amount
    return PaymentSummary(
      amount: isDelivered ? paid : .zero, token: entry?.token ?? terms.token.hex, method: "tempo",
      intent: "charge", channel: nil, authorized: paid, actions: actions, receipt: receipt,
      exposure: isDelivered ? .none : entry.map(exposure) ?? .none)
  }

  func failed() async -> PaymentClientError.Exposure {
    let entry = state.withLock { state in
      defer { state.entry = nil }
      return state.entry
    }
    guard let entry else { return .none }
    payer.journal.putBack(entry)
    return exposure(entry)
  }

  /// A receipt names the payment that was made, or the challenge that was proved (C27). None is no error.
  private func check(
    _ head: HTTPResponse, _ terms: ChargeTerms, _ entry: ChargeEntry?
  ) -> Result<PaymentReceipt?, PaymentClientError> {
    guard let text = head.headerFields[values: ProtocolHeaders.paymentReceipt].first else {
      return .success(nil)
    }
    guard let receipt = try? Receipt(parsing: text), receipt.method.equalsBytes(of: "tempo") else {
      return .failure(PaymentClientError(.receiptInvalid, "not a receipt of a charge"))
    }
    let isSponsored = entry?.isSponsored == true
    let expected = entry?.hash.hex ?? terms.challenge.id
    // A sponsor's signature changes the hash: it cannot be known before.
    guard isSponsored || receipt.reference.lowercased() == expected.lowercased() else {
      return .failure(PaymentClientError(.receiptInvalid, "the receipt names another payment"))
    }
    return .success(
      PaymentReceipt(
        reference: receipt.reference, challengeID: terms.challenge.id, accepted: nil, spent: nil, units: nil,
        transaction: entry == nil ? nil : receipt.reference))
  }

  private func end(_ entry: ChargeEntry, _ result: ChargeEntry.State) async throws(PaymentClientError) {
    var ended = entry
    ended.state = result
    do throws(PaymentClientError) {
      try await payer.journal.write(ended: ended)
    } catch {
      // Presented once more after a restart, at worst; never paid twice.
      payer.environment.logger.warning("the end of a charge was not recorded: \(error)")
    }
  }

  private func exposure(_ entry: ChargeEntry) -> PaymentClientError.Exposure {
    PaymentClientError.Exposure(authorized: entry.amount, deposit: .zero, channel: nil)
  }

  private func note(_ action: String) { state.withLock { $0.actions.append(action) } }
}
