import EVM
import Logging
import MPPCore
import MPPServer
import Tempo
import TempoRPC

/// Signs as a sponsor, after its policy, a second dry run and a durable reservation of the fee (`06` §1.11).
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

  /// A co-signed transaction whose fee is reserved.
  struct Sponsored: Sendable {
    let signed: SignedTempoTransaction
    let owner: UInt64
  }

  /// Chooses the token of the fee, signs, runs the whole transaction dry and reserves its fee. The calls were run dry before
  /// (``SponsorableTransaction/withoutFee``), when the credential was validated.
  ///
  /// What was reserved is durable on return; ``willSend(_:)`` comes next, or ``abandon(_:)``.
  /// - Throws: `SponsorRefusal`, `SponsorBudget.Refusal`, `ChainError`, `StoreError`; nothing is reserved then.
  func sponsor(_ transaction: SponsorableTransaction) async throws -> Sponsored {
    let token = try await feeToken(for: transaction)
    let signed = try await sign(transaction, token)
    try await client.simulate(signed.transaction, from: transaction.signer)
    let owner = random.fill(8).reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
    let reservation = SponsorReservation(
      transaction: signed.hash, payer: transaction.sender, fee: transaction.maximumFee,
      expires: Timestamp(seconds: Int64(clamping: signed.transaction.validBefore ?? .max)), owner: owner,
      leaseUntil: clock.now.adding(seconds: Self.lease))
    let (limits, now) = (policy.limits, clock.now)
    try await change(.reserve(reservation, limits, now: now))
    return Sponsored(signed: signed, owner: owner)
  }

  /// From here on only the chain frees the reservation. Throws when it is lost: nothing may be sent then.
  func willSend(_ sponsored: Sponsored) async throws {
    try await change(.broadcast(sponsored.signed.hash, owner: sponsored.owner))
  }

  /// Nothing was sent. A failure leaves the reservation to its lease.
  func abandon(_ sponsored: Sponsored) async {
    try? await change(.release(sponsored.signed.hash, owner: sponsored.owner))
  }

  /// The chain has decided about a transaction. A failure leaves the reservation until it has expired.
  func ended(_ transaction: Hash32) async {
    try? await change(.confirmed(transaction))
  }

  private func change(_ change: SponsorBudget.Change) async throws {
    _ = try await budgets.update(key) { stored in
      (try (stored ?? SponsorBudget()).applying(change), ())
    }
  }

  /// The first allowed token that covers the highest fee.
  private func feeToken(for transaction: SponsorableTransaction) async throws -> Address {
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
