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
import Tempo
import TempoDevnet
import TempoRPC
import Testing

/// A server that pays fees and dies; its ledger is a file.
@Suite("The sponsor's budget survives its process", .timeLimit(.minutes(1)))
struct SponsorBudgetCrashTests {
  private func withFile(_ body: (String) async throws -> Void) async throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "mpp-budget-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    try await body(folder.appending(path: "ledger.db").path)
  }

  private func stall(_ devnet: Devnet, _ path: String) async throws -> ChargeStall {
    try await ChargeStall(
      devnet, store: FaultStore(try SQLiteLedger(at: path)), offers: ["/a": [], "/b": []]
    ) { options in
      var payer = FeePayerOptions(signer: devnet.sponsor.signer, limits: .standard(chainID: devnet.chainID))
      payer.limits?.maximumInFlightPerPayer = 1
      options.feePayer = payer
      options.limits.receiptDeadline = 0
    }
  }

  private func reservations(_ stall: ChargeStall) async throws -> Int {
    let table = try stall.server.ledger.table(SponsorBudget.self)
    let key = SponsorBudget.key(chainID: stall.devnet.chainID, sponsor: stall.devnet.sponsor.address)
    return try await table.load(key)?.reservations.count ?? 0
  }

  private func fails(_ stall: ChargeStall, _ path: String) async throws {
    let client = try stall.client { $0.presentations = 1 }
    let status = try? await client.execute(stall.get(path)).status.code
    #expect(status == nil || status == 503)
  }

  @Test("What was signed stays reserved over a restart, until the chain has decided")
  func signed() async throws {
    try await withFile { path in
      let devnet = try Devnet()
      let first = try await stall(devnet, path)
      // Every node takes it, none includes it.
      devnet.faults.inject(.broadcast, .drop, count: nil)
      try await fails(first, "/a")
      #expect(try await reservations(first) == 1)
      await first.store.close()

      let second = try await stall(devnet, path)
      try await second.sweep()
      #expect(try await reservations(second) == 1)
      let sent = devnet.requestCount("eth_sendRawTransaction")
      try await fails(second, "/b")
      #expect(devnet.requestCount("eth_sendRawTransaction") == sent)
      devnet.faults.clear()
      devnet.clock.advance(seconds: 26 + Int64(ChainIntent.absenceMargin))
      devnet.mine()
      try await second.sweep()
      #expect(try await reservations(second) == 0)
      #expect(try await second.client().execute(second.get("/b")).status == .ok)
      #expect(second.payments.count == 1)
      await second.store.close()
    }
  }

  @Test("Wherever it died, the next one sponsors no more than the budget, and again as soon as that is safe")
  func everyWrite() async throws {
    for number in 1...40 {
      var isOver = false
      try await withFile { path in
        let devnet = try Devnet()
        let first = try await stall(devnet, path)
        let begun = first.store.commitCount
        for write in number...(number + 30) { first.store.failCommit(begun + write, .before) }
        let client = try first.client { $0.presentations = 1 }
        _ = try? await client.execute(first.get("/a"))
        let isSent = devnet.requestCount("eth_sendRawTransaction") > 0
        isOver = first.store.commitCount < begun + number
        await first.store.close()

        let second = try await stall(devnet, path)
        let left = try await reservations(second)
        // What may cost something is on record; what was only prepared ends with its lease.
        if isSent, second.payments.isEmpty { #expect(left == 1, "write \(number)") }
        try await second.sweep()
        devnet.clock.advance(seconds: 31)
        devnet.mine()
        try await second.sweep()
        #expect(try await second.client().execute(second.get("/b")).status == .ok, "write \(number)")
        #expect(try await reservations(second) == 0, "write \(number)")
        await second.store.close()
      }
      if isOver { return }
    }
    Issue.record("more writes than expected")
  }
}
