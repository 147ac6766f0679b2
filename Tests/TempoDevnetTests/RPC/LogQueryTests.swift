import EVM
import MPPCore
import Tempo
import TempoDevnet
import Testing

/// `eth_getLogs`: a query is answered whole or not at all.
@Suite struct LogQueries {
  /// Six blocks, with two transfers in each of the first three.
  private func chain(_ change: (inout DevnetConfiguration) -> Void = { _ in }) async throws -> Harness {
    let h = try Harness(change)
    for _ in 0..<3 {
      try await h.send(h.transfer(1, to: h.payee.address), from: h.payer)
    }
    h.devnet.mine(3)
    return h
  }

  private static func query(_ from: JSONValue, _ to: JSONValue) -> JSONValue {
    ["fromBlock": from, "toBlock": to, "address": .string(TempoAddress.pathUSD.hex)]
  }

  private func refusal(_ h: Harness, _ from: JSONValue, _ to: JSONValue) async throws -> String? {
    let error = try await h.failure("eth_getLogs", Self.query(from, to))
    if let error { #expect(error.code == -32602) }
    return error?.message
  }

  private func count(_ h: Harness, _ from: JSONValue, _ to: JSONValue) async throws -> Int? {
    try await h.rpc("eth_getLogs", Self.query(from, to)).arrayValue?.count
  }

  @Test func aRangeBeyondTheHeadIsRefused() async throws {
    let h = try await chain()
    #expect(try await count(h, "0x0", "0x6") == 6)
    #expect(
      try await refusal(h, "0x0", "0x7")
        == "block range extends beyond current head block: requested 7, head 6")
    #expect(try await refusal(h, "0x8", "0x7")?.contains("beyond current head") == true)
    // A beginning that is still to come is none to complain of.
    #expect(try await count(h, "0x7", "latest") == 0)
    #expect(try await count(h, "0x7", .null) == 0)
  }

  @Test func aReplicaThatLagsDoesNotAnswerAShortList() async throws {
    let h = try await chain()
    h.devnet.faults.inject(.method("eth_getLogs"), .staleReads(blocks: 4), count: 2)
    #expect(
      try await refusal(h, "0x0", "0x6")
        == "block range extends beyond current head block: requested 6, head 2")
    // What it calls the latest is its own.
    #expect(try await count(h, "0x0", "latest") == 4)
    #expect(try await count(h, "0x0", "0x6") == 6)
  }

  @Test func aRangeThatEndsBeforeItBeginsIsRefused() async throws {
    let h = try await chain()
    #expect(try await refusal(h, "0x3", "0x2") == "invalid block range params")
    #expect(try await count(h, "0x2", "0x2") == 2)
    // Without bounds it is the newest block.
    #expect(try await count(h, .null, .null) == 0)
    #expect(try await refusal(h, .null, "0x2") == "invalid block range params")
  }

  @Test func aRangeThatIsTooLongIsRefused() async throws {
    #expect(DevnetConfiguration().logLimits.blocks == 100_000)
    let h = try await chain { $0.logLimits.blocks = 4 }
    #expect(try await refusal(h, "0x1", "0x6") == "query exceeds max block range 4")
    #expect(try await count(h, "0x2", "0x6") == 4)
  }

  @Test func tooManyLogsAreRefusedWithTheRangeThatIsAnswered() async throws {
    #expect(DevnetConfiguration().logLimits.logs == 20_000)
    let h = try await chain { $0.logLimits.logs = 4 }
    #expect(
      try await refusal(h, "0x0", "0x6") == "query exceeds max results 4, retry with the range 0-2")
    #expect(try await count(h, "0x0", "0x2") == 4)
    let narrow = try await chain { $0.logLimits.logs = 1 }
    #expect(
      try await refusal(narrow, "0x1", "0x6") == "query exceeds max results 1, retry with the range 1-1")
    // One block is always answered.
    #expect(try await count(narrow, "0x1", "0x1") == 2)
  }
}
