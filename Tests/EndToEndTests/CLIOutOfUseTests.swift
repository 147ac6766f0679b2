import Foundation
import MPPCore
import Testing

/// Channels that only the chain can close are named, with their amounts and what gets them back.
@Suite("mpp and channels out of use", .timeLimit(.minutes(2)))
struct CLIOutOfUseTests {
  /// A payer who has a channel that the server has forgotten, and has asked once more.
  private func withOrphan(
    _ body: (CLIProgram.Market, _ journal: String, _ afterwards: CLIProgram.Result) async throws -> Void
  ) async throws {
    let forgetful = ["--ledger", "memory", "--suggested-deposit", "1"]
    try await CLIProgram.inFolder { mpp in
      let journal = mpp.folder + "/my journal.db"
      try await mpp.withChain { chainURL in
        let port = try await mpp.withServer(chainURL, ["--port", "0"] + forgetful) { server, url in
          let market = CLIProgram.Market(mpp: mpp, chainURL: chainURL, serverURL: url, server: server)
          let paid = try await market.pay("/session", ["--max-price", "0.01", "--journal", journal])
          #expect(paid.exit == .code(0), "\(paid.errorText)")
          #expect(paid.errorText.contains("stays open with 1.00 deposited"), "\(paid.errorText)")
          server.signal(SIGKILL)
          _ = await server.finish()
          return try #require(URL(string: url)?.port)
        }
        try await mpp.withServer(chainURL, ["--port", String(port)] + forgetful) { server, url in
          let market = CLIProgram.Market(mpp: mpp, chainURL: chainURL, serverURL: url, server: server)
          let options = [
            "--max-price", "0.01", "--journal", journal, "--key", CLIProgram.payerKey, "--rpc",
            chainURL + "?apikey=hidden",
          ]
          try await body(market, journal, try await market.pay("/session", options))
        }
      }
    }
  }

  @Test("The request by which it goes out of use says so, and how the deposit comes back")
  func request() async throws {
    try await withOrphan { market, journal, afterwards in
      let text = afterwards.errorText
      #expect(text.contains("out of use: channel 0x"), "\(text)")
      #expect(text.contains("with a deposit of 1.00"), "\(text)")
      #expect(
        text.contains("mpp sessions recover --journal '\(journal)' --key … --rpc …"), "\(text)")
      #expect(!text.contains(CLIProgram.payerKey) && !text.contains("hidden"))
      let next = try await market.pay("/free", ["--max-price", "0.01", "--journal", journal, "--json"])
      #expect(next.exit == .code(0), "\(next.errorText)")
      let event = try #require(next.event("out-of-use"))
      #expect(
        event.objectValue?.map(\.key) == [
          "event", "channel", "phase", "deposit", "refundable", "withdrawableAt", "command",
        ])
      #expect(event["phase"]?.stringValue == "orphaned")
      #expect(event["deposit"]?.stringValue == "1000000")
      #expect(next.events.last?["event"]?.stringValue == "summary")
    }
  }

  @Test("close --all does not say that there is nothing, and recover gets it back within --max-fee")
  func close() async throws {
    try await withOrphan { market, journal, _ in
      let options = ["--journal", journal]
      func sessions(_ arguments: String...) async throws -> CLIProgram.Result {
        try await market.mpp.run(["sessions"] + arguments + options, environment: market.payer())
      }
      // One that the last request may have opened.
      _ = try await sessions("close", "--all")
      let all = try await sessions("close", "--all")
      #expect(all.exit == .code(75))
      #expect(all.output == [], "\(all.output)")
      #expect(all.errorText.contains("with a deposit of 1.00"), "\(all.errorText)")
      #expect(all.errorText.contains("mpp sessions recover --journal"), "\(all.errorText)")
      let json = try await sessions("close", "--all", "--json")
      #expect(json.exit == .code(75))
      let id = try #require(json.event("out-of-use")?["channel"]?.stringValue)
      let one = try await sessions("close", id)
      #expect(one.exit == .code(75))
      let said = one.output.joined() + one.errorText
      #expect(!said.contains("recover()") && !said.contains("sessions close"), "\(said)")
      #expect(said.contains("mpp sessions recover"))

      let dear = try await sessions("recover", "--max-fee", "0.000001")
      #expect(dear.exit == .code(77), "\(dear.errorText)")
      #expect(dear.errorText.contains("--max-fee"))
      let requested = try await sessions("recover")
      #expect(requested.exit == .code(75), "\(requested.errorText)")
      let waiting = try await sessions("close", "--all")
      #expect(waiting.exit == .code(75))
      #expect(waiting.errorText.contains("which can be withdrawn from "), "\(waiting.errorText)")
    }
  }
}
