import HTTPTypes
import Logging
import MPPCore

/// Performs what a `PaymentFlow` decides, for one request.
struct PaidRun {
  private struct Payable {
    let offer: PaymentOffer
    let method: any ClientMethod
  }

  let client: PaymentClient
  let request: ClientRequest
  let url: RequestURL
  let depositLimit: Amount?
  private var flow: PaymentFlow
  private var payable: [Payable] = []
  private var refusedOffer: PaymentClientError?
  /// Why offers could not be prepared, in the order in which they were tried.
  private var unprepared: [PaymentClientError] = []
  private var exchange: (any PaymentExchange)?
  private var credential = ""
  private var credentialField = HTTPField.Name.authorization
  private var answer: HTTPTransportResponse?
  /// Of the request's body; computed when it is first needed, nil without a body.
  private var bodyDigest: String?
  private var problem = ServerProblem(status: 0, kind: nil, detail: nil)

  init(client: PaymentClient, request: ClientRequest, url: RequestURL, depositLimit: Amount?) {
    self.client = client
    self.request = request
    self.url = url
    self.depositLimit = depositLimit
    flow = PaymentFlow(origin: url.origin, maximumAttempts: client.options.maximumPaymentAttempts)
  }

  mutating func run() async throws -> PaidResponse {
    do {
      var action = try flow.handle(.started)
      while true {
        if let response = try await perform(action) { return response }
        action = try flow.handle(nextEvent)
      }
    } catch {
      throw await failure(error)
    }
  }

  private var nextEvent: PaymentFlow.Event = .started

  /// Does one action and sets the event it ends in; a response ends the run.
  private mutating func perform(_ action: PaymentFlow.Action) async throws -> PaidResponse? {
    switch action {
    case .sendUnpaid:
      try await send(credential: nil)
    case .pay(let index):
      guard payable.indices.contains(index) else { throw PaymentClientError(.inconsistent, "no such offer") }
      nextEvent = try await isPaid(payable[index]) ? .credentialMade : .unprepared
    case .sendPaid:
      try await send(credential: credential)
      while let exchange, let head = answer?.head, try await exchange.presentAgain(after: head) {
        try await send(credential: credential)
      }
    case .review(let next):
      guard let exchange else { throw PaymentClientError(.inconsistent, "refused before paying") }
      let offer = next.flatMap { payable.indices.contains($0) ? payable[$0].offer : nil }
      try await exchange.refused(problem, next: offer)
      guard offer != nil else { throw await refusal(exchange) }
      nextEvent = .refusalHandled
    case .deliver(let paid):
      guard let answer else { throw PaymentClientError(.inconsistent, "nothing to deliver") }
      guard paid, let exchange else {
        if answer.head.status.code == 402, let refusedOffer { throw refusedOffer }
        return PaidResponse(status: answer.head.status, headers: answer.head.headerFields, body: answer.body)
      }
      return try await deliver(answer, exchange)
    case .stop:
      if let first = unprepared.first {
        unprepared.removeFirst()
        throw first
      }
      throw PaymentClientError(.inconsistent, "the flow stopped")
    }
    return nil
  }

  /// Makes the credential of an offer. False when there is none and nothing was signed, written down or sent for it: another offer
  /// that the policy allows may be paid in its place.
  private mutating func isPaid(_ payable: Payable) async throws -> Bool {
    do {
      try await pay(payable)
      return true
    } catch let error as PaymentClientError where error.isOfTheOffer && exchange?.isCommitted != true {
      if let exchange {
        self.exchange = nil
        _ = await exchange.failed()
      }
      client.logger.info("offer \(payable.offer.challenge.id) cannot be paid: \(error)")
      unprepared.append(error)
      return false
    }
  }

  private mutating func pay(_ payable: Payable) async throws {
    guard request.stream?.isReplayable ?? true else { throw notReplayable(nil) }
    try client.policy.check(payable.offer, origin: url.origin)
    if exchange == nil {
      exchange = try await payable.method.begin(
        payable.offer,
        context: PaymentContext(
          url: url, method: request.method, headers: request.headers,
          hasBody: request.stream != nil || request.body?.isEmpty == false, bodyDigest: bodyDigest,
          depositLimit: depositLimit))
    }
    guard let exchange else { return }
    credential = try await exchange.credential(for: payable.offer)
    credentialField = payable.offer.challenge.credentialHeader.field
    guard !credential.isEmpty, credential.utf8.allSatisfy({ $0 >= 0x20 && $0 < 0x7f }) else {
      throw PaymentClientError(.inconsistent, "the credential is not a header value")
    }
  }

  private mutating func deliver(
    _ answer: HTTPTransportResponse, _ exchange: any PaymentExchange
  ) async throws -> PaidResponse {
    self.exchange = nil
    do {
      let summary = try await exchange.finished(answer.head)
      return PaidResponse(
        status: answer.head.status, headers: answer.head.headerFields, body: answer.body, payment: summary)
    } catch {
      var error = error
      error.response = PaidResponse(
        status: answer.head.status, headers: answer.head.headerFields, body: answer.body)
      throw error
    }
  }

  private mutating func refusal(_ exchange: any PaymentExchange) async -> PaymentClientError {
    self.exchange = nil
    let exposure = await exchange.failed()
    return PaymentClientError(
      .paymentRefused, "the server refused the payment after \(flow.attempts) attempts", exposure: exposure,
      problem: problem,
      response: answer.map {
        PaidResponse(status: $0.head.status, headers: $0.head.headerFields, body: $0.body)
      })
  }

  /// One HTTP exchange; reads the body only of what may be a demand for payment.
  private mutating func send(credential: String?) async throws {
    // Of the answer before: it says nothing about what goes wrong from here on.
    problem = ServerProblem(status: 0, kind: nil, detail: nil)
    var head = HTTPRequest(
      method: request.method, scheme: url.origin.scheme, authority: url.authority, path: url.path,
      headerFields: request.headers)
    client.preferences.add(to: &head.headerFields, origin: url.origin, policy: client.policy)
    if let credential { head.headerFields[credentialField] = credential }
    if let stream = request.stream {
      head.headerFields[.contentLength] = stream.length.map { String($0) }
    } else if request.body != nil || ![.get, .head].contains(request.method) {
      head.headerFields[.contentLength] = String(request.body?.count ?? 0)
    }
    let response: HTTPTransportResponse
    let timeout = credential == nil ? client.options.requestTimeout : client.options.chainActionTimeout
    let deadline = ExchangeDeadline(timeout, clock: client.clock, sleeper: client.sleeper)
    do throws(HTTPTransportError) {
      if let stream = request.stream {
        response = try await client.transport.send(head, stream: stream, timeout: timeout)
      } else {
        response = try await client.transport.send(head, body: request.body, timeout: timeout)
      }
    } catch {
      let code: PaymentClientError.Code = error.kind == .cancelled ? .cancelled : .transport
      throw PaymentClientError(
        code, error.reason, isRetryable: credential == nil || error.kind == .notSent, underlying: error)
    }
    answer = response
    payable = []
    refusedOffer = nil
    let status = response.head.status.code
    guard status == 402 || [400, 410].contains(status) && mayBeDemand(response.head) else {
      nextEvent = .answered(PaymentFlow.Answer(status: status))
      return
    }
    try await readDemand(response, status: status, deadline)
  }

  /// Whether a 400 or a 410 is of the protocol; an answer of the application goes to the caller as it is, however long it is.
  private func mayBeDemand(_ head: HTTPResponse) -> Bool {
    if head.headerFields.contains(.wwwAuthenticate) { return true }
    let type = head.headerFields[.contentType]?.prefix { $0 != ";" && $0 != " " } ?? ""
    return type.lowercased().equalsBytes(of: ProtocolHeaders.problemContentType)
  }

  private mutating func readDemand(
    _ response: HTTPTransportResponse, status: Int, _ deadline: ExchangeDeadline
  ) async throws {
    let body: [UInt8]
    do {
      body = try await deadline.bytes(
        of: response.body, upTo: .bytes(client.options.maximumProblemBody))
    } catch is CancellationError {
      throw CancellationError()
    } catch {
      throw PaymentClientError(.transport, "the body of the \(status) could not be read", underlying: error)
    }
    answer = HTTPTransportResponse(head: response.head, body: ResponseBody(body))
    problem = ServerProblem(status: status, body: body)
    let challenges = readChallenges(response.head.headerFields)
    if !challenges.isEmpty { try await digestBody() }
    for challenge in challenges {
      for method in client.methods
      where challenge.method.equalsBytes(of: method.name) && challenge.intent.equalsBytes(of: method.intent) {
        consider(challenge, method)
      }
    }
    payable = client.preferences.ordered(payable, for: request.headers) { ($0.method.name, $0.method.intent) }
    nextEvent = .answered(
      PaymentFlow.Answer(
        status: status,
        candidates: payable.map { item in
          PaymentFlow.Candidate(
            challengeID: item.offer.challenge.id,
            terms: [
              item.method.name, item.method.intent, item.offer.token, item.offer.recipient, item.offer.scope,
            ]
            .joined(separator: "\n"),
            price: item.offer.price)
        }, isPaymentProblem: problem.kind != nil || !challenges.isEmpty))
  }

  /// Keeps the offers that are live and within the policy; remembers why the first of the others is not.
  private mutating func consider(_ challenge: Challenge, _ method: any ClientMethod) {
    do throws(PaymentClientError) {
      guard let offer = try method.offer(for: challenge) else { return }
      try checkExpiry(challenge)
      try checkDigest(challenge)
      try client.policy.check(offer, origin: url.origin)
      payable.append(Payable(offer: offer, method: method))
    } catch {
      client.logger.debug("offer \(challenge.id) not usable: \(error)")
      if refusedOffer == nil { refusedOffer = error }
    }
  }

  private func checkExpiry(_ challenge: Challenge) throws(PaymentClientError) {
    guard challenge.expires != nil else { return }
    do {
      try challenge.checkExpiry(at: client.clock.now)
    } catch {
      throw PaymentClientError(
        .invalidChallenge, "the challenge has expired", isRetryable: true, underlying: error)
    }
  }

  /// A challenge that is bound to another body would be paid for nothing.
  private func checkDigest(_ challenge: Challenge) throws(PaymentClientError) {
    guard let digest = challenge.digest else { return }
    // A body that cannot be sent again is refused for that, whatever its digest is.
    guard request.stream?.isReplayable ?? true else { return }
    guard !BodyDigest.verify(digest, computed: bodyDigest ?? BodyDigest.compute([])) else { return }
    throw PaymentClientError(.invalidChallenge, "the challenge is bound to another body than the request's")
  }

  private mutating func digestBody() async throws {
    guard bodyDigest == nil else { return }
    guard let stream = request.stream else {
      bodyDigest = request.body.map(BodyDigest.compute)
      return
    }
    guard stream.isReplayable else { return }
    var digest = BodyDigest.Running()
    do {
      for try await chunk in try stream.chunks() { digest.update(chunk) }
    } catch is CancellationError {
      throw CancellationError()
    } catch {
      throw notReplayable(error)
    }
    bodyDigest = digest.text
  }

  /// Before anything is signed: what was demanded goes to the caller.
  private func notReplayable(_ cause: (any Error)?) -> PaymentClientError {
    PaymentClientError(
      .bodyNotReplayable, "payment is asked for, and the body of the request cannot be sent again",
      response: answer.map {
        PaidResponse(status: $0.head.status, headers: $0.head.headerFields, body: $0.body)
      }, underlying: cause)
  }

  private func readChallenges(_ headers: HTTPFields) -> [Challenge] {
    do {
      let list = try ChallengeList(fields: headers)
      for diagnostic in list.diagnostics { client.logger.debug("challenge not readable: \(diagnostic)") }
      return Array(list.challenges.prefix(client.options.maximumChallenges))
    } catch {
      client.logger.debug("no challenge: \(error)")
      return []
    }
  }

  /// Ends the exchange and gives every error the same type.
  private mutating func failure(_ error: any Error) async -> PaymentClientError {
    var result: PaymentClientError
    switch error {
    case let error as PaymentClientError: result = error
    case PaymentFlow.FlowError.insecureTransport:
      result = PaymentClientError(.insecureTransport, "\(url.origin) asks for payment over plain HTTP")
    case is CancellationError: result = PaymentClientError(.cancelled, "cancelled")
    default: result = PaymentClientError(.inconsistent, "\(error)", underlying: error)
    }
    if let exchange {
      self.exchange = nil
      let exposure = await exchange.failed()
      if result.exposure == .none { result.exposure = exposure }
    }
    if result.problem == nil, problem.status != 0 { result.problem = problem }
    result.alternatives = unprepared
    return result
  }
}
