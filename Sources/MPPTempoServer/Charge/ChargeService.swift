import EVM
import Logging
import MPPCore
import MPPServer
import MPPTempo
import Tempo
import TempoRPC

/// The charges of one server: their records, their chain, and the one way in which a payment becomes a delivery.
final class ChargeService: Sendable {
  let options: TempoChargeOptions
  let client: ChainClient
  /// For dry runs of transactions that anybody may hand in: its own, smaller share of the node.
  let simulator: ChainClient
  let broadcaster: Broadcaster
  let ledger: Ledger
  let intents: LedgerIntentStore
  let records: RecordTable<ChargeRecord>
  let claims: ReplayClaims
  /// Bounds what strangers may ask about pushed payments, and make us remember.
  let pushes = PushGate()
  let feePayer: FeePayer?
  let holds: HoldSequence
  let live = LiveHolds()
  let clock: any WallClock
  let logger: Logger
  private let lane = Lane<Hash32>()

  init(_ options: TempoChargeOptions, _ environment: MethodEnvironment) throws {
    self.options = options
    clock = environment.clock
    logger = environment.logger
    client = ChainClient(
      transport: options.transport, chainID: options.chainID, clock: environment.clock,
      sleeper: options.sleeper, random: environment.random, limits: options.limits)
    let simulator = client.share()
    self.simulator = simulator
    ledger = environment.ledger
    intents = try LedgerIntentStore(ledger)
    broadcaster = Broadcaster(client: client, store: intents)
    records = try ledger.table(ChargeRecord.self)
    claims = ledger.claims
    holds = HoldSequence(random: environment.random)
    feePayer = try options.feePayer.map {
      try FeePayer($0, chainID: options.chainID, client: simulator, environment)
    }
  }

  /// Runs a step that is alone with its payment.
  func exclusively<T>(_ id: Hash32, _ body: nonisolated(nonsending) () async throws -> T) async throws -> T {
    do {
      return try await lane.run(id, body)
    } catch is LaneError {
      throw PaymentProblem.unavailable(reason: "too many requests with this payment wait", retryAfter: 1)
    }
  }

  /// Moves the money of a valid credential: claims it, sends it where we send, and begins its delivery.
  func settle(_ valid: TempoChargeValidator.Valid) async throws -> Verification {
    let call = valid.call
    switch valid.payment {
    case .pull(let transaction, let standing): return try await pull(transaction, standing, call)
    case .push(let hash, let payer): return try await push(hash, payer, call)
    case .proof(let account): return try await proof(account, call)
    }
  }

  /// A payment that is on the chain: the first presentation takes it.
  private func push(_ hash: Hash32, _ payer: Address?, _ call: ChargeCall) async throws -> Verification {
    try await exclusively(hash) {
      if let redeemed = try await redeem(hash, call) { return redeemed }
      guard let payer else { throw ChargeProblem.unresolved }
      return try await settleAndDeliver(hash, payer: payer, validBefore: nil, call)
    }
  }

  /// Used once per challenge and account, until the challenge expires.
  private func proof(_ account: Address, _ call: ChargeCall) async throws -> Verification {
    if !options.proofsAreReusable { try await claims.useProof(of: account, call) }
    return .proceed(
      VerifiedPayment(
        source: call.verified(account), amount: .zero, receipt: try call.receipt(call.challengeID),
        reference: call.challengeID, hold: nil))
  }

  /// One that is not remembered, or a failure, costs the payer its right only if the challenge expires before the next presentation.
  func remember(_ presentation: PushPresentation) async {
    guard pushes.admits(presentation, now: clock.now) else {
      logger.info("a presented payment is not remembered: there are too many")
      return
    }
    do {
      _ = try await claims.claim(
        presentation.key, until: presentation.until, now: presentation.presented)
    } catch {
      logger.warning("a presented payment was not remembered", metadata: ["mpp.code": "\(error)"])
    }
  }

  // MARK: Delivery: its lease counts from its beginning, not from that of the request, which may have waited for the chain.

  /// Records that `transaction` paid, and begins its delivery: one durable step. The first presentation wins; a later one is
  /// answered from what is left (`06` §1.16).
  func settleAndDeliver(
    _ transaction: Hash32, payer: Address, validBefore: UInt64?, _ call: ChargeCall
  ) async throws -> Verification {
    let receipt = try call.receipt(transaction.hex)
    let fresh = ChargeRecord(
      transaction: transaction, challengeID: call.challengeID, payer: payer, request: call.request,
      createdAt: call.now, validBefore: validBefore)
    return try await deliver(transaction, call) { stored in
      let record = stored ?? fresh
      try call.check(record, payer)
      return try record.applying(.settle(receipt: receipt))
    }
  }

  /// Begins another delivery of a payment that is recorded already; nil when there is no such payment, or it is not settled.
  func redeem(_ transaction: Hash32, _ call: ChargeCall) async throws -> Verification? {
    guard let stored = try await records.load(ChargeRecord.key(transaction)) else { return nil }
    try call.check(stored, stored.payer)
    switch stored.phase {
    case .broadcasting: return nil
    case .void: throw ChargeProblem.failed("The transaction did not pay")
    case .settled, .delivering, .delivered: break
    }
    return try await deliver(transaction, call) { record in
      guard let record else { throw ChargeTransitionError.notAllowed }
      return record
    }
  }

  private func deliver(
    _ transaction: Hash32, _ call: ChargeCall,
    _ settled: @escaping @Sendable (ChargeRecord?) throws -> ChargeRecord
  ) async throws -> Verification {
    let now = clock.now
    let lease = now.adding(milliseconds: options.deliveryLease)
    let record: ChargeRecord
    do {
      record = try await records.update(ChargeRecord.key(transaction)) { stored in
        (try settled(stored).applying(.deliver(now: now, leaseUntil: lease)), ())
      }.0
    } catch let error as ChargeTransitionError {
      throw ChargeProblem.transition(error)
    }
    return .proceed(
      VerifiedPayment(
        source: call.verified(record.payer), amount: call.terms.amount, receipt: record.receipt,
        reference: transaction.hex, hold: hold(record, at: now, until: lease)))
  }
}
