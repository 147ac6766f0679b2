import EVM
import HTTPTypes
import MPPClient
import MPPConformance
import MPPCore
import MPPTempo
import MPPTempoClient
import Tempo

/// `http.payment_request`: a request, the challenge it is answered with, and one answer to that challenge, right or
/// wrong on purpose. Credentials go over TLS or to this machine only.
struct HTTPPaymentOperation: Sendable {
  enum Mode: String {
    /// Pay.
    case payment
    /// Send no credential at all.
    case plain
    /// A credential whose payload is of no known kind.
    case invalidPayload = "invalid_payload"
    /// A credential whose challenge asks for another amount than was asked.
    case mismatchedRequest = "mismatched_request"
    /// A credential whose challenge has an id nobody issued.
    case invalidChallengeID = "invalid_challenge_id"
  }

  static let maximumBody = ByteCount.mebibytes(1)
  private static let timeout = Duration.seconds(60)

  private let input: ConformanceInput
  private let mode: Mode
  private let url: RequestURL
  private let method: HTTPRequest.Method
  private let headers: HTTPFields
  private let body: [UInt8]?

  init(_ input: ConformanceInput) throws {
    self.input = input
    let name = try input.optionalText("mode") ?? Mode.payment.rawValue
    guard let mode = Mode(rawValue: name) else { throw input.failure("there is no mode \(name)") }
    self.mode = mode
    do {
      url = try RequestURL(try input.text("url"))
    } catch let error as PaymentClientError {
      throw input.failure(error.description)
    }
    guard let method = HTTPRequest.Method((try input.optionalText("method") ?? "GET").uppercased()) else {
      throw input.failure("method is not a token")
    }
    self.method = method
    headers = try Self.fields(input)
    switch input.optional("body") {
    case nil: body = nil
    case .string(let text)?: body = Array(text.utf8)
    case let value?: body = Array(value.serialized().utf8)
    }
  }

  private static func fields(_ input: ConformanceInput) throws -> HTTPFields {
    var fields = HTTPFields()
    for member in input.optional("headers")?.objectValue ?? [] {
      guard let name = HTTPField.Name(member.key), let value = member.value.stringValue,
        HTTPField.isValidValue(value)
      else { throw input.failure("\(member.key) is not a header field") }
      fields.append(HTTPField(name: name, value: value))
    }
    return fields
  }

  func run() async throws -> JSONValue {
    let transport = ClientFactory.transport(concurrency: 1)
    do {
      let value = try await run(transport)
      await transport.shutdown()
      return value
    } catch {
      await transport.shutdown()
      throw error
    }
  }

  private func run(_ transport: any HTTPTransport) async throws -> JSONValue {
    let first = try await send(transport, nil)
    guard mode != .plain, first.head.status.code == 402 else { return try await answer(first) }
    guard url.origin.mayReceiveCredentials else {
      throw input.failure("no credential goes to \(url.origin) without TLS")
    }
    let list = try ChallengeList(fields: first.head.headerFields)
    guard let challenge = list.challenges.first else { throw input.failure("no readable challenge") }
    _ = try await first.body.bytes(upTo: Self.maximumBody)
    if mode == .payment, input.object("payment").optional("payload") == nil, !isProof(challenge) {
      return try await ConformancePayer(input).pay(
        ClientRequest(method, "\(url)", headers: headers, body: body))
    }
    let credential = try await credential(challenge)
    return try await answer(try await send(transport, credential))
  }

  private func send(
    _ transport: any HTTPTransport, _ credential: Credential?
  ) async throws -> HTTPTransportResponse {
    var request = HTTPRequest(
      method: method, scheme: url.origin.scheme, authority: url.authority, path: url.path,
      headerFields: headers)
    if let credential {
      let isPaymentHeader = credential.challenge.credentialHeader == .paymentAuthorization
      request.headerFields[isPaymentHeader ? ProtocolHeaders.paymentAuthorization : .authorization] =
        credential.serialized()
    }
    return try await transport.send(request, body: body, timeout: Self.timeout)
  }

  private func answer(_ response: HTTPTransportResponse) async throws -> JSONValue {
    try await Self.answer(response.head.status, response.head.headerFields, response.body)
  }

  /// Names in lower case, several fields of one name joined with a comma.
  static func answer(
    _ status: HTTPResponse.Status, _ fields: HTTPFields, _ body: ResponseBody
  ) async throws -> JSONValue {
    var headers: [JSONValue.Member] = []
    for field in fields where !headers.contains(where: { $0.key == field.name.canonicalName }) {
      let name = field.name.canonicalName
      headers.append(.init(key: name, value: .string(fields[field.name] ?? "")))
    }
    let bytes = try await body.bytes(upTo: maximumBody)
    return [
      "status": .integer(Int64(status.code)), "headers": .object(headers),
      "body": .string(String(decoding: bytes, as: UTF8.self)),
    ]
  }

  private func isProof(_ challenge: Challenge) -> Bool {
    challenge.method == "tempo" && challenge.intent == "charge"
      && challenge.request.value()["amount"]?.isText("0") == true
  }

  // MARK: The credential

  private func credential(_ challenge: Challenge) async throws -> Credential {
    let payment = input.object("payment")
    let source = try payment.optionalText("source")
    switch mode {
    case .payment:
      if let payload = payment.optional("payload") {
        return Credential(challenge: challenge, payload: payload, source: source.map { UnverifiedSource($0) })
      }
      return try await proof(challenge, payment)
    case .invalidPayload, .plain:
      return Credential(challenge: challenge, payload: ["type": "conformance-invalid"])
    case .mismatchedRequest:
      return Credential(challenge: try mismatched(challenge), payload: payment.optional("payload") ?? [:])
    case .invalidChallengeID:
      let id = Base64URL.encode([UInt8](repeating: 0, count: 32))
      return Credential(
        challenge: Challenge(id: id, parameters: challenge.parameters),
        payload: payment.optional("payload") ?? [:])
    }
  }

  private func mismatched(_ challenge: Challenge) throws -> Challenge {
    var members = (challenge.request.value().objectValue ?? []).filter { $0.key != "amount" }
    let amount = challenge.request.value()["amount"]?.stringValue
    members.append(.init(key: "amount", value: .string(amount == "1" ? "2" : "1")))
    var parameters = challenge.parameters
    parameters.request = try RawRequest(.object(members))
    return Challenge(id: challenge.id, parameters: parameters)
  }

  /// Amount zero: a signature of the account, no chain.
  private func proof(_ challenge: Challenge, _ payment: ConformanceInput) async throws -> Credential {
    let key = try Secp256k1PrivateKey(try payment.bytes("privateKey"))
    let request = try ChargeRequest(parsing: challenge.request.value())
    guard let chainID = request.methodDetails.chainID else {
      throw input.failure("the challenge names no chain")
    }
    let proof = try await ZeroAmountProof.sign(
      chainID: chainID, challengeID: challenge.id, realm: challenge.realm, by: .secp256k1(key))
    return Credential(
      challenge: challenge, payload: ChargePayload.proof(proof.signature).jsonValue,
      source: UnverifiedSource(proof.source.text))
  }
}
