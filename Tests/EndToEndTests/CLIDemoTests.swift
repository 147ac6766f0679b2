import Foundation
import MPPCore
import Testing

@Suite("mpp demo", .timeLimit(.minutes(2)))
struct CLIDemoTests {
  @Test func tableAddsUpToTheUnitAndNothingIsLeftBehind() async throws {
    try await CLIProgram.inFolder { mpp in
      let result = try await mpp.run(["demo", "--json"])
      #expect(result.exit == .code(0))
      #expect(result.errors.isEmpty)
      #expect(result.output.count == result.events.count)
      #expect(
        result.events.compactMap { $0["event"]?.stringValue } == [
          "started", "challenge", "open", "requests", "topUp", "settlement", "requests", "closed", "charge",
          "proof", "balances",
        ])
      let balances = try #require(result.event("balances"))
      #expect(balances["balanced"]?.boolValue == true)
      var table: [String: (before: UInt128, after: UInt128)] = [:]
      for row in balances["rows"]?.arrayValue ?? [] {
        let name = try #require(row["account"]?.stringValue)
        table[name] = (
          try #require(row["before"]?.stringValue.flatMap { UInt128($0) }),
          try #require(row["after"]?.stringValue.flatMap { UInt128($0) })
        )
      }
      let accounts = ["payer", "payee", "escrow", "fees"]
      #expect(Set(table.keys) == Set(accounts + ["total"]))
      let before = accounts.compactMap { table[$0]?.before }.reduce(0, +)
      let after = accounts.compactMap { table[$0]?.after }.reduce(0, +)
      #expect(before == after)
      #expect(table["total"]?.before == before)
      #expect(table["total"]?.after == after)
      #expect(table["escrow"]?.before == 0 && table["escrow"]?.after == 0)
      let payer = try #require(table["payer"])
      let payee = try #require(table["payee"])
      let fees = try #require(table["fees"])
      #expect(payer.before - payer.after > 1_000_000)
      #expect((payer.before - payer.after) - (payee.after - payee.before) == fees.after - fees.before)
      #expect(result.event("closed")?["captured"]?.stringValue == "1000000")
      #expect(result.event("closed")?["refunded"]?.stringValue == "200000")
      #expect(result.event("charge")?["amount"]?.stringValue == "10000")
      #expect(result.event("charge")?["transaction"]?.stringValue?.hasPrefix("0x") == true)
      #expect(result.event("proof")?["amount"]?.stringValue == "0")
      // A hundred requests over the channel and one charge, and not a unit more.
      #expect(payee.after + fees.after - payee.before - fees.before == payer.before - payer.after)
      #expect(result.event("settlement")?["amount"]?.stringValue == "700000")
      #expect(try FileManager.default.contentsOfDirectory(atPath: mpp.folder).isEmpty)
    }
  }

  @Test func tellsTheStoryToAPerson() async throws {
    try await CLIProgram.inFolder { mpp in
      let result = try await mpp.run(["demo"])
      #expect(result.exit == .code(0))
      let text = result.output.joined(separator: "\n")
      for word in [
        "402 Payment Required", "deposit  0.6", "top-up", "settles", "refunded 0.2", "GET /charge:",
        "GET /charge/zero:", "before", "after",
        "payer",
        "payee", "escrow", "fees", "total",
      ] { #expect(text.contains(word), "\(word)") }
      #expect(!text.contains("WRONG"))
      #expect(!text.contains("{" + "\"event\""))
      #expect(result.output.allSatisfy { $0.count <= 160 })
    }
  }

  @Test func interruptedItLeavesNothingBehind() async throws {
    try await CLIProgram.inFolder { mpp in
      try await mpp.start(["demo", "--json"]) { child in
        _ = try await child.event("open")
        child.signal(SIGINT)
        let exit = await child.finish()
        #expect(exit == .code(130) || exit == .code(0))
        #expect(try FileManager.default.contentsOfDirectory(atPath: mpp.folder).isEmpty)
      }
    }
  }
}
