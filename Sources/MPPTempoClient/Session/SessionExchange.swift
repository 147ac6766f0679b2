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
/// A channel that is open on the chain may be unknown to its server: the answer to its opening was lost, or the server died over it.
/// Until the server has answered for the channel, the signed opening is presented again with every voucher; the voucher goes
/// alone only after that opening was refused, and only when the voucher is refused too is the channel given up.
///
/// After a restart, or a lost answer, the server may have used up amounts this client counts as unused. A request that is
/// to use one waits until no other is under way and holds the lock until its answer: only then does a refusal mean that
/// the amount is gone, and not that another request was quicker. It is written off, and everybody else goes on as usual.
///
/// One task uses an exchange, one call at a time; the lock around its state only makes that visible to the compiler.
final class SessionExchange: PaymentExchange {
  enum Action: String {
    case open
    case voucher
  }

  private struct State {
    var terms: SessionTerms
    var holdsPermit = false
    var holdsLock = false
    var channelID: Hash32?
    var reservation: VoucherReservation?
    /// What the server's receipts said it had charged when the price was set aside.
    var spentBefore = Amount.zero
    var action = Action.voucher
    /// A voucher or transaction of this exchange left the process.
    var isOut = false
    /// What was authorised on the channel before this request added to it; nil as long as it has added nothing there.
    var floor: Amount?
    /// Something was signed or written down for it, or is about to be.
    var isCommitted = false
    var actions: [String] = []
  }

  let manager: SessionManager
  let lane: SessionLane
  let context: PaymentContext
  private let state: Mutex<State>

  init(manager: SessionManager, lane: SessionLane, terms: SessionTerms, context: PaymentContext) {
    self.manager = manager
    self.lane = lane
    self.context = context
    state = Mutex(State(terms: terms))
  }

  var terms: SessionTerms {
    get { state.withLock { $0.terms } }
    set { state.withLock { $0.terms = newValue } }
  }
  private var holdsPermit: Bool {
    get { state.withLock { $0.holdsPermit } }
    set { state.withLock { $0.holdsPermit = newValue } }
  }
  var holdsLock: Bool {
    get { state.withLock { $0.holdsLock } }
    set { state.withLock { $0.holdsLock = newValue } }
  }
  var channelID: Hash32? {
    get { state.withLock { $0.channelID } }
    set { state.withLock { $0.channelID = newValue } }
  }
  var reservation: VoucherReservation? {
    get { state.withLock { $0.reservation } }
    set { state.withLock { $0.reservation = newValue } }
  }
  var spentBefore: Amount {
    get { state.withLock { $0.spentBefore } }
    set { state.withLock { $0.spentBefore = newValue } }
  }
  var action: Action {
    get { state.withLock { $0.action } }
    set { state.withLock { $0.action = newValue } }
  }
  var isOut: Bool {
    get { state.withLock { $0.isOut } }
    set { state.withLock { $0.isOut = newValue } }
  }
  var floor: Amount? {
    get { state.withLock { $0.floor } }
    set { state.withLock { $0.floor = newValue } }
  }
  var isCommitted: Bool { state.withLock { $0.isCommitted } }
  private func commit() { state.withLock { $0.isCommitted = true } }
  var actions: [String] { state.withLock { $0.actions } }
  func note(_ action: String) { state.withLock { $0.actions.append(action) } }

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
      let isKnown = channelID.flatMap { lane.channel($0) }?.isAcknowledged ?? false
      if action == .voucher, isKnown, !isRepetition, !isInDoubt { unlock() }
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

  func adoptTerms(_ offer: PaymentOffer) async throws {
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
    // Only now is it known whether the channel was topped up for this request, which says that its server knows it.
    guard let opening = channel.opening(with: voucher.cumulativeAmount) else {
      action = .voucher
      note(action.rawValue)
      return .voucher(
        SessionPayload.VoucherPayload(
          channelID: channel.channelID, descriptor: channel.descriptor,
          cumulativeAmount: voucher.cumulativeAmount, signature: voucher.signature))
    }
    action = .open
    note(action.rawValue)
    return .open(
      SessionPayload.Open(
        channelID: channel.channelID, descriptor: channel.descriptor, transaction: opening.transaction,
        cumulativeAmount: voucher.cumulativeAmount, signature: voucher.signature,
        authorizedSigner: channel.descriptor.authorizedSigner))
  }

  /// The open channel; the one being opened, after a look at the chain; or one that is new here. Another one than before only when
  /// nothing of this request is at stake on that.
  private func usableChannel() async throws -> ClientChannel {
    if let channelID, reservation != nil, lane.current?.channelID != channelID {
      try await leave(channelID, nil)
    }
    guard var channel = lane.current else { return try await newChannel() }
    if channel.phase == .opening {
      // Its transaction may be taken at any time.
      commit()
      channel = try await manager.reconcileOpening(channel.channelID, in: lane)
    }
    switch channel.phase {
    case .open: return channel
    case .opening:
      // Not mined, not expired: the same transaction is handed out again, never a second one (J4, J6).
      if let opening = channel.opening, opening.isDecided(at: manager.environment.clock.now) {
        throw PaymentClientError(
          .outcomeUnknown, "an opening has just expired; the chain has not shown yet that it failed",
          isRetryable: true, exposure: manager.exposure(channel))
      }
      return channel
    default:
      if channel.channelID == channelID, reservation != nil { try await leave(channel.channelID, nil) }
      return try await newChannel()
    }
  }

  /// One that the server remembers and can prove, or else one that is opened.
  private func newChannel() async throws -> ClientChannel {
    if let channel = try await manager.adopted(in: lane, terms: terms, context: context) { return channel }
    return try await manager.open(lane, terms: terms, context: context) { commit() }
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
        spentBefore = channel.spent
        return made
      case .needsDeposit(let required):
        guard lane.channel(id)?.phase == .open else { break }
        note("topUp")
        try await manager.topUp(to: required, id, in: lane, terms: terms, context: context) { commit() }
      }
    }
    throw PaymentClientError(.channelUnusable, "the deposit does not cover the price", isRetryable: true)
  }

  enum Raise: Sendable {
    case raised(VoucherReservation)
    /// Nothing was changed; the deposit must cover this first.
    case needsDeposit(Amount)
  }

  /// A first reservation, or the next one after a refusal. Changes the account and charges the difference to the
  /// period's total; neither happens when either is refused.
  func raise(_ id: Hash32, after refused: VoucherReservation?) throws -> Raise {
    let terms = terms
    let limit = manager.channelLimit(context)
    var before = Amount.zero
    let result = try lane.update(id) { channel -> Raise in
      before = channel.account.authorized
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
    if case .raised(let made) = result, made.target > before, floor == nil { floor = before }
    return result
  }

  func release(_ id: Hash32, _ reservation: VoucherReservation) throws {
    self.reservation = nil
    let isOut = isOut
    try lane.update(id) { $0.account.released(reservation, isOut: isOut) }
  }

  func lock() async throws {
    try await lane.lock.acquire()
    holdsLock = true
  }

  private func unlock() {
    guard holdsLock else { return }
    holdsLock = false
    lane.lock.release()
  }

  func giveBack() {
    unlock()
    guard holdsPermit else { return }
    holdsPermit = false
    lane.permits.release()
  }
}
