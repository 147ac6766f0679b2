import EVM
import Logging
import MPPCore
import MPPServer
import Tempo
import TempoRPC

/// Has transactions sponsored and sends them, after the policy, a second dry run and a durable reservation of the fee (`06` §1.11).
final class FeePayer: Sendable {
  let policy: SponsorPolicy
  private let source: Source
  private let client: ChainClient
  private let budgets: RecordTable<SponsorBudget>
  private let key: RecordKey
  private let clock: any WallClock
  private let random: any RandomSource
  private let reverted = RevertedPayers()

  /// Where the second signature comes from.
  private enum Source: Sendable {
    case local(LocalSponsor)
    case hosted(HostedSponsor)
  }

  /// The second signature, before its fee is reserved.
  private enum Quote: Sendable {
    case local(LocalSponsor, token: Address)
    /// The host says in which token.
    case hosted(HostedSponsor)
  }

  /// How long a reservation may wait for its signature, in seconds.
  static let lease: Int64 = 30

  /// - Throws: `ConfigurationError`; `StoreError`.
  init(
    _ options: FeePayerOptions, chainID: UInt64, client: ChainClient, feeTokens: [Address] = [],
    _ environment: MethodEnvironment
  ) throws {
    self.client = client
    clock = environment.clock
    random = environment.random
    budgets = try environment.ledger.table(SponsorBudget.self)
    var tokens: [Address] = []
    let known = [TempoAddress.pathUSD, TempoChain.defaultCurrency(chainID: chainID)]
    for token in [options.feeToken].compactMap({ $0 }) + feeTokens + known + options.furtherFeeTokens
    where !tokens.contains(token) { tokens.append(token) }
    let sponsor: Address?
    switch options.source {
    case .signer(let signer):
      source = .local(LocalSponsor(signer, client))
      sponsor = signer.address
      key = SponsorBudget.key(chainID: chainID, sponsor: signer.address)
    case .host(let host):
      guard options.feeToken == nil, options.furtherFeeTokens.isEmpty else {
        throw ConfigurationError(.feePayer, "a host chooses the fee token itself: see FeePayerHost.feeTokens")
      }
      source = .hosted(HostedSponsor(host: try host.client(), expected: host.sponsor, client: client))
      sponsor = host.sponsor
      key = SponsorBudget.key(chainID: chainID, sponsor: host.budgetAddress)
      tokens = host.feeTokens ?? tokens
    }
    policy = SponsorPolicy(
      chainID: chainID, sponsor: sponsor, limits: options.limits ?? .standard(chainID: chainID),
      feeTokens: tokens)
  }

  /// What is asked of a transaction before it is sent.
  var check: SponsorCheck { SponsorCheck(policy: policy, dryRuns: ChainReader(client)) }

  /// Has the fee of a transaction paid and sends it, through our node in every case. Its calls were run dry before (``check``), when
  /// the credential was validated.
  ///
  /// In this order: the token of the fee; a dry run with it, which carries no signature; a durable reservation; the
  /// signature; `prepare`; the policy and the challenge once more, by the clock of this moment; the reservation as broadcasting,
  /// durably; and only then the signature leaves. A host is asked for token and signature at once, after the reservation, and the dry
  /// run follows. What is reserved is freed here, unless the end is not known.
  ///
  /// - Parameter prepare: claims the final transaction and makes the intent it is sent with. Nothing was sent when it throws.
  /// - Throws: ``SponsorError``, `StoreError` and what `prepare` throws, before anything was sent; afterwards as
  ///   `Broadcaster.submit`.
  func send(
    _ transaction: SponsorableTransaction, through broadcaster: Broadcaster,
    probe: Broadcaster.EffectProbe? = nil, prepare: (SignedTempoTransaction) async throws -> ChainIntent
  ) async throws -> BroadcastResult {
    guard !reverted.contains(transaction.sender, now: clock.now) else {
      throw SponsorError.refused(SponsorRefusal(.reverted))
    }
    let quote = try await quote(transaction)
    let owner = try await reserve(transaction)
    let intent: ChainIntent
    do {
      intent = try await prepare(try await sign(transaction, quote))
      try recheck(transaction)
      // Throws when the reservation is lost: nothing may be sent then.
      try await change(.broadcast(transaction.identity, owner: owner, now: clock.now))
    } catch {
      // Nothing was sent. A failure leaves the reservation to its lease.
      try? await change(.release(transaction.identity, owner: owner))
      throw error
    }
    let result = try await broadcaster.submit(intent, probe: probe)
    await ended(transaction.identity, of: transaction.sender, result)
    return result
  }

  /// What became of a transaction of `payer`, named by what it signed: one that was reverted ends the sponsoring of its payer for a
  /// while.
  func ended(_ identity: Hash32, of payer: Address, _ result: BroadcastResult) async {
    guard !result.isUndecided else { return }
    if case .reverted = result.outcome { reverted.add(payer, now: clock.now) }
    await ended(identity)
  }

  /// The chain has decided about a transaction, named by what its sender signed. A failure leaves the reservation until it has
  /// expired.
  func ended(_ identity: Hash32) async {
    try? await change(.confirmed(identity))
  }

  private func quote(_ transaction: SponsorableTransaction) async throws(SponsorError) -> Quote {
    switch source {
    case .local(let sponsor):
      .local(sponsor, token: try await sponsor.chooseToken(transaction, of: policy.feeTokens))
    case .hosted(let sponsor): .hosted(sponsor)
    }
  }

  private func sign(
    _ transaction: SponsorableTransaction, _ quote: Quote
  ) async throws -> SignedTempoTransaction {
    switch quote {
    case .local(let sponsor, let token): try await sponsor.sign(transaction, token)
    case .hosted(let sponsor): try await sponsor.sign(transaction, of: policy.feeTokens)
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
}
