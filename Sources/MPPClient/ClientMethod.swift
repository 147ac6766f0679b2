public import HTTPTypes
public import Logging
public import MPPCore

/// One way to pay, registered under (method, intent, protocol).
public protocol ClientMethod: Sendable {
  /// As in the challenge: `tempo`.
  var name: String { get }
  /// As in the challenge: `session`.
  var intent: String { get }

  /// Reads the journal. Called once, before anything else.
  func start() async throws(PaymentClientError)
  /// What a challenge asks for; nil when it is for another protocol. Reads only; no trust is placed in anything.
  /// - Throws: when it is for this method but malformed.
  func offer(for challenge: Challenge) throws(PaymentClientError) -> PaymentOffer?
  /// Starts paying for one request. The offer has passed the spending policy.
  func begin(_ offer: PaymentOffer, context: PaymentContext) async throws(PaymentClientError)
    -> any PaymentExchange

  /// A credential that only says who asks, by which nothing can be paid; nil for an offer of anything else. The default is nil.
  ///
  /// It is sent before the first request to an origin, in the bootstrap of sessions (`05` §7.1).
  func proof(for offer: PaymentOffer, context: PaymentContext) async throws(PaymentClientError) -> String?
  /// Whether to ask this origin, before the next request there, what it remembers of the payer. The default is false.
  func wantsBootstrap(at origin: Origin) -> Bool
  /// What the origin remembers: the head of its answer to a proof that this client has just sent there, and to nothing else. All of
  /// it is the server's word. The default ignores it.
  /// - Parameter offer: what the proof was the answer to.
  func bootstrapped(_ head: HTTPResponse, at origin: Origin, provedBy offer: PaymentOffer)

  /// Every channel this client knows of that may hold money, and those closed.
  func channels() async throws(PaymentClientError) -> [ChannelStatus]
  /// Closes channels cooperatively; each keeps its record until the chain shows it closed.
  func close(_ selection: ChannelSelection) async throws(PaymentClientError) -> [CloseOutcome]
  /// Brings journal and chain together, and gets back what can be got back (`05` §22.3, U8).
  func recover(_ scope: RecoveryScope) async throws(PaymentClientError) -> [ChannelStatus]
  /// Stores what is not stored yet.
  func shutdown() async
}

extension ClientMethod {
  /// The default: this way to pay proves nothing.
  public func proof(
    for offer: PaymentOffer, context: PaymentContext
  ) async throws(PaymentClientError) -> String? { nil }
  /// The default: nobody is asked.
  public func wantsBootstrap(at origin: Origin) -> Bool { false }
  /// The default: ignored.
  public func bootstrapped(_ head: HTTPResponse, at origin: Origin, provedBy offer: PaymentOffer) {}
}

/// What a method needs from its client.
public struct ClientEnvironment: Sendable {
  /// What is signed or sent is written here before it leaves.
  public let journal: any PaymentJournal
  /// For requests of the method's own, such as a close.
  public let transport: any HTTPTransport
  /// The client's; the client has checked offers by it before a method begins to pay.
  public let policy: SpendPolicy
  /// The client's timeouts and bounds.
  public let options: ClientOptions
  /// The only time to decide by.
  public let clock: any WallClock
  /// For every wait, so that tests need none.
  public let sleeper: any Sleeper
  /// For nonces and salts.
  public let random: any RandomSource
  /// The client's; no credential, signature or key may enter it.
  public let logger: Logger
  package let spending: SpendLedger
}

/// Makes methods for a client; written as `.tempo(…)` in the initialiser of `PaymentClient`.
public struct ClientMethodProvider: Sendable {
  /// Called once, when the client is made; throws when the method cannot be set up.
  public let make: @Sendable (ClientEnvironment) throws -> [any ClientMethod]
  /// - Parameter make: must not wait, sign or send; the journal is read in ``ClientMethod/start()``.
  public init(make: @escaping @Sendable (ClientEnvironment) throws -> [any ClientMethod]) { self.make = make }
}

/// What a challenge asks for, in numbers and names; still untrusted.
public struct PaymentOffer: Sendable {
  /// As received; it is echoed byte for byte.
  public let challenge: Challenge
  /// Base units of `token`, for one request.
  public let price: Amount
  /// The token's address, as the method writes it; compared without regard to case.
  public let token: String
  /// Who is paid; empty when the challenge names nobody, as for a proof.
  public let recipient: String
  /// Everything else that must not change between the attempts of one request.
  public let scope: String
  /// What one price buys, for example `request`; nil when the method has no units.
  public let unit: String?
  /// Others who get a share of the price.
  public let furtherRecipients: [String]

  /// - Parameters:
  ///   - price: base units of `token`.
  ///   - scope: equal texts mean equal terms; anything that may not change between attempts belongs in it.
  public init(
    challenge: Challenge, price: Amount, token: String, recipient: String, scope: String, unit: String?,
    furtherRecipients: [String] = []
  ) {
    self.furtherRecipients = furtherRecipients
    self.challenge = challenge
    self.price = price
    self.token = token
    self.recipient = recipient
    self.scope = scope
    self.unit = unit
  }
}

/// The request that is paid for.
public struct PaymentContext: Sendable {
  /// Where the request goes.
  public let url: RequestURL
  /// As the application set it.
  public let method: HTTPRequest.Method
  /// The application's own, without those the client adds.
  public let headers: HTTPFields
  /// Whether the request has a stream or a body of at least one byte.
  public let hasBody: Bool
  /// `sha-256=…` of the body, as in a challenge; nil when there is none.
  public let bodyDigest: String?
  /// The session's own deposit limit, if it has one.
  public let depositLimit: Amount?

  /// - Parameter depositLimit: base units; nil: the policy's limit alone.
  public init(
    url: RequestURL, method: HTTPRequest.Method, headers: HTTPFields, hasBody: Bool,
    bodyDigest: String? = nil, depositLimit: Amount?
  ) {
    self.bodyDigest = bodyDigest
    self.url = url
    self.method = method
    self.headers = headers
    self.hasBody = hasBody
    self.depositLimit = depositLimit
  }
}

/// The payment of one logical request, over all its attempts. Used by one task; ended by exactly one call of
/// `finished` or `failed`.
public protocol PaymentExchange: Sendable {
  /// Whether anything was signed, written down or sent for this request, or may have been by an earlier call. As long as it was not,
  /// and ``credential(for:)`` has failed, another offer may be paid in its place. The default is `true`: nothing takes its place.
  var isCommitted: Bool { get }
  /// The value of `Authorization` for this offer. What it signs is in the journal when this returns.
  func credential(for offer: PaymentOffer) async throws(PaymentClientError) -> String
  /// The server refused. With an offer: returns when another attempt, for it, makes sense. Without: takes note of what
  /// the refusal says; there is no further attempt.
  func refused(_ problem: ServerProblem, next: PaymentOffer?) async throws(PaymentClientError)
  /// Whether the same credential is to be presented once more after this answer, which says that its outcome is not known yet;
  /// returns after the wait. Bounded.
  func presentAgain(after head: HTTPResponse) async throws(PaymentClientError) -> Bool
  /// The final answer. Checks the receipt, if there is one, and settles the count.
  func finished(_ head: HTTPResponse) async throws(PaymentClientError) -> PaymentSummary
  /// No answer, or none that counts. Returns what may have been paid.
  func failed() async -> PaymentClientError.Exposure
}

extension PaymentExchange {
  /// The default: nothing takes the place of this offer once it was begun.
  public var isCommitted: Bool { true }
  /// The default: no answer is asked for twice.
  public func presentAgain(after head: HTTPResponse) async throws(PaymentClientError) -> Bool { false }
}
