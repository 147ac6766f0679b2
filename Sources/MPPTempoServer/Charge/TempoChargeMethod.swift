import EVM
public import MPPCore
public import MPPServer
import MPPTempo
import TempoRPC

/// One payment on the chain for one request, and proofs of identity where the price is zero: the server's side of `06` §1.
public final class TempoChargeMethod: ServerMethod {
  /// `tempo/charge`.
  public let key = MethodKey(name: "tempo", intent: "charge")
  /// Always `true`: one payment buys one response.
  public var isOneTime: Bool { true }
  private let options: TempoChargeOptions
  /// Says whether a credential pays, and moves nothing.
  public let validator: TempoChargeValidator
  let service: ChargeService

  /// - Throws: `StoreError` when the ledger cannot keep charges.
  public init(_ options: TempoChargeOptions, _ environment: MethodEnvironment) throws {
    self.options = options
    service = try ChargeService(options, environment)
    validator = try TempoChargeValidator(
      options, environment.ledger.reader, chain: ChainReader(service.client),
      dryRuns: ChainReader(service.simulator), pushes: service.pushes, sponsor: service.feePayer?.check,
      logger: environment.logger)
  }

  /// - Throws: `ConfigurationError` for options that charges do not have, a missing recipient, or an amount
  ///   the token cannot express.
  public func prepare(_ offer: Offer, amount: OfferAmount) throws -> PreparedOffer {
    let terms = try ChargeOffer(options, offer).terms(amount)
    return PreparedOffer(request: terms.request.jsonValue, amount: terms.amount, state: terms)
  }

  /// Claims a valid payment, sends it where we send, and begins its delivery (`06` §1.9).
  /// From here on money moves: a chain that cannot be asked decides nothing, and the next presentation asks again.
  public func settle(_ valid: TempoChargeValidator.Valid) async throws -> Verification {
    do {
      return try await service.settle(valid)
    } catch is ChainError {
      throw ChargeProblem.unresolved
    }
  }

  /// Remembers a pushed payment that was presented in time and could not be decided.
  public func keep(_ evidence: any Sendable) async {
    if let presentation = evidence as? PushPresentation { await service.remember(presentation) }
  }

  /// Asks the node for its chain. Payments whose answer was lost when the last run ended are looked at by ``run()``.
  ///
  /// - Throws: `ConfigurationError` when the node, or the ledger, is on another chain; `StoreError`. A node that does not answer is asked
  ///   again before it is believed.
  public func start() async throws {
    try await service.client.checkChainAtStart()
    try await LedgerChain.check(service.ledger, .charges, is: service.options.chainID)
  }

  /// Looks once at the payments that are not decided; what fails is logged and looked at again by ``run()``.
  package func reconcile() async { await service.sweep() }

  /// Looks at unfinished payments every ``TempoChargeOptions/sweepInterval``, and renews the leases of deliveries, until the task is
  /// cancelled. It asks the chain and sends nothing.
  public func run() async throws {
    await withTaskGroup(of: Void.self) { group in
      group.addTask { await self.service.run() }
      group.addTask { await HoldKeeper(self.service).run() }
      await group.waitForAll()
    }
  }

  /// Writes the ends of deliveries that the ledger has not taken. A write that fails is logged.
  public func shutdown() async {
    await service.writeOwed()
    service.live.close()
  }
}
