import EVM
import HTTPTypes
import Logging
public import MPPCore
public import MPPServer
import MPPTempo
import Tempo
import TempoRPC

/// Payment channels of the TIP-20 channel reserve, protocol `v2`: the server's side of document 04.
public final class TempoSessionMethod: ServerMethod {
  /// `tempo/session/v2`.
  public let key = MethodKey(name: "tempo", intent: "session", version: "v2")
  /// Says whether a credential is good, and changes nothing.
  public let validator: TempoSessionValidator
  private let options: TempoSessionOptions
  let channels: ChannelService
  let settlements: SettlementService
  private let queue: SettlementQueue

  /// - Throws: `ConfigurationError` when the options cannot work; `StoreError`.
  public init(_ options: TempoSessionOptions, _ environment: MethodEnvironment) throws {
    self.options = options
    queue = SettlementQueue()
    let plan: SettlementPlan?
    do {
      plan = try options.settlement.map { try SettlementPlan($0, decimals: options.decimals) }
    } catch {
      throw ConfigurationError(.offer, "the settlement schedule's amount is not an amount of the token")
    }
    channels = try ChannelService(options, environment, due: plan, queue: queue)
    validator = TempoSessionValidator(
      options, channels.reader, dryRuns: ChainReader(channels.simulator), openings: channels.openings,
      topUps: channels.topUps, sponsor: channels.feePayer?.check, logger: environment.logger)
    settlements = SettlementService(channels, plan, queue)
    let sender = options.signer.address
    guard sender == options.payee || sender == options.operator else {
      throw ConfigurationError(
        .offer, "the signer \(sender) is neither the recipient \(options.payee) nor the operator")
    }
  }

  /// The method, and what answers in front of it.
  /// - Throws: as ``init(_:_:)``.
  static func methods(
    _ options: TempoSessionOptions, _ environment: MethodEnvironment
  ) throws -> [any ServerMethod] {
    let sessions = try TempoSessionMethod(options, environment)
    guard options.bootstrap.isOn else { return [sessions] }
    return [sessions, TempoBootstrapMethod(options, sessions.channels, environment)]
  }

  /// - Throws: `ConfigurationError` for an offer without a unit, options that sessions do not have, an amount
  ///   the token cannot express, or a payee for whom the signer cannot collect.
  public func prepare(_ offer: Offer, amount: OfferAmount) throws -> PreparedOffer {
    let terms = try SessionOffer(options, offer).terms(amount)
    return PreparedOffer(request: terms.request.jsonValue, amount: terms.amount, state: terms)
  }

  /// With ``TempoSessionOptions/bootstrap``: a proof of an account, for the state of its channel.
  public func preflight(for offer: Offer) -> Offer? {
    guard options.bootstrap.isOn else { return nil }
    var asked = offer
    asked.key = TempoBootstrapMethod.methodKey
    asked.price = .fixed("0")
    asked.description = nil
    asked.meta = [:]
    return asked
  }

  /// Content or management by the method, query and body of the request and by what the credential asks for
  /// (`04` §17).
  public func purpose(of request: PaymentRequest, credential: AuthenticatedCredential?) -> RequestPurpose {
    // Only the framing of a `POST` is asked for (`RequestKind`).
    let isPost = request.method == .post
    let framing = RequestKind.Framing(
      method: request.method.rawValue, hasQuery: request.hasQuery,
      contentLength: isPost ? request.headers[.contentLength] : nil,
      hasTransferEncoding: isPost && request.headers[.transferEncoding] != nil, hasBody: request.hasBody)
    let action = credential.flatMap { SessionPayload.action(of: $0.credential) }
    let kind = action.map { RequestKind(framing, action: $0) } ?? RequestKind(framing)
    return kind == .content ? .content : .management
  }

  /// Does what a valid credential asks for: accepts a voucher and holds the price, sends an open or a top-up, closes a channel
  /// (`04` §18, §22).
  public func settle(_ valid: TempoSessionValidator.Valid) async throws -> Verification {
    do {
      return try await channels.settle(valid)
    } catch let error as ChainError {
      throw error.problem("this action")
    } catch let error as ChannelTransitionError {
      throw SessionProblem.refusal(error)
    }
  }

  /// What the chain was read to say of a channel is written down also when the credential was refused.
  public func keep(_ evidence: any Sendable) async {
    guard let seen = evidence as? ChannelEvidence else { return }
    do { try await channels.merge(seen.observation, seen.channelID) } catch {
      channels.logger.warning(
        "the state of a channel was not recorded",
        metadata: ["mpp.channel": "\(seen.channelID.hex.prefix(10))", "mpp.code": "\(error)"])
    }
  }

  /// Adds the state of the channel that ``TempoSessionOptions/channelHint`` finds, for its authenticated
  /// payer only (`04` §15.3). Nil when there is none, or on any failure.
  public func challengeRequest(_ offer: PreparedOffer, _ context: ChallengeContext) async -> JSONValue? {
    guard let terms = offer.state as? SessionTerms, let find = options.channelHint,
      let hint = await find(context.request)
    else { return nil }
    do {
      guard let record = try await channels.load(hint.channelID) else { return nil }
      let snapshot = SessionHints.snapshot(
        of: record, terms, payer: hint.authenticatedPayer, isContent: context.purpose == .content)
      guard let snapshot else { return nil }
      var request = terms.request
      request.methodDetails.sessionSnapshot = snapshot.jsonValue
      return request.jsonValue
    } catch {
      // A hint is a courtesy.
      return nil
    }
  }

  /// Settles a channel now (`04` §21.1): what was delivered and is covered by a voucher.
  /// - Returns: nil when there is nothing to settle.
  /// - Throws: a `PaymentProblem`; safe to repeat.
  public func settle(channelID: String) async throws -> SettlementEvent? {
    guard let id = try? Hash32(hex: channelID) else { throw SessionProblem.channelNotFound }
    return try await channels.settle(id, trigger: .settle)
  }

  /// Asks the node for its chain. The chain actions that the last run left unfinished are ``run()``'s: they may take longer than a payer
  /// who has asked for its deposit waits.
  ///
  /// - Throws: when the ledger cannot be read; `ConfigurationError` when the node, or the ledger, is on another chain. A node that does
  ///   not answer is asked again before it is believed.
  public func start() async throws {
    try await channels.client.checkChainAtStart()
    _ = try await channels.intents.pending(.channels, limit: 1)
    try await LedgerChain.check(
      channels.ledger, .channels, is: options.chainID, known: channels.anyOwing()?.chainID)
  }

  /// Looks once at every chain action that is not finished; what is still undecided is looked at again by ``run()``.
  ///
  /// - Throws: when the ledger cannot be read, or the task is cancelled.
  package func reconcile() async throws { try await settlements.reconcile() }

  /// Finishes chain actions, those of the last run first, settles what is due, answers forced closes and renews holds, until the task is
  /// cancelled. Nothing of it delays a forced close. Failures are logged and tried again at a later sweep.
  public func run() async throws {
    await withTaskGroup(of: Void.self) { group in
      group.addTask { await self.settlements.run() }
      group.addTask { await HoldKeeper(self.channels).run() }
      await group.waitForAll()
    }
  }

  /// Writes the ends of deliveries that the ledger has not taken. Settles and closes nothing: what is owed is
  /// still owed at the next start. A write that fails is logged.
  public func shutdown() async {
    await channels.writeOwed()
    channels.live.close()
    queue.finish()
  }
}
