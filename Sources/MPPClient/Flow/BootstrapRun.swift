import HTTPTypes
import Logging
import MPPCore

/// Asks an origin by `HEAD`, before the first request to it, what it remembers of this payer (`05` §7.1, `04` §16).
///
/// The only credential that can leave is a proof: it is made by ``ClientMethod/proof(for:context:)``, which no payment comes out of, and
/// only for an amount that is the text `0` (C1). Only the answer to that proof is looked at (C15). Whatever fails is as if the origin
/// remembered nothing.
struct BootstrapRun {
  let client: PaymentClient
  let request: ClientRequest
  let url: RequestURL

  /// The longest that one `HEAD` takes: a request waits for it that may be free.
  private static let longestExchange = Duration.seconds(10)

  /// Whether this origin may learn who asks: as for every credential, and by a way to pay that may be used.
  var isAllowed: Bool {
    url.origin.mayReceiveCredentials && client.policy.origins?.contains(url.origin) ?? true
      && client.preferences.uses(method: BootstrapRules.method, intent: BootstrapRules.intent)
  }

  /// - Throws: only when the caller's task is cancelled.
  func run() async throws {
    do {
      guard let (head, offer) = try await prove() else { return }
      for method in client.methods where method.wantsBootstrap(at: url.origin) {
        method.bootstrapped(head, at: url.origin, provedBy: offer)
      }
    } catch {
      guard !Task.isCancelled else { throw PaymentClientError(.cancelled, "cancelled") }
      client.logger.debug("\(url.origin) was not asked what it remembers: \(error)")
    }
  }

  /// The answer to the proof and what was proved; nil when there was nothing to prove, or the proof was refused.
  private func prove() async throws -> (HTTPResponse, PaymentOffer)? {
    var head = BootstrapRules.head(of: request, at: url)
    let demand = try await send(head)
    guard demand.status.code == 402, demand.headerFields.contains(.wwwAuthenticate) else { return nil }
    let challenges = try ChallengeList(fields: demand.headerFields).challenges
    guard
      let challenge = challenges.prefix(client.options.maximumChallenges)
        .first(where: BootstrapRules.asksForProof),
      let (offer, credential) = try await proof(challenge)
    else { return nil }
    head.headerFields[challenge.credentialHeader.field] = credential
    let answer = try await send(head)
    guard (200..<300).contains(answer.status.code) else { return nil }
    return (answer, offer)
  }

  private func proof(_ challenge: Challenge) async throws -> (PaymentOffer, String)? {
    if challenge.expires != nil { try challenge.checkExpiry(at: client.clock.now) }
    for method in client.methods
    where method.name.equalsBytes(of: challenge.method) && method.intent.equalsBytes(of: challenge.intent) {
      guard let offer = try method.offer(for: challenge), offer.price == .zero else { continue }
      try client.policy.check(offer, origin: url.origin)
      let context = PaymentContext(
        url: url, method: .head, headers: request.headers, hasBody: false, depositLimit: nil)
      guard let credential = try await method.proof(for: offer, context: context) else { continue }
      guard !credential.isEmpty, credential.utf8.allSatisfy({ $0 >= 0x20 && $0 < 0x7f }) else {
        throw PaymentClientError(.inconsistent, "the credential is not a header value")
      }
      return (offer, credential)
    }
    return nil
  }

  /// One exchange, its body included: an answer to `HEAD` has none, and what comes all the same is read so that the connection can be
  /// used again.
  private func send(_ head: HTTPRequest) async throws -> HTTPResponse {
    let timeout = min(client.options.requestTimeout, Self.longestExchange)
    let limit = ByteCount.bytes(client.options.maximumProblemBody)
    let transport = client.transport
    return try await ExchangeDeadline(timeout, clock: client.clock, sleeper: client.sleeper).run {
      let response = try await transport.send(head, body: nil, timeout: timeout)
      _ = try await response.body.bytes(upTo: limit)
      return response.head
    }
  }
}

/// What is decided without asking anybody.
enum BootstrapRules {
  static let method = "tempo"
  static let intent = "charge"

  /// The caller's request as a `HEAD` that nobody takes for the request itself.
  static func head(of request: ClientRequest, at url: RequestURL) -> HTTPRequest {
    var fields = HTTPFields()
    for field in request.headers where isKept(field.name) { fields.append(field) }
    fields[ProtocolHeaders.acceptPayment] = "\(method)/\(intent)"
    return HTTPRequest(
      method: .head, scheme: url.origin.scheme, authority: url.authority, path: url.path, headerFields: fields
    )
  }

  /// Without credentials of any kind, without what describes a body, and without the key under which a server may keep the answer to the
  /// request itself.
  private static func isKept(_ name: HTTPField.Name) -> Bool {
    let own = name.canonicalName
    return !ProtocolHeaders.all.contains(name) && !dropped.contains(own) && !own.hasPrefix("content-")
  }

  private static let dropped: Set<String> = [
    "digest", "expect", "idempotency-key", "proxy-authorization", "repr-digest", "trailer",
    "transfer-encoding",
  ]

  /// Whether a challenge asks for a proof and cannot be read as asking for money: its amount is the text `0`, not another spelling of
  /// it, and not a number (C1, T9).
  static func asksForProof(_ challenge: Challenge) -> Bool {
    challenge.method.equalsBytes(of: method) && challenge.intent.equalsBytes(of: intent)
      && challenge.request.value()["amount"]?.isText("0") == true
      && challenge.digest.map { BodyDigest.verify($0, computed: BodyDigest.compute([])) } ?? true
  }
}

extension PaymentClient {
  /// What comes before the first request to an origin, where a way to pay wants it; others that come meanwhile wait for it.
  /// - Throws: `cancelled`, or `overloaded` when too many wait. Nothing else that goes wrong is an error.
  func bootstrap(_ request: ClientRequest, _ url: RequestURL) async throws {
    guard methods.contains(where: { $0.wantsBootstrap(at: url.origin) }) else { return }
    let run = BootstrapRun(client: self, request: request, url: url)
    guard run.isAllowed else { return }
    do {
      try await bootstraps.once(at: url.origin) { try await run.run() }
    } catch is FIFOPermits.Overloaded {
      throw PaymentClientError(
        .overloaded, "too many requests wait for what \(url.origin) remembers", isRetryable: true)
    } catch is CancellationError {
      throw PaymentClientError(.cancelled, "cancelled")
    }
  }
}

extension Challenge.CredentialHeader {
  /// The field of a request.
  var field: HTTPField.Name {
    switch self {
    case .authorization: .authorization
    case .paymentAuthorization: ProtocolHeaders.paymentAuthorization
    }
  }
}
