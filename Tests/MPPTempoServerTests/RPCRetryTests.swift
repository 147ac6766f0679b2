import MPPCore
import MPPTesting
import Synchronization
import TempoDevnet
import TempoRPC
import Testing

/// `03` §15 G12: what the SDK does about a node that fails, as the node's own log shows it.
@Suite struct RPCRetryTests {
  private final class Pauses: Sleeper {
    private let pauses = Mutex<[Int64]>([])
    var all: [Int64] { pauses.withLock { $0 } }
    func sleep(milliseconds: Int64) async throws { pauses.withLock { $0.append(milliseconds) } }
  }

  private static let actions: [String: FaultAction] = [
    "429": .http(status: 429, retryAfterSeconds: 3), "503": .http(status: 503),
    "hang": .hang(milliseconds: 1),
    "garbage": .garbage,
  ]

  private static func client(_ devnet: Devnet, _ pauses: Pauses) -> ChainClient {
    ChainClient(
      transport: DevnetTransport(devnet), clock: devnet.clock, sleeper: pauses,
      random: SeededRandom(seed: 1))
  }

  @Test(arguments: ["429", "503", "hang", "garbage"])
  func g12AReadIsRepeatedAfterAPause(_ kind: String) async throws {
    let devnet = try Harness.chain()
    let pauses = Pauses()
    devnet.faults.inject(.method("eth_blockNumber"), try #require(Self.actions[kind]), count: 2)
    #expect(try await Self.client(devnet, pauses).blockNumber() == 0)
    let requests = devnet.requests().filter { $0.method == "eth_blockNumber" }
    #expect(requests.map(\.wasFaulted) == [true, true, false])
    // Longer each time, with some chance in it, and never shorter than the node has asked for.
    let (least, most): ([Int64], [Int64]) =
      kind == "429" ? ([3_000, 3_000], [3_000, 3_000]) : ([150, 300], [300, 600])
    #expect(pauses.all.count == 2)
    #expect(zip(pauses.all, zip(least, most)).allSatisfy { $0 >= $1.0 && $0 <= $1.1 }, "\(pauses.all)")
  }

  @Test(arguments: ["429", "503", "hang", "garbage"])
  func g12AReadIsGivenUpAfterItsAttempts(_ kind: String) async throws {
    let devnet = try Harness.chain()
    devnet.faults.inject(.method("eth_blockNumber"), try #require(Self.actions[kind]), count: nil)
    let client = Self.client(devnet, Pauses())
    let error = await #expect(throws: ChainError.self) { try await client.blockNumber() }
    #expect(kind == "garbage" ? error?.code == .invalidAnswer : error?.isRetryable == true)
    #expect(devnet.requestCount("eth_blockNumber") == ChainClientLimits().attempts)
  }

  /// Bytes are sent once, whatever the node says: what became of them is looked up.
  @Test(arguments: ["429", "503", "hang", "garbage"])
  func g12ABroadcastIsNeverRepeated(_ kind: String) async throws {
    let devnet = try Harness.chain()
    devnet.faults.inject(.method("eth_sendRawTransaction"), try #require(Self.actions[kind]), count: nil)
    let client = Self.client(devnet, Pauses())
    await #expect(throws: ChainError.self) { try await client.sendRawTransactionSync([0x76]) }
    #expect(devnet.requestCount("eth_sendRawTransaction") == 1)
  }
}
