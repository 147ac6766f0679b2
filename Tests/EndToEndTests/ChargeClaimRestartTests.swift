import EVM
import Foundation
import HTTPTypes
import MPPClient
import MPPCore
import MPPServer
import MPPStoreSQLite
import MPPTempo
import MPPTempoClient
import MPPTempoServer
import MPPTesting
import MarketplaceSupport
import PeerSupport
import Tempo
import TempoDevnet
import Testing

/// What was used stays used when the server is another process on the same file, later than everything else remembers it
/// (`06` §1.12).
@Suite("Claims of charges survive their process", .timeLimit(.minutes(1)))
struct ChargeClaimRestartTests {
  private static let memo: [JSONValue.Member] = [
    .init(key: "memo", value: .string("0x" + String(repeating: "ab", count: 32)))
  ]

  /// Its challenges live for a month: no expiry refuses before the claim does.
  private func stall(_ devnet: Devnet, _ path: String) async throws -> ChargeStall {
    try await ChargeStall(
      devnet, store: FaultStore(try SQLiteLedger(at: path)), offers: ["/memo": Self.memo],
      lifetime: 30 * 86_400
    ) { $0.explicitMemoIsUnique = true }
  }

  @Test(
    "Pulled, pushed, proved and with a memo that binds no challenge: used before a restart, used after it")
  func restart() async throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "mpp-claims-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let file = folder.appending(path: "ledger.db").path
    let devnet = try Devnet()
    let first = try await stall(devnet, file)
    var used: [(path: String, credential: String)] = []
    for path in ["/paid", "/push", "/proof", "/memo"] {
      let client = try first.client { if path == "/memo" { $0.mode = .push } }
      #expect(try await client.execute(first.get(path)).status == .ok)
      used.append((path, try #require(first.credentials.last)))
    }
    let (other, unused) = try await unused(first)
    try await first.server.ledger.flush()
    await first.store.close()

    for days: Int64 in [0, 8] {
      devnet.clock.advance(seconds: days * 86_400)
      devnet.mine()
      let next = try await stall(devnet, file)
      try await next.sweep()
      for (path, credential) in used {
        let expected =
          path == "/proof"
          ? "Proof credential has already been used" : "Transaction hash has already been used"
        #expect(
          try await next.refusal(path, credential: credential) == "Payment verification failed: \(expected).",
          "\(path), \(days) days")
      }
      // The same payment for a challenge that nobody has answered.
      let moved = Credential(
        challenge: other, payload: try Credential(parsing: used[3].credential).payload,
        source: try Credential(parsing: used[3].credential).source)
      #expect(
        try await next.refusal("/memo", credential: moved.serialized())
          == "Payment verification failed: Transaction hash has already been used.", "\(days) days")
      #expect(next.deliveries == 0)
      // It is the claim that refuses them: a payment just like them that was not used is taken.
      if days > 0 { #expect(try await next.refusal("/memo", credential: unused) == nil) }
      try await next.server.ledger.flush()
      await next.store.close()
    }
    #expect(first.payments.count == 4)
  }

  /// A challenge that nobody answers, and a payment that its payer has pushed and that never arrived.
  private func unused(_ stall: ChargeStall) async throws -> (Challenge, String) {
    let headers = try await stall.get("/memo").headerFields
    let challenge = try #require(try ChallengeList(fields: headers).challenges.first)
    let journal = TestJournal()
    let client = try stall.client(journal: journal) { $0.mode = .push }
    stall.loseNextPaidRequest()
    await #expect(throws: PaymentClientError.self) { try await client.execute(stall.get("/memo")) }
    let record = try #require(try await journal.records(kind: "charge").first)
    let credential = try #require(try JSONValue(parsing: record.body)["credential"]?.stringValue)
    return (challenge, credential)
  }
}
