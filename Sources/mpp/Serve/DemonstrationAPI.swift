import EVM
import HTTPTypes
import Hummingbird
import Logging
import MPPCore
import MPPHummingbird
import MPPServer
import MPPTempoServer
import NIOCore
import ServiceLifecycle
import Synchronization
import TempoRPC

/// The API that `mpp serve` and `mpp demo` sell: `/free` for nothing, the others for 0.01 a request, each in its own way of paying.
struct DemonstrationAPI: Sendable {
  static let price = "0.01"

  /// What there is to buy, with a word on each.
  static let paths: [(path: String, about: String)] = [
    ("/session", "over a payment channel"),
    ("/charge", "a transaction each, sent by this server"),
    ("/charge/push", "a transaction each, sent by the payer"),
    ("/charge/sponsored", "a transaction each, its fee paid by this server"),
    ("/charge/zero", "costs nothing; asks who you are"),
    ("/multi", "a transaction or a channel, as the payer likes"),
  ]

  let payments: PaymentServer
  /// Where a channel's opening deposit should be, in whole tokens; the payer decides.
  let suggestedDeposit: String?
  private let served = Counter()

  init(payments: PaymentServer, suggestedDeposit: String? = nil) {
    self.payments = payments
    self.suggestedDeposit = suggestedDeposit
  }

  /// Paid requests answered since the start of the process.
  private final class Counter: Sendable {
    private let value = Atomic<Int>(0)
    func next() -> Int { value.wrappingAdd(1, ordering: .relaxed).newValue }
  }

  /// Charges to the payee. The sponsor pays the fees of those that are offered so.
  static func charges(
    to payee: any Signer, sponsor: FeePayerOptions, rpc: String, chainID: UInt64, currency: String? = nil
  ) -> TempoChargeOptions {
    var options = TempoChargeOptions(
      transport: AsyncHTTPRPCTransport(url: rpc), chainID: chainID, recipient: payee.address)
    options.currency = currency
    options.feePayer = sponsor
    return options
  }

  func router() throws -> Router<PaidRequestContext> {
    let router = Router(context: PaidRequestContext.self)
    router.get("free") { _, _ in
      Self.answer(["message": .string("This one is free. /session costs \(Self.price) a request.")])
    }
    try sell(router, "session", [session])
    try sell(router, "charge", [charge()])
    try sell(router, "charge/push", [charge(modes: ["push"])])
    try sell(router, "charge/sponsored", [charge(isSponsored: true)])
    try sell(router, "charge/zero", [charge("0")])
    try sell(router, "multi", [charge(), session])
    return router
  }

  private var session: Offer {
    .session(
      .fixed(Self.price), per: "request", suggestedDeposit: suggestedDeposit,
      description: "demonstration API")
  }

  private func charge(
    _ price: String = price, isSponsored: Bool = false, modes: [String]? = nil
  ) -> Offer {
    var options: [JSONValue.Member] = []
    if !isSponsored { options.append(.init(key: "feePayer", value: .bool(false))) }
    if let modes {
      options.append(.init(key: "supportedModes", value: .array(modes.map { .string($0) })))
    }
    return .charge(.fixed(price), description: "demonstration API", options: options)
  }

  private func sell(
    _ router: Router<PaidRequestContext>, _ path: String, _ offers: [Offer]
  ) throws {
    let gate: PaymentMiddleware<PaidRequestContext> = try payments.gate(offers: offers)
    router.group(RouterPath(path)).add(middleware: gate).get { [served] _, context in
      let payment = context.payment
      var body: [JSONValue.Member] = [
        .init(key: "message", value: "Thank you."),
        .init(key: "request", value: .integer(Int64(served.next()))),
        .init(key: "amount", value: payment.amount.json),
      ]
      if payment.method.intent == "session" {
        body.append(.init(key: "channel", value: .string(payment.reference)))
      } else {
        body.append(.init(key: "method", value: .string("\(payment.method.name)/\(payment.method.intent)")))
        body.append(.init(key: "payer", value: payment.source.map { .string($0.text) } ?? .null))
        body.append(.init(key: "reference", value: .string(payment.reference)))
      }
      return Self.answer(.object(body))
    }
  }

  func application(
    host: String = "127.0.0.1", port: Int, logger: Logger, services: [any Service] = [],
    onReady: @escaping @Sendable (Int) async -> Void
  ) throws -> some ApplicationProtocol {
    Application(
      router: try router(),
      configuration: ApplicationConfiguration(address: .hostname(host, port: port), serverName: nil),
      services: services + [payments],
      onServerRunning: { channel in await onReady(channel.localAddress?.port ?? port) }, logger: logger)
  }

  private static func answer(_ body: JSONValue) -> Response {
    Response(
      status: .ok, headers: [.contentType: "application/json"],
      body: ResponseBody(byteBuffer: ByteBuffer(string: body.serialized() + "\n")))
  }
}
