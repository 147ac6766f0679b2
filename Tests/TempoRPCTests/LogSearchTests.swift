import EVM
import MPPCore
import Synchronization
import Tempo
import Testing

@testable import TempoRPC

/// A node with one log in each of some blocks, which answers what is not too much for it.
private final class LogNode: RPCTransport {
  let blocks: [UInt64]
  /// Blocks it answers for at once.
  let longest: UInt64
  /// Older ones it has forgotten.
  let oldest: UInt64
  /// Answers that it gives before it has the newest block.
  let lag: Mutex<Int>
  /// What was asked for and answered.
  let answered = Mutex<[ClosedRange<UInt64>]>([])

  init(_ blocks: [UInt64], longest: UInt64 = .max, oldest: UInt64 = 0, lag: Int = 0) {
    self.blocks = blocks
    self.longest = longest
    self.oldest = oldest
    self.lag = Mutex(lag)
  }

  func send(_ body: [UInt8], timeoutMilliseconds: Int64) async throws(RPCTransportError) -> [UInt8] {
    guard let request = try? JSONValue(parsing: body), let id = request["id"],
      case .array(let params)? = request["params"], let filter = params.first,
      let from = Self.number(filter["fromBlock"]), let to = Self.number(filter["toBlock"]), from <= to
    else { throw RPCTransportError(.connectionFailed, mayHaveBeenReceived: false) }
    let range = from...to
    let isBehind = lag.withLock { lag in
      lag -= 1
      return lag >= 0
    }
    if isBehind {
      let text = "block range extends beyond current head block: requested \(to), head \(to - 1)"
      return Self.answer(id, "error", ["code": -32602, "message": .string(text)])
    }
    guard range.upperBound - range.lowerBound < longest else {
      return Self.answer(id, "error", ["code": -32000, "message": "block range too wide"])
    }
    guard range.lowerBound >= oldest else {
      return Self.answer(id, "error", ["code": -32601, "message": "no such blocks"])
    }
    answered.withLock { $0.append(range) }
    let logs = blocks.filter(range.contains).map { block -> JSONValue in
      [
        "address": .string(Address.zero.hex), "topics": .array([.string(Hash32(words: 0, 0, 0, block).hex)]),
        "data": "0x",
      ]
    }
    return Self.answer(id, "result", .array(logs))
  }

  private static func number(_ value: JSONValue?) -> UInt64? {
    value?.stringValue.flatMap { UInt64($0.dropFirst(2), radix: 16) }
  }

  private static func answer(_ id: JSONValue, _ key: String, _ value: JSONValue) -> [UInt8] {
    Array(
      JSONValue.object([
        .init(key: "jsonrpc", value: "2.0"), .init(key: "id", value: id), .init(key: key, value: value),
      ]).serialized().utf8)
  }
}

@Suite("A search of many blocks for logs") struct LogSearchTests {
  private func search(
    _ node: LogNode, from first: UInt64 = 0, to last: UInt64, limit: UInt64 = .max
  ) async -> (LogSearch, blocks: [UInt64]) {
    let client = ChainClient(
      transport: node, clock: FixedClock(), sleeper: CountingSleeper(), random: ZeroRandom())
    let search = await client.searchLogs(
      address: .zero, topics: [], from: first, to: last, limit: limit)
    return (search, search.logs.compactMap { $0.topics.first?.words[3] }.sorted())
  }

  /// Every block once, and nothing besides.
  private func expectOnce(_ node: LogNode, _ range: ClosedRange<UInt64>) {
    let asked = node.answered.withLock { $0 }.sorted { $0.lowerBound < $1.lowerBound }
    #expect(asked.first?.lowerBound == range.lowerBound)
    #expect(asked.last?.upperBound == range.upperBound)
    for (one, next) in zip(asked, asked.dropFirst()) { #expect(next.lowerBound == one.upperBound + 1) }
  }

  @Test("Every block is asked for once, the newest first", arguments: [.max, 100_000, 1_500] as [UInt64])
  func everyBlock(longest: UInt64) async {
    let blocks: [UInt64] = [0, 1, 99_999, 100_000, 100_001, 234_567, 299_999, 300_000]
    let node = LogNode(blocks, longest: longest)
    let (found, logs) = await search(node, to: 300_000)
    #expect(found.failure == nil && !found.isCutOff)
    #expect(found.oldest == 0)
    #expect(logs == blocks)
    expectOnce(node, 0...300_000)
    #expect(node.answered.withLock { $0 }.first?.upperBound == 300_000)
    let part = LogNode(blocks, longest: longest)
    #expect(await search(part, from: 100_000, to: 299_999).blocks == [100_000, 100_001, 234_567, 299_999])
    expectOnce(part, 100_000...299_999)
  }

  @Test("One block, and none")
  func shortest() async {
    for block in [0, 7, UInt64.max] {
      let node = LogNode([block])
      #expect(await search(node, from: block, to: block).blocks == [block])
      expectOnce(node, block...block)
    }
    let (none, logs) = await search(LogNode([5]), from: 6, to: 5)
    #expect(logs.isEmpty && none.oldest == nil && none.failure == nil)
  }

  @Test("A limit of blocks is said to have cut the search off, and where")
  func limit() async {
    let node = LogNode([89, 90, 91, 100])
    let (found, logs) = await search(node, to: 100, limit: 10)
    #expect(logs == [90, 91, 100])
    #expect(found.isCutOff)
    #expect(found.oldest == 90)
    expectOnce(node, 90...100)
    for limit: UInt64 in [100, 101, .max] {
      #expect(await !search(LogNode([]), to: 100, limit: limit).0.isCutOff)
    }
  }

  @Test("A node that lags is asked the same again, and is none that refuses long stretches")
  func lagging() async throws {
    let blocks: [UInt64] = [7, 99_999, 250_000]
    let node = LogNode(blocks, lag: 2)
    let (found, logs) = await search(node, to: 250_000)
    #expect(found.failure == nil)
    #expect(logs == blocks)
    #expect(node.answered.withLock { $0 }.first == 150_001...250_000)
    let far = LogNode(blocks, lag: .max)
    let (none, _) = await search(far, to: 250_000)
    #expect(none.failure?.code == .unavailable)
    #expect(none.failure?.isRetryable == true)
    #expect(none.oldest == nil)
    // As often as one read is repeated.
    #expect(Int.max - far.lag.withLock { $0 } == ChainClientLimits().attempts)
  }

  @Test("What was found before the node refused is kept, with the refusal")
  func refused() async {
    let node = LogNode([10, 150_000, 299_000], oldest: 100_000)
    let (found, logs) = await search(node, to: 300_000)
    #expect(logs == [150_000, 299_000])
    #expect(found.failure?.code == .unsupported)
    #expect(found.oldest == 100_001)
    let mute = await search(LogNode([1], longest: 0), to: 5_000).0
    #expect(mute.failure?.code == .rejected)
    #expect(mute.oldest == nil)
  }
}
