import EVM
import HTTPTypes
import Logging
import MPPClient
import MPPCore
import MPPTempo
import Synchronization
import Tempo
import TempoRPC

/// All channels of one payer on one chain: their lanes, their signer, and what is done with them on chain and with
/// servers. Its steps are in the extensions: open, adopt, top-up, close, recover.
final class SessionManager: Sendable {
  let signer: VoucherSigner
  let chain: SessionChain
  let journal: ChannelJournal
  let intents: JournalIntentStore
  let environment: ClientEnvironment
  let options: TempoSessionOptions
  /// What origins have shown in answer to a proof.
  let remembered = RememberedChannels()
  private let lanes = Mutex<[LaneKey: SessionLane]>([:])
  /// Held while a new channel, or a top-up, takes its share of what may be deposited.
  let openings = Mutex<Void>(())

  init(chain paying: PayingChain, options: TempoSessionOptions, environment: ClientEnvironment) {
    signer = VoucherSigner(signer: paying.account.signer)
    journal = ChannelJournal(journal: environment.journal)
    intents = JournalIntentStore(journal: environment.journal)
    chain = SessionChain(paying, environment: environment, options: options, intents: intents)
    self.environment = environment
    self.options = options
  }

  /// The account; an access key signs for it.
  var payer: Address { signer.signer.account }
  /// Signs the vouchers.
  var voucherSigner: Address { signer.signer.keyAddress }
  var logger: Logger { environment.logger }

  /// Reads the journal. Channels of other payers in it are left alone.
  func start() async throws(PaymentClientError) {
    let channels = try await journal.load().filter { $0.descriptor.payer == payer }
    do { try await intents.restore() } catch {
      throw PaymentClientError(.journal, "the journal's chain actions cannot be read", underlying: error)
    }
    for (key, members) in Dictionary(grouping: channels, by: { LaneKey($0) }) {
      let lane = SessionLane(
        key: key, signer: voucherSigner, journal: journal, environment: environment, channels: members)
      lanes.withLock { $0[key] = lane }
    }
    let opening = channels.filter { $0.phase == .opening }.compactMap(\.opening?.validBefore.seconds).max()
    if let opening { chain.account.mayBeRegistered(until: UInt64(clamping: opening)) }
  }

  func lane(_ key: LaneKey) -> SessionLane {
    lanes.withLock { lanes in
      if let lane = lanes[key] { return lane }
      let lane = SessionLane(
        key: key, signer: voucherSigner, journal: journal, environment: environment)
      lanes[key] = lane
      return lane
    }
  }

  var allLanes: [SessionLane] { lanes.withLock { Array($0.values) } }
  var allChannels: [ClientChannel] { allLanes.flatMap(\.all) }

  /// Whether requests to this origin are paid with a channel that is open, or being opened.
  func hasChannelInUse(at origin: Origin) -> Bool {
    let origin = origin.description
    return allLanes.contains { $0.key.origin == origin && $0.current != nil }
  }

  /// Runs `body` alone on a lane: no request of the lane is under way, none starts.
  func alone<T: Sendable>(
    on lane: SessionLane, _ body: () async throws -> T
  ) async throws(PaymentClientError) -> T {
    do {
      return try await lane.permits.withPermits(lane.permits.count) {
        try await lane.lock.withPermits { try await body() }
      }
    } catch {
      throw .wrapping(error)
    }
  }

  /// The most that may be authorised and deposited on one channel now. A channel that was opened under a higher limit keeps its
  /// deposit, and nothing is added to it.
  func channelLimit(_ context: PaymentContext) -> Amount {
    min(environment.policy.maximumDeposit, context.depositLimit ?? environment.policy.maximumDeposit)
  }

  /// Counts a raise of `delta`, or a fee; refuses what the period's total does not allow.
  func charge(_ delta: Amount, _ lane: SessionLane) throws(PaymentClientError) {
    guard delta > .zero else { return }
    try environment.spending.charge(delta, account: lane.key.description)
  }

  /// Takes over a voucher of our own above our own count, and counts it as spent: another process signed it, and it is
  /// out. Stored at once. The lane's lock must be held.
  func adopt(_ ownVoucher: Amount, _ id: Hash32, in lane: SessionLane) async throws {
    try lane.update(id) { channel in
      let before = channel.account.authorized
      try channel.account.adopt(ownVoucher: ownVoucher)
      let delta = try channel.account.authorized.subtracting(before)
      try environment.spending.count(delta, account: lane.key.description)
    }
    _ = try await lane.store(id)
  }

  /// Reads the chain and applies what it shows. The lane's lock must be held.
  func reconcile(
    _ id: Hash32, in lane: SessionLane, at block: UInt64? = nil
  ) async throws -> ClientChannel {
    guard let before = lane.channel(id) else { throw PaymentClientError(.inconsistent, "unknown channel") }
    let observed = try await chain.observe(before, at: block)
    var events: [ClientChannel.Event] = [.observed(observed)]
    if let topUp = before.topUp,
      topUp.isDecided(at: observed.blockTime) || observed.deposit > before.account.deposit
    {
      events.append(.topUpResolved)
    }
    let after = try await lane.apply(events, to: id).channel
    if after.isDisputed, !before.isDisputed {
      logger.warning("channel \(id): \(observed.settled) captured, more than this client remembers signing")
    }
    return after
  }

  /// An opening whose outcome is unknown: by the chain's state, then by the transaction's receipt. A receipt that says it failed is
  /// believed only when the state after its block does not show the channel either.
  func reconcileOpening(_ id: Hash32, in lane: SessionLane) async throws -> ClientChannel {
    let channel = try await reconcile(id, in: lane)
    guard channel.phase == .opening, let opening = channel.opening,
      let receipt = try await chain.receipt(opening.hash)
    else { return channel }
    let then = try await reconcile(id, in: lane, at: receipt.blockNumber)
    guard then.phase == .opening, !receipt.succeeded else { return then }
    return try await lane.apply([.openReverted], to: id).channel
  }

  func credential(
    _ payload: SessionPayload, _ challenge: Challenge, chainID: UInt64
  ) -> String {
    Credential(
      challenge: challenge, payload: payload.jsonValue,
      source: UnverifiedSource("did:pkh:eip155:\(chainID):\(payer.checksummed)")
    ).serialized()
  }
}

extension PaymentClientError {
  /// Gives every error of the steps the client's own type.
  static func wrapping(_ error: any Error) -> PaymentClientError {
    switch error {
    case let error as PaymentClientError: error
    case let error as ChainError: .chain("the chain", error)
    case is CancellationError: PaymentClientError(.cancelled, "cancelled")
    case is FIFOPermits.Overloaded:
      PaymentClientError(.overloaded, "too many requests wait for this channel", isRetryable: true)
    case let error as VoucherPolicyError: .policy(error)
    case let error as JournalError:
      PaymentClientError(.journal, "\(error)", isRetryable: error.code != .stale, underlying: error)
    default: PaymentClientError(.inconsistent, "\(error)", underlying: error)
    }
  }

  private static func policy(_ error: VoucherPolicyError) -> PaymentClientError {
    switch error {
    case .capExceeded(let required, let cap):
      PaymentClientError(
        .refusedByPolicy, "\(required) base units would be above the limit of \(cap) for one channel",
        underlying: error)
    case .requirementExceedsBound(let required, let bound):
      PaymentClientError(
        .requirementExceedsBound, "the server requires \(required), this client counts at most \(bound)",
        underlying: error)
    case .deltaExceedsStep(let delta, let allowed):
      PaymentClientError(
        .requirementExceedsBound, "the server takes raises of at least \(delta), allowed is \(allowed)",
        underlying: error)
    case .refusedAtFullPrice(let authorized):
      PaymentClientError(
        .paymentRefused, "refused although the whole price was authorised (\(authorized) in total)",
        underlying: error)
    case .depositExceeded(let required, let deposit):
      PaymentClientError(
        .channelUnusable, "\(required) is above the deposit of \(deposit)", underlying: error)
    case .priceIsZero: PaymentClientError(.invalidChallenge, "the price is zero", underlying: error)
    case .outOfRange: PaymentClientError(.inconsistent, "an amount is out of range", underlying: error)
    }
  }
}
