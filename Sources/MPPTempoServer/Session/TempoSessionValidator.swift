import EVM
import Logging
public import MPPCore
public import MPPServer
import MPPTempo
import Tempo
import TempoRPC

/// Looks at credentials of payment channels (`04` §18, §22). It can read the ledger and the chain, and nothing else: what changes a
/// channel is ``TempoSessionMethod/settle(_:)``.
public final class TempoSessionValidator: CredentialValidator {
  let reader: ChannelReader
  /// For dry runs of transactions that anybody may hand in: its own, smaller share of the node.
  let dryRuns: ChainReader
  /// Bounds the work for opens, which strangers hand in.
  let openings: OpeningGate
  /// The same for top-ups.
  let topUps: OpeningGate
  /// What our fee payer would sign for; nil: there is none.
  let sponsor: SponsorCheck?
  /// Milliseconds.
  let longestTransactionValidity: Int64
  let signer: Address
  let logger: Logger
  private let descriptors = KnownDescriptors()

  init(
    _ options: TempoSessionOptions, _ reader: ChannelReader, dryRuns: ChainReader, openings: OpeningGate,
    topUps: OpeningGate, sponsor: SponsorCheck?, logger: Logger
  ) {
    self.reader = reader
    self.dryRuns = dryRuns
    self.openings = openings
    self.topUps = topUps
    self.sponsor = sponsor
    longestTransactionValidity = options.longestTransactionValidity
    signer = options.signer.address
    self.logger = logger
  }

  /// What a valid credential asks for. Only the voucher is kept inline: it is what nearly every request brings.
  enum Action: Sendable {
    case voucher(VoucherAcceptance, VerifiedSource)
    indirect case open(VerifiedOpen, Standing)
    indirect case topUp(SessionPayload.TopUp, ManagementTransaction, Standing)
    indirect case close(SignedVoucher)
  }

  /// Where a transaction that a client has signed stands.
  enum Standing: Sendable {
    /// In the ledger, under way or done: it must not be sent as a new one.
    case onRecord
    case unsent
    /// On the chain already, though not through us.
    case onChain
    /// Our fee payer may sign it.
    case sponsorable(SponsorableTransaction)

    var isNew: Bool { if case .onRecord = self { false } else { true } }
  }

  /// A session credential that was checked; nothing was accepted, written or sent.
  public struct Valid: Sendable {
    let call: SessionCall
    let action: Action
    /// What the chain was read to say for it, when the ledger does not say it yet.
    let unwritten: ChannelObservation?

    fileprivate init(_ call: SessionCall, _ action: Action, _ unwritten: ChannelObservation?) {
      self.call = call
      self.action = action
      self.unwritten = unwritten
    }
  }

  /// Checks the voucher, or the signed transaction of an open or a top-up, against the ledger and, where that
  /// is too old, the chain.
  ///
  /// - Throws: `PaymentProblem`, `PaymentRefusal` with what the chain was found to say, `StoreError`.
  public func validate(
    _ credential: AuthenticatedCredential, _ context: VerificationContext
  ) async throws -> Valid {
    let payload: SessionPayload
    do { payload = try SessionPayload(parsing: credential.credential, known: descriptors) } catch {
      throw error.problem
    }
    guard let terms = context.prepared.state as? SessionTerms else {
      throw SessionProblem.failed("invalid session request")
    }
    let call = SessionCall(
      challengeID: credential.challenge.id,
      expires: credential.challenge.expiry ?? context.now,
      terms: terms, purpose: context.purpose, source: credential.source, now: context.now,
      logger: context.logger)
    do {
      let (action, unwritten) =
        switch payload {
        case .voucher(let payload): try await voucher(payload, call)
        case .open(let payload): try await open(payload, call)
        case .topUp(let payload): try await topUp(payload, call)
        case .close(let payload): try await close(payload, call)
        }
      return Valid(call, action, unwritten)
    } catch let error as ChainError {
      throw error.problem("this action")
    } catch let error as ChannelTransitionError {
      throw SessionProblem.refusal(error)
    }
  }
}
