import MPPCore
import MarketplaceSupport
import TempoDevnet
import Testing

@Suite("One fault of the chain anywhere in a channel's life", .serialized, .timeLimit(.minutes(3)))
struct ChainFaultTests {
  @Test func aLifeWithoutFaults() async throws {
    #expect(try await ChannelLife.live().faults == [])
  }

  /// Every JSON-RPC request of the life fails once, in one of the ways a node fails.
  @Test(arguments: [
    "refused", "reply lost", "503", "internal error", "lagging node", "late", "garbage",
  ])
  func anySingleRequestFails(kind: String) async throws {
    let requests = try await ChannelLife.live().requests
    #expect(requests > 20)
    let faults = try await Self.lives(0..<requests + 1) { number in
      FaultRule(.method("*"), Self.action(kind), skip: number)
    }
    #expect(faults == [])
  }

  private static func action(_ kind: String) -> FaultAction {
    switch kind {
    case "refused": .refuse
    case "reply lost": .loseReply
    case "503": .http(status: 503)
    case "internal error": .rpcError(code: -32603, message: "internal error")
    case "garbage": .garbage
    case "lagging node": .staleReads(blocks: 1)
    default: .delay(milliseconds: 30)
    }
  }

  /// The open, the settlement, the top-up and the close, each one: taken and forgotten, kept waiting, mined
  /// with its receipt hidden.
  @Test(arguments: [0, 1, 2, 3])
  func anySingleTransactionIsMishandled(number: Int) async throws {
    let actions: [FaultAction] = [
      .drop, .hold(blocks: 1), .hold(blocks: 3), .hideReceipt(polls: 1), .hideReceipt(polls: 30), .revert(),
    ]
    let faults = try await Self.lives(0..<actions.count) { index in
      FaultRule(.broadcast, actions[index], skip: number)
    }
    #expect(faults == [])
  }

  /// Runs many lives, a few at a time, and returns what was wrong with each, with its number.
  private static func lives(
    _ range: Range<Int>, _ fault: @escaping @Sendable (Int) -> FaultRule
  ) async throws -> [String] {
    try await withThrowingTaskGroup(of: [String].self) { group in
      var results: [String] = []
      for number in range {
        if number - range.lowerBound >= 4, let done = try await group.next() { results += done }
        group.addTask {
          try await ChannelLife.live(fault(number)).faults.map { "\(number): \($0)" }
        }
      }
      return try await group.reduce(into: results) { $0 += $1 }
    }
  }
}
