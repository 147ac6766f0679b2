// Every snippet of docs/guides/charge-for-a-request.md; `scripts/check-snippets` compares them.
import Hummingbird
import MPPHummingbird
import MPPStoreSQLite

enum ChargeForARequest {
  static func server() async throws -> PaymentServer {
    // snippet: server
    let payments = try await PaymentServer(
      realm: "api.example.com", secrets: .environment("MPP_SECRET_KEY"),
      ledger: .sqlite(at: "payments.db"),
      methods: [.tempo(signer: .environment("MPP_PRIVATE_KEY"), network: .mainnet)])
    // end
    return payments
  }

  static func fixedPrice(_ router: Router<PaidRequestContext>, _ payments: PaymentServer) {
    // snippet: fixed-price
    router.group("report").add(middleware: payments.charge("0.10"))
      .get { _, context in
        "report for \(context.payment.source?.text ?? "nobody"), paid by \(context.payment.reference)"
      }
    // end
  }

  static func proof(_ router: Router<PaidRequestContext>, _ payments: PaymentServer) {
    // snippet: proof
    router.group("me").add(middleware: payments.charge("0"))
      .get { _, context -> String in
        guard let account = context.payment.source else { throw HTTPError(.unauthorized) }
        return "you are \(account.text)"
      }
    // end
  }

  static func computedPrice(_ router: Router<PaidRequestContext>, _ payments: PaymentServer) throws {
    // snippet: computed-price
    let byLength = Price.computed { request in
      let thousands = (request.body ?? []).count / 1_000 + 1
      return "\(thousands / 100).\(thousands % 100 / 10)\(thousands % 10)"
    }
    router.group("translate").add(middleware: try payments.gate(offers: [.charge(byLength)]))
      .post { request, _ in
        let text = try await request.body.collect(upTo: 1 << 20)
        return "translated \(text.readableBytes) bytes"
      }
    // end
  }

  static func severalOffers(_ router: Router<PaidRequestContext>, _ payments: PaymentServer) throws {
    // snippet: several-offers
    let offers: [Offer] = [
      .session("0.01", per: "request"),
      .charge("0.02", description: "one request, no channel"),
      .charge("0.02", currency: "0x20c0000000000000000000000000000000000001"),
    ]
    router.group("quote").add(middleware: try payments.gate(offers: offers))
      .get { _, context in "paid by \(context.payment.method)" }
    // end
  }

  static func sponsoring() async throws -> PaymentServer {
    // snippet: sponsor
    let payments = try await PaymentServer(
      realm: "api.example.com", secrets: .environment("MPP_SECRET_KEY"),
      ledger: .sqlite(at: "payments.db"),
      methods: [
        .tempo(
          signer: .environment("MPP_PRIVATE_KEY"), network: .mainnet,
          feePayer: .file("/etc/api/sponsor.key"))
      ])
    // end
    return payments
  }

  static func hostedSponsor() async throws -> PaymentServer {
    // snippet: hosted-sponsor
    let payments = try await PaymentServer(
      realm: "api.example.com", secrets: .environment("MPP_SECRET_KEY"),
      ledger: .sqlite(at: "payments.db"),
      methods: [
        .tempo(
          signer: .environment("MPP_PRIVATE_KEY"), network: .mainnet,
          feePayer: .url("https://sponsor.example.com"))
      ])
    // end
    return payments
  }

  static func bootstrap() async throws -> PaymentServer {
    // snippet: bootstrap
    let payments = try await PaymentServer(
      realm: "api.example.com", secrets: .environment("MPP_SECRET_KEY"),
      ledger: .sqlite(at: "payments.db"),
      methods: [
        .tempo(
          signer: .environment("MPP_PRIVATE_KEY"), network: .mainnet, bootstrap: .newestChannel)
      ])
    // end
    return payments
  }

  static func upload(_ router: Router<PaidRequestContext>, _ payments: PaymentServer) {
    // snippet: large-body
    let unbound = RouteOptions(bodyBinding: .none)
    router.group("upload").add(middleware: payments.charge("0.10", options: unbound))
      .post { request, _ in
        var bytes = 0
        for try await chunk in request.body { bytes += chunk.readableBytes }
        return "stored \(bytes) bytes"
      }
    // end
  }
}
