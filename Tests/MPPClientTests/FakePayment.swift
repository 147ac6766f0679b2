import HTTPTypes
import MPPClient
import MPPCore
import Synchronization

/// A way to pay that signs nothing and writes down what it was asked to pay.
final class FakeClientMethod: ClientMethod {
  let name: String
  let intent: String
  private let begun = Mutex<[PaymentOffer]>([])
  private let contexts = Mutex<[PaymentContext]>([])
  private let failures: [String: Failure]
  private let ended = Mutex<[String]>([])

  /// Why there is no credential for a challenge.
  struct Failure: Sendable {
    var error: PaymentClientError
    /// Something was signed before it came up.
    var isCommitted = false
    /// It comes up before there is an exchange.
    var isEarly = false
  }

  /// - Parameter failures: by the ids of challenges.
  init(_ name: String, _ intent: String, failures: [String: Failure] = [:]) {
    self.name = name
    self.intent = intent
    self.failures = failures
  }

  func failure(_ offer: PaymentOffer) -> Failure? { failures[offer.challenge.id] }
  /// The offers whose exchange has ended without a payment.
  var abandoned: [String] { ended.withLock { $0 } }
  func abandon(_ offer: PaymentOffer) { ended.withLock { $0.append(offer.challenge.id) } }

  /// The offers it was asked to pay, in order.
  var paid: [PaymentOffer] { begun.withLock { $0 } }
  var context: PaymentContext? { contexts.withLock { $0.last } }

  func start() async throws(PaymentClientError) {}

  func offer(for challenge: Challenge) throws(PaymentClientError) -> PaymentOffer? {
    let request = challenge.request.value()
    guard let text = request["amount"]?.stringValue, let price = try? Amount(baseUnits: text) else {
      throw PaymentClientError(.invalidChallenge, "no amount")
    }
    return PaymentOffer(
      challenge: challenge, price: price, token: request["currency"]?.stringValue ?? "",
      recipient: request["recipient"]?.stringValue ?? "", scope: "", unit: nil)
  }

  func begin(
    _ offer: PaymentOffer, context: PaymentContext
  ) async throws(PaymentClientError) -> any PaymentExchange {
    begun.withLock { $0.append(offer) }
    contexts.withLock { $0.append(context) }
    if let failure = failure(offer), failure.isEarly { throw failure.error }
    return FakeExchange(method: self, offer: offer)
  }

  func channels() async throws(PaymentClientError) -> [ChannelStatus] { [] }
  func close(_ selection: ChannelSelection) async throws(PaymentClientError) -> [CloseOutcome] { [] }
  func recover(_ scope: RecoveryScope) async throws(PaymentClientError) -> [ChannelStatus] { [] }
  func shutdown() async {}
}

struct FakeExchange: PaymentExchange {
  let method: FakeClientMethod
  let offer: PaymentOffer

  var isCommitted: Bool { method.failure(offer)?.isCommitted ?? true }

  func credential(for offer: PaymentOffer) async throws(PaymentClientError) -> String {
    if let failure = method.failure(offer) { throw failure.error }
    return "Payment \(offer.challenge.id)"
  }
  func refused(_ problem: ServerProblem, next: PaymentOffer?) async throws(PaymentClientError) {}
  func finished(_ head: HTTPResponse) async throws(PaymentClientError) -> PaymentSummary {
    PaymentSummary(
      amount: offer.price, token: offer.token, method: method.name, intent: method.intent, channel: nil,
      authorized: offer.price, actions: [], receipt: nil)
  }
  func failed() async -> PaymentClientError.Exposure {
    method.abandon(offer)
    return .none
  }
}

/// A seller that demands payment until it gets a credential, whatever it says.
final class FakeSeller: HTTPTransport {
  struct Seen: Sendable {
    let request: HTTPRequest
    let body: [UInt8]?
  }

  private let challenges: [String]
  /// Answers in place of the seller's own.
  private let answer: (@Sendable (HTTPRequest) -> HTTPResponse?)?
  /// Of those answers.
  private let body: [UInt8]
  private let requests = Mutex<[Seen]>([])

  init(
    _ challenges: [String], body: [UInt8] = [], answer: (@Sendable (HTTPRequest) -> HTTPResponse?)? = nil
  ) {
    self.challenges = challenges
    self.body = body
    self.answer = answer
  }

  var seen: [Seen] { requests.withLock { $0 } }
  /// Ids of the challenges that were answered.
  var credentials: [String] { seen.compactMap { $0.request.headerFields[.authorization] } }

  func send(
    _ request: HTTPRequest, body: [UInt8]?, timeout: Duration
  ) async throws(HTTPTransportError) -> HTTPTransportResponse {
    requests.withLock { $0.append(Seen(request: request, body: body)) }
    if let response = answer?(request) {
      return HTTPTransportResponse(head: response, body: ResponseBody(self.body))
    }
    guard request.headerFields[.authorization] == nil else {
      return HTTPTransportResponse(head: HTTPResponse(status: .ok), body: ResponseBody(Array("paid".utf8)))
    }
    var head = HTTPResponse(status: .init(code: 402))
    for challenge in challenges {
      head.headerFields.append(HTTPField(name: .wwwAuthenticate, value: challenge))
    }
    return HTTPTransportResponse(head: head, body: ResponseBody(Array("pay first".utf8)))
  }

  func shutdown() async {}

  /// A challenge of this kind, named after its id.
  static func challenge(
    _ id: String, _ way: String = "tempo/charge", amount: String = "10", currency: String = "0xaa",
    recipient: String = "0xbb", expires: String = "2099-01-01T00:00:00Z", digest: String? = nil
  ) -> String {
    let names = way.split(separator: "/")
    let request = #"{"amount":"\#(amount)","currency":"\#(currency)","recipient":"\#(recipient)"}"#
    var text =
      #"Payment id="\#(id)", realm="shop", method="\#(names[0])", intent="\#(names[1])", "#
      + #"request="\#(Base64URL.encode(request.utf8))", expires="\#(expires)""#
    if let digest { text += #", digest="\#(digest)""# }
    return text
  }
}
