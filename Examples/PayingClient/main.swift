import MPPStoreSQLite
import MPPTempoClient

let client = try PaymentClient(
  methods: [.tempo(.environment("MPP_PRIVATE_KEY"), network: .moderato)],
  spending: .upTo("0.10", perDay: "5"),
  journal: .sqlite(at: "payments.journal"))
let response = try await client.execute(
  .get(CommandLine.arguments.dropFirst().first ?? "https://api.example.com/ping"))
print(
  response.status, try await response.body.text(upTo: .kibibytes(64)), response.receipt?.reference ?? "free")
try await client.shutdown()
