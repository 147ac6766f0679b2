import HTTPTypes
import Hummingbird
import Logging
import MPPCore
import MPPHummingbird
import NIOCore
import ServiceLifecycle
import Synchronization

/// The API that `mpp serve` and `mpp demo` sell: `/free` for nothing, `/session` for 0.01 a request.
struct DemonstrationAPI: Sendable {
  static let price = "0.01"

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

  func router() throws -> Router<PaidRequestContext> {
    let router = Router(context: PaidRequestContext.self)
    router.get("free") { _, _ in
      Self.answer(["message": .string("This one is free. /session costs \(Self.price) a request.")])
    }
    let gate: PaymentMiddleware<PaidRequestContext> = try payments.gate(
      offers: [
        .session(
          .fixed(Self.price), per: "request", suggestedDeposit: suggestedDeposit,
          description: "demonstration API")
      ])
    router.group("session").add(middleware: gate).get { [served] _, context in
      Self.answer([
        "message": "Thank you.", "request": .integer(Int64(served.next())),
        "amount": context.payment.amount.json, "channel": .string(context.payment.reference),
      ])
    }
    return router
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
