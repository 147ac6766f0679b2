import EVM
import Logging
import MPPCore
import MPPServer
import Tempo
import TempoRPC

/// Signs and sends as a sponsor, after its policy, a second dry run and a durable reservation of the fee (`06` §1.11).
final class FeePayer: Sendable {
  let policy: SponsorPolicy
  private let options: FeePayerOptions
  private let client: ChainClient
  private let budgets: RecordTable<SponsorBudget>
  private let key: RecordKey
  private let clock: any WallClock
  private let random: any RandomSource

  /// How long a reservation may wait for its signature, in seconds.
  static let lease: Int64 = 30

  init(
    _ options: FeePayerOptions, chainID: UInt64, client: ChainClient, feeTokens: [Address] = [],
    _ environment: MethodEnvironment
  ) throws {
    self.options = options
    self.client = client
    clock = environment.clock
    random = environment.random
    budgets = try environment.ledger.table(SponsorBudget.self)
    let sponsor = options.signer.address
    key = SponsorBudget.key(chainID: chainID, sponsor: sponsor)
    var tokens: [Address] = []
    let known = [TempoAddress.pathUSD, TempoChain.defaultCurrency(chainID: chainID)]
    for token in [options.feeToken].compactMap({ $0 }) + feeTokens + known + options.furtherFeeTokens
    where !tokens.contains(token) { tokens.append(token) }
    policy = SponsorPolicy(
      chainID: chainID, sponsor: sponsor, limits: options.limits ?? .standard(chainID: chainID),
      feeTokens: tokens)
  }

  /// Pays the fee of a transaction and sends it. Its calls were run dry before (``SponsorableTransaction/withoutFee``), when the
  /// credential was validated.
  ///
  /// In this order: the token of the fee; a dry run with it, which carries no signature of ours; a durable reservation; the
  /// signature; `prepare`; the policy and the challenge once more, by the clock of this moment; the reservation as broadcasting,
  /// durably; and only then the signature leaves. What is reserved is freed here, unless the end is not known.
  ///
  /// - Parameter prepare: claims the final transaction and makes the intent it is sent with. Nothing was sent when it throws.
  /// - Throws: ``SponsorError``, `StoreError` and what `prepare` throws, before anything was sent; afterwards as
  ///   `Broadcaster.submit`.
  func send(
    _ transaction: SponsorableTransaction, through broadcaster: Broadcaster,
    probe: Broadcaster.EffectProbe? = nil, prepare: (SignedTempoTransaction) async throws -> ChainIntent
  ) async throws -> BroadcastResult {
    let token = try await chooseToken(transaction)
    let owner = try await reserve(transaction)
    let intent: ChainIntent
    do {
      intent = try await prepare(try await sign(transaction, token))
      try recheck(transaction)
      // Throws when the reservation is lost: nothing may be sent then.
      try await change(.broadcast(transaction.identity, owner: owner))
    } catch {
      // Nothing was sent. A failure leaves the reservation to its lease.
      try? await change(.release(transaction.identity, owner: owner))
      throw error
    }
    let result = try await broadcaster.submit(intent, probe: probe)
    if !result.isUndecided { await ended(transaction.identity) }
    return result
  }

  /// The chain has decided about a transaction, named by what its sender signed. A failure leaves the reservation until it has
  /// expired.
  func ended(_ identity: Hash32) async {
    try? await change(.confirmed(identity))
  }

  /// The token of the fee, and the second dry run.
  private func chooseToken(_ transaction: SponsorableTransaction) async throws(SponsorError) -> Address {
    do {
      let token = try await feeToken(for: transaction)
      try await client.simulate(
        transaction.quoted(in: token), from: transaction.signer, feePayer: policy.sponsor)
      return token
    } catch {
      throw .chain(error)
    }
  }

  private func reserve(_ transaction: SponsorableTransaction) async throws -> UInt64 {
    let owner = random.fill(8).reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
    let now = clock.now
    let reservation = SponsorReservation(
      transaction: transaction.identity, payer: transaction.sender, fee: transaction.maximumFee,
      expires: Timestamp(seconds: Int64(clamping: transaction.signed.transaction.validBefore ?? .max)),
      owner: owner, leaseUntil: now.adding(seconds: Self.lease))
    try await change(.reserve(reservation, policy.limits, now: now))
    return owner
  }

  /// Dry runs, a signer elsewhere and the disk have taken their time (`06` §1.9, B5). A challenge that was alive at first must be
  /// alive still.
  private func recheck(_ transaction: SponsorableTransaction) throws(SponsorError) {
    let (now, end) = (clock.now, transaction.challengeExpires)
    guard transaction.checkedAt > end || now <= end else {
      throw .refused(SponsorRefusal(.challengeExpired))
    }
    do {
      _ = try policy.check(transaction.signed, now: now, challengeExpires: end)
    } catch {
      throw .refused(error)
    }
  }

  private func change(_ change: SponsorBudget.Change) async throws {
    do {
      _ = try await budgets.update(key) { stored in
        (try (stored ?? SponsorBudget()).applying(change), ())
      }
    } catch let refusal as SponsorBudget.Refusal {
      throw SponsorError.budget(refusal)
    }
  }

  /// The first allowed token that covers the highest fee.
  private func feeToken(
    for transaction: SponsorableTransaction
  ) async throws(ChainError) -> Address {
    let units = UInt128(transaction.maximumFee)
    let needed = (units + 999_999_999_999) / 1_000_000_000_000
    for token in policy.feeTokens {
      if try await balance(token) >= needed { return token }
    }
    throw ChainError(.rejected, "the sponsor has no allowed token that covers the fee")
  }

  /// Zero for what is not a token.
  private func balance(_ token: Address) async throws(ChainError) -> UInt128 {
    do {
      return try await client.balance(of: policy.sponsor, token: token)
    } catch {
      guard error.code == .reverted || error.code == .invalidAnswer else { throw error }
      return 0
    }
  }

  private func sign(
    _ transaction: SponsorableTransaction, _ token: Address
  ) async throws -> SignedTempoTransaction {
    let digest = transaction.signed.transaction.feePayerHash(sender: transaction.sender, feeToken: token)
    let bytes = try await options.signer.sign(digest)
    guard case .secp256k1(let signature) = try PrimitiveSignature(parsing: bytes) else {
      throw TempoError.signature(.unsupportedKind)
    }
    let signed = try transaction.signed.completed(feeToken: token, feePayerSignature: signature)
    guard try signed.recoverFeePayer(sender: transaction.sender) == policy.sponsor else {
      throw TempoError.rule(.senderMismatch)
    }
    return signed
  }
}
