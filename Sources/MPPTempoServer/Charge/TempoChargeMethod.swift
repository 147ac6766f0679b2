import EVM
public import MPPCore
public import MPPServer
import MPPTempo
import TempoRPC

/// One payment on the chain for one request, and proofs of identity where the price is zero: the server's side of `06` §1.
public final class TempoChargeMethod: ServerMethod {
  public let key = MethodKey(name: "tempo", intent: "charge")
  public var isOneTime: Bool { true }
  private let options: TempoChargeOptions
  private let service: ChargeService

  /// - Throws: `StoreError` when the ledger cannot keep charges.
  public init(_ options: TempoChargeOptions, _ environment: MethodEnvironment) throws {
    self.options = options
    service = try ChargeService(options, environment)
  }

  public func prepare(_ offer: Offer, amount: OfferAmount) throws -> PreparedOffer {
    let terms = try ChargeOffer(options, offer).terms(amount)
    return PreparedOffer(request: terms.request.jsonValue, amount: terms.amount, state: terms)
  }

  public func verify(
    _ credential: AuthenticatedCredential, _ context: VerificationContext
  ) async throws -> Verification {
    guard let payload = try? ChargePayload(parsing: credential.payload) else {
      throw PaymentProblem.invalidPayload()
    }
    guard let terms = context.prepared.state as? ChargeTerms else {
      throw ChargeProblem.failed("invalid charge request")
    }
    let call = try ChargeCall(credential, terms, context)
    do {
      switch payload {
      case .transaction(let bytes): return try await service.pull(bytes, call)
      case .hash(let hash): return try await service.push(hash, call)
      case .proof(let signature): return try await service.proof(signature, call)
      }
    } catch let error as ChainError {
      throw ChargeProblem.chain(error, "this payment")
    }
  }

  /// A payment that landed buys its delivery also after its challenge has expired: the answer to it may have been lost.
  public func isPaid(_ credential: AuthenticatedCredential, _ context: VerificationContext) async -> Bool {
    guard let payload = try? ChargePayload(parsing: credential.payload),
      let terms = context.prepared.state as? ChargeTerms,
      let call = try? ChargeCall(credential, terms, context)
    else { return false }
    return await service.isPaid(payload, call)
  }

  public func start() async throws { await service.sweep() }

  public func run() async throws { await service.run() }
}
