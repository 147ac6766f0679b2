import HTTPTypes
import Logging
import MPPClient
import MPPCore
import MPPTempo

/// The answer to a top-up, a close or a probe.
struct ManagementAnswer: Sendable {
  let status: Int
  let headers: HTTPFields
  let challenges: [Challenge]
  let problem: ServerProblem?
}

extension SessionManager {
  /// Sends a request that carries a payment and no body. `POST`; where the resource does not take it, `GET`: top-up and
  /// close are management by their action on every method (`04` §17). Never followed elsewhere (T26).
  func manage(
    _ credential: String?, _ challenge: Challenge?, at url: RequestURL
  ) async throws(PaymentClientError) -> ManagementAnswer {
    guard url.origin.mayReceiveCredentials else {
      throw PaymentClientError(.insecureTransport, "\(url.origin) is not reached over https")
    }
    let answer = try await manage(.post, credential, challenge, at: url)
    guard [404, 405, 501].contains(answer.status), answer.challenges.isEmpty else { return answer }
    return try await manage(.get, credential, challenge, at: url)
  }

  private func manage(
    _ method: HTTPRequest.Method, _ credential: String?, _ challenge: Challenge?, at url: RequestURL
  ) async throws(PaymentClientError) -> ManagementAnswer {
    var request = HTTPRequest(
      method: method, scheme: url.origin.scheme, authority: url.authority, path: url.path)
    if method == .post { request.headerFields[.contentLength] = "0" }
    if let credential {
      let field = challenge?.credentialHeader == .paymentAuthorization
      request.headerFields[field ? ProtocolHeaders.paymentAuthorization : .authorization] = credential
    }
    let timeout = environment.options.chainActionTimeout
    let deadline = ExchangeDeadline(timeout, clock: environment.clock, sleeper: environment.sleeper)
    let response: HTTPTransportResponse
    do {
      response = try await environment.transport.send(
        request, body: method == .post ? [] : nil, timeout: timeout)
    } catch {
      throw PaymentClientError(
        error.kind == .cancelled ? .cancelled : .transport, error.reason, isRetryable: true, underlying: error
      )
    }
    var body: [UInt8] = []
    do {
      body = try await deadline.bytes(
        of: response.body, upTo: .bytes(environment.options.maximumProblemBody))
    } catch is CancellationError {
      throw PaymentClientError(.cancelled, "cancelled")
    } catch {
      // Its head says what matters.
      logger.debug("body of a management answer not read: \(error)")
    }
    let status = response.head.status.code
    var challenges: [Challenge] = []
    if response.head.headerFields.contains(.wwwAuthenticate) {
      do { challenges = try ChallengeList(fields: response.head.headerFields).challenges } catch {
        logger.debug("no challenge: \(error)")
      }
    }
    return ManagementAnswer(
      status: status, headers: response.head.headerFields, challenges: challenges,
      problem: status < 300 ? nil : ServerProblem(status: status, body: body))
  }

  /// An unpaid `GET`, for its challenge.
  func probe(_ url: RequestURL) async throws(PaymentClientError) -> ManagementAnswer {
    try await manage(.get, nil, nil, at: url)
  }

  /// A fresh challenge for the same payee, token, escrow, chain and operator, at no higher price (T25).
  func sameTerms(_ challenges: [Challenge], _ terms: SessionTerms) -> Challenge? {
    for challenge in challenges where challenge.method == "tempo" && challenge.intent == "session" {
      do throws(PaymentClientError) {
        guard let fresh = try SessionTerms.read(challenge, options: options) else { continue }
        if fresh.token == terms.token, fresh.payee == terms.payee, fresh.scope == terms.scope,
          fresh.price <= terms.price, isLive(challenge)
        {
          return challenge
        }
      } catch {
        logger.debug("challenge \(challenge.id) not usable: \(error)")
      }
    }
    return nil
  }

  /// Whether a challenge may still be answered.
  func isLive(_ challenge: Challenge) -> Bool {
    guard challenge.expires != nil else { return true }
    do {
      try challenge.checkExpiry(at: environment.clock.now, leeway: -2_000)
      return true
    } catch {
      return false
    }
  }
}
