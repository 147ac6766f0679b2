import EVM
import HTTPTypes
import Logging
import MPPCore
import MPPServer
import MPPTempo
import TempoRPC

/// Answers `HEAD` in front of a session offer: a proof of an account for the state of its channel (`04` §16). On the wire its challenges
/// are charges of nothing.
final class TempoBootstrapMethod: ServerMethod {
  static let methodKey = MethodKey(name: "tempo", intent: "charge", version: "bootstrap")
  let key = methodKey
  let validator: TempoBootstrapValidator
  private let options: TempoSessionOptions
  private let channels: ChannelService
  private let claims: ReplayClaims
  private let logger: Logger

  init(_ options: TempoSessionOptions, _ channels: ChannelService, _ environment: MethodEnvironment) {
    self.options = options
    self.channels = channels
    claims = environment.ledger.claims
    logger = environment.logger
    validator = TempoBootstrapValidator(
      ProofCheck(
        chain: ChainReader(channels.simulator), ledger: environment.ledger.reader, isReusable: false))
  }

  /// The offer is the session's own, with this method's key.
  func prepare(_ offer: Offer, amount: OfferAmount) throws -> PreparedOffer {
    let terms = try BootstrapTerms(options, offer)
    return PreparedOffer(request: terms.charge.request.jsonValue, amount: .zero, state: terms)
  }

  func purpose(of request: PaymentRequest, credential: AuthenticatedCredential?) -> RequestPurpose {
    .management
  }

  /// Uses the proof up, and tells what is known of the payer's channel. What cannot be found out is left out: the proof was good.
  func settle(_ valid: TempoBootstrapValidator.Valid) async throws -> Verification {
    try await claims.useProof(of: valid.account, valid.call)
    var headers: HTTPFields = [.cacheControl: "no-store"]
    if let snapshot = await snapshot(valid) {
      headers[ProtocolHeaders.paymentSession] = snapshot.channelID.hex
      headers[fields: ProtocolHeaders.paymentSessionSnapshot] = [Self.field(snapshot)]
    }
    return .management(
      ManagementResult(
        receipt: nil, source: valid.call.verified(valid.account), reference: valid.call.challengeID,
        headers: headers))
  }

  /// It carries a signature: no intermediary's table of header fields shall keep it.
  private static func field(_ snapshot: SessionSnapshot) -> HTTPField {
    var field = HTTPField(name: ProtocolHeaders.paymentSessionSnapshot, value: snapshot.headerValue())
    field.indexingStrategy = .disallow
    return field
  }

  private func snapshot(_ valid: TempoBootstrapValidator.Valid) async -> SessionSnapshot? {
    let terms = valid.session
    do {
      guard let id = try await channelID(valid), let record = try await channels.load(id) else { return nil }
      return SessionHints.snapshot(of: record, terms, payer: valid.account, isContent: false)
    } catch {
      logger.warning("no snapshot for a proven payer", metadata: ["mpp.code": "\(error)"])
      return nil
    }
  }

  /// The offer's own channel, or the one found for the payer.
  private func channelID(_ valid: TempoBootstrapValidator.Valid) async throws -> Hash32? {
    if let fixed = valid.session.request.methodDetails.channelID { return fixed }
    switch options.bootstrap {
    case .off: return nil
    case .newestChannel: return try await channels.newestChannel(of: valid.account, valid.session)
    case .channel(let find): return await find(valid.account, valid.request)
    }
  }
}
