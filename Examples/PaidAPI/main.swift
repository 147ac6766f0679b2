import Hummingbird
import MPPHummingbird
import MPPStoreSQLite

let payments = try await PaymentServer(
  realm: "api.example.com", secrets: .environment("MPP_SECRET_KEY"),
  ledger: .sqlite(at: "payments.db"),
  methods: [.tempo(signer: .environment("MPP_PRIVATE_KEY"), network: .mainnet)]
)
let router = Router(context: PaidRequestContext.self)
router.group("report").add(middleware: payments.charge("0.10"))
  .get { _, context in "thank you, \(context.payment.source?.text ?? "stranger")" }
router.group("ping").add(middleware: payments.session("0.01", per: "request")).get { _, _ in "pong" }
try await Application(router: router, services: [payments]).runService()
