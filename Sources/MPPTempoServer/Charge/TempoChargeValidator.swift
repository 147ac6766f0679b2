import EVM
import Logging
public import MPPCore
public import MPPServer
import MPPTempo
import Tempo
import TempoRPC

/// Looks at credentials of charges (`06` §1.9, §1.10). It can read the ledger and the chain, and nothing else: paying is
/// ``TempoChargeMethod/settle(_:)``.
public final class TempoChargeValidator: CredentialValidator {
  let chain: ChainReader
  /// For dry runs of transactions that anybody may hand in, and for hashes that anybody may name: its own, smaller share of the node.
  let dryRuns: ChainReader
  let ledger: LedgerReader
  let records: RecordView<ChargeRecord>
  let intents: RecordView<IntentRecord>
  /// What our fee payer would sign for; nil: there is none.
  let sponsor: SponsorCheck?
  let explicitMemoIsUnique: Bool
  let allowsSourcelessHash: Bool
  let proofs: ProofCheck
  let pushDeadline: Int64
  let pushes: PushGate
  private let allowsPayer: (@Sendable (Address, TempoChargeOptions.Mode) async -> Bool)?
  let logger: Logger

  init(
    _ options: TempoChargeOptions, _ ledger: LedgerReader, chain: ChainReader, dryRuns: ChainReader,
    pushes: PushGate, sponsor: SponsorCheck?, logger: Logger
  ) throws(StoreError) {
    self.chain = chain
    self.dryRuns = dryRuns
    self.pushes = pushes
    self.ledger = ledger
    records = try ledger.table(ChargeRecord.self)
    intents = try ledger.table(IntentRecord.self)
    self.sponsor = sponsor
    explicitMemoIsUnique = options.explicitMemoIsUnique
    allowsSourcelessHash = options.allowsSourcelessHash
    proofs = ProofCheck(chain: chain, ledger: ledger, isReusable: options.proofsAreReusable)
    pushDeadline = options.pushDeadline
    allowsPayer = options.allowsPayer
    self.logger = logger
  }

  /// A payment that would be taken.
  enum Payment: Sendable {
    case pull(ChargeTransaction, Standing)
    /// Without a payer: it is on record, and so is who paid.
    case push(Hash32, payer: Address?)
    case proof(Address)
  }

  /// Where a pulled payment stands.
  enum Standing: Sendable {
    /// In the ledger, under way or done: it must not be sent as a new one.
    case onRecord
    case unsent
    /// On the chain already, though not through us.
    case onChain
    /// Our fee payer may sign it.
    case sponsorable(SponsorableTransaction)
  }

  /// A credential of a charge that was checked; nothing was claimed and nothing was sent.
  public struct Valid: Sendable {
    let call: ChargeCall
    let payment: Payment

    fileprivate init(_ call: ChargeCall, _ payment: Payment) {
      self.call = call
      self.payment = payment
    }
  }

  /// Checks form, payer, amounts, memo and time, and asks the chain: a dry run for a signed transaction, the
  /// receipt for a pushed one (waited for up to ``TempoChargeOptions/pushDeadline``).
  ///
  /// - Throws: `PaymentProblem`; `PaymentRefusal` for a pushed payment that cannot be decided yet,
  ///   `StoreError`.
  public func validate(
    _ credential: AuthenticatedCredential, _ context: VerificationContext
  ) async throws -> Valid {
    guard let payload = try? ChargePayload(parsing: credential.payload) else {
      throw PaymentProblem.invalidPayload()
    }
    guard let terms = context.prepared.state as? ChargeTerms else {
      throw ChargeProblem.failed("invalid charge request")
    }
    let call = try ChargeCall(credential, terms, context)
    do {
      switch payload {
      case .transaction(let bytes): return Valid(call, try await pull(bytes, call))
      case .hash(let hash): return Valid(call, try await push(hash, call))
      case .proof(let signature): return Valid(call, try await proof(signature, call))
      }
    } catch let error as ChainError {
      throw error.problem("this payment")
    }
  }

  /// A payment that landed buys its delivery also after its challenge has expired: the answer to it may have been lost.
  public func isPaid(_ credential: AuthenticatedCredential, _ context: VerificationContext) async -> Bool {
    guard let payload = try? ChargePayload(parsing: credential.payload),
      let terms = context.prepared.state as? ChargeTerms,
      let call = try? ChargeCall(credential, terms, context)
    else { return false }
    return await isPaid(payload, call)
  }

  func checkPayer(_ payer: Address, _ mode: TempoChargeOptions.Mode) async throws(PaymentProblem) {
    guard let allowsPayer else { return }
    guard await allowsPayer(payer, mode) else { throw ChargeProblem.payer }
  }

  /// Whether a payment is on record, settled, and has a delivery left.
  /// - Throws: `PaymentProblem` when it belongs to another purchase, did not pay, or is used up.
  func isRedeemable(_ transaction: Hash32, _ call: ChargeCall) async throws -> Bool {
    guard let record = try await records.load(ChargeRecord.key(transaction)) else { return false }
    try call.check(record, record.payer)
    if case .broadcasting = record.phase { return false }
    do throws(ChargeTransitionError) {
      _ = try record.applying(.deliver(now: call.now, leaseUntil: call.now))
    } catch {
      throw ChargeProblem.transition(error)
    }
    return true
  }
}
