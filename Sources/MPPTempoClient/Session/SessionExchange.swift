import EVM
import HTTPTypes
import Logging
import MPPClient
import MPPCore
import MPPTempo
import Synchronization
import Tempo

/// The payment of one request on a channel, over all its attempts.
///
/// Ordinary requests hold the lane's lock only until their voucher is signed, so that several travel at once; their
/// vouchers may overtake each other. An opening, and a repetition after a refusal, hold it until the answer: then no
/// higher voucher can appear meanwhile, and the repetition cannot be overtaken again.
///
/// After a restart, or a lost answer, the server may have used up amounts this client counts as unused. A request that is
/// to use one waits until no other is under way and holds the lock until its answer: only then does a refusal mean that
/// the amount is gone, and not that another request was quicker. It is written off, and everybody else goes on as usual.
///
/// One task uses an exchange, one call at a time; the lock around its state only makes that visible to the compiler.
final class SessionExchange: PaymentExchange {
  private enum Action: String {
    case open
    case voucher
  }

  private struct State {
    var terms: SessionTerms
    var holdsPermit = false
    var holdsLock = false
    var channelID: Hash32?
    var reservation: VoucherReservation?
    var action = Action.voucher
    /// A voucher or transaction of this exchange left the process.
    var isOut = false
    /// Something was signed or written down for it, or is about to be.
    var isCommitted = false
    var actions: [String] = []
  }

  private let manager: SessionManager
  private let lane: SessionLane
  private let context: PaymentContext
  private let state: Mutex<State>

  init(manager: SessionManager, lane: SessionLane, terms: SessionTerms, context: PaymentContext) {
    self.manager = manager
    self.lane = lane
    self.context = context
    state = Mutex(State(terms: terms))
  }

  private var terms: SessionTerms {
    get { state.withLock { $0.terms } }
    set { state.withLock { $0.terms = newValue } }
  }
  private var holdsPermit: Bool {
    get { state.withLock { $0.holdsPermit } }
    set { state.withLock { $0.holdsPermit = newValue } }
  }
  private var holdsLock: Bool {
    get { state.withLock { $0.holdsLock } }
    set { state.withLock { $0.holdsLock = newValue } }
  }
  private var channelID: Hash32? {
    get { state.withLock { $0.channelID } }
    set { state.withLock { $0.channelID = newValue } }
  }
  private var reservation: VoucherReservation? {
    get { state.withLock { $0.reservation } }
    set { state.withLock { $0.reservation = newValue } }
  }
  private var action: Action {
    get { state.withLock { $0.action } }
    set { state.withLock { $0.action = newValue } }
  }
  private var isOut: Bool {
    get { state.withLock { $0.isOut } }
    set { state.withLock { $0.isOut = newValue } }
  }
  var isCommitted: Bool { state.withLock { $0.isCommitted } }
  private func commit() { state.withLock { $0.isCommitted = true } }
  private var actions: [String] { state.withLock { $0.actions } }
  private func note(_ action: String) { state.withLock { $0.actions.append(action) } }

  // MARK: Paying

  func credential(for offer: PaymentOffer) async throws(PaymentClientError) -> String {
    do {
      try await adoptTerms(offer)
      if !holdsPermit {
        try await lane.permits.acquire()
        holdsPermit = true
      }
      if !holdsLock { try await lock() }
      if reservation == nil { try await untilAloneInDoubt() }
      let isRepetition = reservation != nil && isOut
      let value = try await prepare()
      isOut = true
      let isInDoubt = reservation.map { $0.doubtful > .zero } ?? false
      if action == .voucher, !isRepetition, !isInDoubt { unlock() }
      return value
    } catch {
      throw .wrapping(error)
    }
  }

  /// Returns with the lock. When the next request would use a doubtful amount, no other is under way then.
  private func untilAloneInDoubt() async throws {
    while let channel = lane.current, channel.account.doubtful > .zero, !lane.isIdle {
      unlock()
      await lane.untilIdle()
      try await lock()
    }
  }

  private func adoptTerms(_ offer: PaymentOffer) async throws {
    guard let read = try SessionTerms.read(offer.challenge, options: manager.options) else {
      throw PaymentClientError(.invalidChallenge, "not a session challenge")
    }
    terms = read
    let chainID = try await manager.chain.chainID()
    guard read.chainID ?? chainID == chainID else {
      throw PaymentClientError(
        .untrustedTerms, "the challenge is for chain \(read.chainID ?? 0), not \(chainID)")
    }
    lane.challenge = offer.challenge
  }

  /// Reserves, records and signs; the lock is held.
  private func prepare() async throws -> String {
    var channel = try await usableChannel()
    if channelID != channel.channelID {
      channelID = channel.channelID
      reservation = nil
    }
    let reserved = try await reserve(channel)
    commit()
    let durable = try await lane.store(channel.channelID)
    channel = durable.channel
    let voucher = try await manager.signer.sign(
      reserved.target, on: durable, for: .payment(limit: manager.channelLimit(context)))
    try lane.update(channel.channelID) { $0.account.presented(reserved) }
    return manager.credential(payload(channel, voucher), terms.challenge, chainID: channel.chainID)
  }

  private func payload(_ channel: ClientChannel, _ voucher: SignedVoucher) -> SessionPayload {
    note(action.rawValue)
    switch action {
    case .open:
      return .open(
        SessionPayload.Open(
          channelID: channel.channelID, descriptor: channel.descriptor,
          transaction: channel.opening?.transaction ?? [], cumulativeAmount: voucher.cumulativeAmount,
          signature: voucher.signature, authorizedSigner: channel.descriptor.authorizedSigner))
    case .voucher:
      return .voucher(
        SessionPayload.VoucherPayload(
          channelID: channel.channelID, descriptor: channel.descriptor,
          cumulativeAmount: voucher.cumulativeAmount, signature: voucher.signature))
    }
  }

  /// The open channel; the one being opened, after a look at the chain; or a new one.
  private func usableChannel() async throws -> ClientChannel {
    guard var channel = lane.current else {
      action = .open
      return try await manager.open(lane, terms: terms, context: context) { commit() }
    }
    if channel.phase == .opening {
      // Its transaction may be taken at any time.
      commit()
      channel = try await manager.reconcileOpening(channel.channelID, in: lane)
      if channel.phase == .open {
        // On chain, but the server never said so: it may be at work on it still, or have died over it. A voucher could
        // meet a server that does not know the channel; the same opening again is answered like the first one.
        action = .open
        return channel
      }
    }
    switch channel.phase {
    case .open:
      action = .voucher
    case .opening:
      // Not mined, not expired: the same transaction is handed out again, never a second one (J4, J6).
      action = .open
      if let opening = channel.opening, opening.isDecided(at: manager.environment.clock.now) {
        throw PaymentClientError(
          .outcomeUnknown, "an opening has just expired; the chain has not shown yet that it failed",
          isRetryable: true, exposure: manager.exposure(channel))
      }
    default:
      action = .open
      return try await manager.open(lane, terms: terms, context: context) { commit() }
    }
    return channel
  }

  /// Sets the price aside, topping up first where the deposit does not cover it (U6). What is added to the authorised
  /// amount is charged to the period's total in the same step, or not added at all.
  private func reserve(_ channel: ClientChannel) async throws -> VoucherReservation {
    let id = channel.channelID
    if let reservation {
      let renewed = channel.account.renewed(reservation)
      self.reservation = renewed
      return renewed
    }
    for _ in 0..<2 {
      switch try raise(id, after: nil) {
      case .raised(let made):
        reservation = made
        return made
      case .needsDeposit(let required):
        guard lane.channel(id)?.phase == .open else { break }
        note("topUp")
        try await manager.topUp(to: required, id, in: lane, terms: terms, context: context) { commit() }
      }
    }
    throw PaymentClientError(.channelUnusable, "the deposit does not cover the price", isRetryable: true)
  }

  private enum Raise: Sendable {
    case raised(VoucherReservation)
    /// Nothing was changed; the deposit must cover this first.
    case needsDeposit(Amount)
  }

  /// A first reservation, or the next one after a refusal. Changes the account and charges the difference to the
  /// period's total; neither happens when either is refused.
  private func raise(_ id: Hash32, after refused: VoucherReservation?) throws -> Raise {
    let terms = terms
    let limit = manager.channelLimit(context)
    return try lane.update(id) { channel -> Raise in
      let before = channel.account.authorized
      let reservation: VoucherReservation
      do throws(VoucherPolicyError) {
        if let refused {
          reservation = try channel.account.refused(refused, limit: limit)
        } else {
          reservation = try channel.account.reserve(
            price: terms.price, minimumDelta: terms.minimumDelta, maximumStep: manager.options.maximumStep,
            limit: limit)
        }
      } catch {
        guard case .depositExceeded(let required, _) = error else { throw error }
        return .needsDeposit(required)
      }
      let delta = try channel.account.authorized.subtracting(before)
      try manager.charge(delta, lane)
      return .raised(reservation)
    }
  }

  // MARK: Refusals

  func refused(_ problem: ServerProblem, next: PaymentOffer?) async throws(PaymentClientError) {
    do {
      if !holdsLock { try await lock() }
      if let next { try await adoptTerms(next) }
      guard let channelID, let reservation else {
        throw PaymentClientError(.inconsistent, "refused before paying")
      }
      if action == .open { return try await openRefused(channelID, reservation, problem) }
      if problem.status == 410 { return try await disowned(channelID, reservation, problem) }
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
      // Another request of the lane learned that the channel is finished: pay with the next one.
      try release(id, reservation)
      return
    }
    switch problem.kind {
    case "payment-expired", "invalid-challenge", "payment-required":
      return  // the amount was not looked at: the same voucher under the new challenge
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

  /// The server does not know the channel: out of use, on the list of funds to recover, and a new one next (U1).
  private func disowned(_ id: Hash32, _ reservation: VoucherReservation, _ problem: ServerProblem)
    async throws
  {
    try release(id, reservation)
    guard lane.channel(id)?.phase == .open || lane.channel(id)?.phase == .opening else { return }
    manager.logger.warning("channel \(id.hex.prefix(10)): \(problem); its deposit is to be recovered")
    _ = try await lane.apply([.disowned], to: id)
    do {
      _ = try await manager.reconcile(id, in: lane)
    } catch {
      manager.logger.debug("channel \(id.hex.prefix(10)) not looked at: \(error)")
    }
  }

  /// An opening was refused. The chain says whether it landed all the same; if not, the same one is handed out again.
  private func openRefused(
    _ id: Hash32, _ reservation: VoucherReservation, _ problem: ServerProblem
  ) async throws {
    let channel = try await manager.reconcileOpening(id, in: lane)
    if channel.phase == .open || channel.phase == .opening { return }
    try release(id, reservation)
    throw PaymentClientError(
      .paymentRefused, "the opening failed", isRetryable: true, exposure: manager.exposure(channel),
      problem: problem)
  }

  // MARK: The end

  func finished(_ head: HTTPResponse) async throws(PaymentClientError) -> PaymentSummary {
    defer { giveBack() }
    guard let channelID, let reservation else {
      throw PaymentClientError(.inconsistent, "finished before paying")
    }
    do {
      let checked = check(head)
      let receipt: SessionReceipt? = if case .success(let receipt) = checked { receipt } else { nil }
      let isSuccess = (200..<300).contains(head.status.code)
      let isDelivered = isContent && (isSuccess || receipt != nil)
      try settle(channelID, reservation, isDelivered: isDelivered, receipt: receipt)
      if action == .open { try await acknowledge(channelID, isAcknowledged: isSuccess && receipt != nil) }
      await persistIfIdle(channelID)
      let final = try checked.get()
      return PaymentSummary(
        amount: isDelivered ? reservation.price : .zero, token: terms.token.hex, method: "tempo",
        intent: "session", channel: channelID.hex, authorized: reservation.target, actions: actions,
        receipt: final.map(\.summary))
    } catch {
      var wrapped = PaymentClientError.wrapping(error)
      if let channel = lane.channel(channelID) { wrapped.exposure = manager.exposure(channel) }
      throw wrapped
    }
  }

  func failed() async -> PaymentClientError.Exposure {
    defer { giveBack() }
    guard let channelID else { return .none }
    if let reservation {
      do { try release(channelID, reservation) } catch { manager.logger.error("\(error)") }
    }
    guard isOut, let channel = lane.channel(channelID) else { return .none }
    return manager.exposure(channel)
  }

  /// Reads the receipt and checks it against what this exchange signed (C27). No receipt is no error.
  private func check(_ head: HTTPResponse) -> Result<SessionReceipt?, PaymentClientError> {
    let values = head.headerFields[values: ProtocolHeaders.paymentReceipt]
    guard let text = values.first, let channelID, let channel = lane.channel(channelID) else {
      return .success(nil)
    }
    do {
      let receipt = try SessionReceipt(headerValue: text)
      try ReceiptCheck.check(receipt, channel: channel, challenge: terms.challenge)
      return .success(receipt)
    } catch let error as PaymentClientError {
      return .failure(error)
    } catch {
      return .failure(PaymentClientError(.receiptInvalid, "not a session receipt", underlying: error))
    }
  }

  private func settle(
    _ id: Hash32, _ reservation: VoucherReservation, isDelivered: Bool, receipt: SessionReceipt?
  ) throws {
    self.reservation = nil
    try lane.update(id) { channel in
      if isDelivered {
        channel.account.delivered(reservation)
      } else {
        channel.account.released(reservation)
      }
      if let receipt {
        channel = try channel.applying(
          .receipt(spent: receipt.spent, units: receipt.units.flatMap { UInt64(exactly: $0) }))
      }
    }
  }

  /// After an opening: the server's receipt, or the chain, makes the channel usable. The lock is still held.
  private func acknowledge(_ id: Hash32, isAcknowledged: Bool) async throws {
    if isAcknowledged {
      _ = try await lane.apply([.openAcknowledged], to: id)
      return
    }
    do {
      _ = try await manager.reconcileOpening(id, in: lane)
    } catch {
      // The next request looks again; nothing new is signed before that.
      manager.logger.debug("opening \(id.hex.prefix(10)) not looked at: \(error)")
    }
  }

  /// The count of deliveries is stored with the next voucher, or now when nobody else will. Losing it costs one
  /// repeated voucher, never money, so a failure is no reason to withhold a paid response.
  private func persistIfIdle(_ id: Hash32) async {
    guard holdsLock || lane.lock.tryAcquire() else { return }
    holdsLock = true
    guard lane.channel(id)?.account.pending == .zero else { return }
    do {
      _ = try await lane.store(id)
    } catch {
      manager.logger.warning("channel \(id.hex.prefix(10)): \(error)")
    }
  }

  /// Whether the server serves content for this request, or takes its credential as management (`04` §17).
  private var isContent: Bool {
    let kind = RequestKind(
      RequestKind.Framing(
        method: context.method.rawValue, hasQuery: context.url.hasQuery,
        contentLength: context.hasBody ? nil : "0", hasTransferEncoding: false, hasBody: context.hasBody))
    return kind == .content
  }

  private func release(_ id: Hash32, _ reservation: VoucherReservation) throws {
    self.reservation = nil
    let isOut = isOut
    try lane.update(id) { $0.account.released(reservation, isOut: isOut) }
  }

  private func lock() async throws {
    try await lane.lock.acquire()
    holdsLock = true
  }

  private func unlock() {
    guard holdsLock else { return }
    holdsLock = false
    lane.lock.release()
  }

  private func giveBack() {
    unlock()
    guard holdsPermit else { return }
    holdsPermit = false
    lane.permits.release()
  }
}
