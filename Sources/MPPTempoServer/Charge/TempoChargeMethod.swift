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
  public let validator: TempoChargeValidator
  private let service: ChargeService

  /// - Throws: `StoreError` when the ledger cannot keep charges.
  public init(_ options: TempoChargeOptions, _ environment: MethodEnvironment) throws {
    self.options = options
    service = try ChargeService(options, environment)
    validator = try TempoChargeValidator(
      options, environment.ledger.reader, chain: ChainReader(service.client),
      dryRuns: ChainReader(service.simulator), sponsor: service.feePayer?.policy, logger: environment.logger)
  }

  public func prepare(_ offer: Offer, amount: OfferAmount) throws -> PreparedOffer {
    let terms = try ChargeOffer(options, offer).terms(amount)
    return PreparedOffer(request: terms.request.jsonValue, amount: terms.amount, state: terms)
  }

  /// Claims a valid payment, sends it where we send, and begins its delivery (`06` §1.9).
  public func settle(_ valid: TempoChargeValidator.Valid) async throws -> Verification {
    do {
      return try await service.settle(valid)
    } catch let error as ChainError {
      throw ChargeProblem.chain(error, "this payment")
    }
  }

  public func start() async throws { await service.sweep() }

  public func run() async throws { await service.run() }
}
