import EVM
import MPPCore
import Synchronization
import TempoRPC

/// A node made of a few variables: it takes raw bytes, includes them at once, and can be told to misbehave.
final class FakeNode: RPCTransport {
  enum Fault: Equatable {
    /// The request never arrives.
    case notReceived
    /// The request is executed and its answer is lost.
    case answerLost
    case rateLimited
    case internalError
    case rejected(String)
    /// The request is executed, and answered with an error of somebody on the way.
    case answered(Int64, String)
    case garbage
    case wrongID
    case wrongHash
  }

  struct State {
    var time: UInt64 = 1_000
    var number: UInt64 = 10
    /// Included transactions by hash, with block and success.
    var included: [String: (block: UInt64, succeeded: Bool)] = [:]
    var revertNext = false
    var dropNext = 0
    var hideReceipts = 0
    var sent: [[UInt8]] = []
    var calls: [String] = []
    var faults: [(method: String, fault: Fault)] = []
    var settled: UInt64 = 0
    var callAnswer: JSONValue = .string("0x")
  }

  let state = Mutex(State())

  func fail(_ method: String, _ faults: Fault...) {
    state.withLock { $0.faults += faults.map { (method, $0) } }
  }

  func send(_ body: [UInt8], timeoutMilliseconds: Int64) async throws(RPCTransportError) -> [UInt8] {
    guard let request = try? JSONValue(parsing: body), let method = request["method"]?.stringValue,
      let id = request["id"]?.intValue, case .array(let params)? = request["params"]
    else { throw RPCTransportError(.connectionLost, mayHaveBeenReceived: true) }
    let fault = state.withLock { state -> Fault? in
      state.calls.append(method)
      guard let index = state.faults.firstIndex(where: { $0.method == method }) else { return nil }
      return state.faults.remove(at: index).fault
    }
    switch fault {
    case .notReceived: throw RPCTransportError(.connectionFailed, mayHaveBeenReceived: false)
    case .rateLimited: throw RPCTransportError(.rateLimited, mayHaveBeenReceived: false, status: 429)
    case .internalError: return error(id, -32603, "internal error")
    case .rejected(let text): return error(id, -32000, text)
    case .garbage: return Array("<html>".utf8)
    case .answered(let code, let text):
      _ = execute(method, params)
      return error(id, code, text)
    case .wrongID, .wrongHash, .answerLost, nil: break
    }
    let answer = execute(method, params)
    if fault == .answerLost { throw RPCTransportError(.connectionLost, mayHaveBeenReceived: true) }
    switch answer {
    case .failure(let text): return error(id, -32000, text.text)
    case .success(let value):
      let result = fault == .wrongHash ? .string(Hash32.zero.hex) : value
      return reply(fault == .wrongID ? id + 1 : id, "result", result)
    }
  }

  struct Refusal: Error { let text: String }

  private func execute(_ method: String, _ params: [JSONValue]) -> Result<JSONValue, Refusal> {
    state.withLock { state in
      switch method {
      case "eth_chainId": return .success(.string("0xa5bf"))
      case "eth_getBlockByNumber":
        return .success(
          .object([
            .init(key: "number", value: .string("0x" + String(state.number, radix: 16))),
            .init(key: "hash", value: .string(Hash32.zero.hex)),
            .init(key: "timestamp", value: .string("0x" + String(state.time, radix: 16))),
            .init(key: "baseFeePerGas", value: .string("0x4a817c800")),
          ]))
      case "eth_sendRawTransaction":
        guard let raw = try? Hex.decode(params.first?.stringValue ?? "") else {
          return .failure(Refusal(text: "bad"))
        }
        state.sent.append(raw)
        let hash = Keccak256.hash(raw).hex
        if state.included[hash] != nil { return .failure(Refusal(text: "already known")) }
        if state.dropNext > 0 {
          state.dropNext -= 1
        } else {
          state.number += 1
          state.included[hash] = (state.number, !state.revertNext)
        }
        return .success(.string(hash))
      case "eth_getTransactionReceipt":
        guard let hash = params.first?.stringValue, let found = state.included[hash] else {
          return .success(.null)
        }
        if state.hideReceipts > 0 {
          state.hideReceipts -= 1
          return .success(.null)
        }
        return .success(Self.receipt(hash, found.block, found.succeeded))
      case "eth_call": return .success(state.callAnswer)
      default: return .success(.string("0x1"))
      }
    }
  }

  static func receipt(_ hash: String, _ block: UInt64, _ succeeded: Bool) -> JSONValue {
    let zero = "0x" + String(repeating: "0", count: 40)
    return .object([
      .init(key: "transactionHash", value: .string(hash)),
      .init(key: "blockNumber", value: .string("0x" + String(block, radix: 16))),
      .init(key: "blockHash", value: .string(Hash32.zero.hex)),
      .init(key: "status", value: .string(succeeded ? "0x1" : "0x0")),
      .init(key: "from", value: .string(zero)), .init(key: "to", value: .null),
      .init(key: "gasUsed", value: .string("0xc350")),
      .init(key: "effectiveGasPrice", value: .string("0x4a817c800")),
      .init(key: "feePayer", value: .string(zero)), .init(key: "feeToken", value: .null),
      .init(key: "logs", value: .array([])),
    ])
  }

  private func reply(_ id: Int64, _ key: String, _ value: JSONValue) -> [UInt8] {
    Array(
      JSONValue.object([
        .init(key: "jsonrpc", value: .string("2.0")), .init(key: "id", value: .integer(id)),
        .init(key: key, value: value),
      ]).serialized().utf8)
  }

  private func error(_ id: Int64, _ code: Int64, _ text: String) -> [UInt8] {
    reply(
      id, "error",
      .object([.init(key: "code", value: .integer(code)), .init(key: "message", value: .string(text))]))
  }

  var sent: [[UInt8]] { state.withLock { $0.sent } }
  var calls: [String] { state.withLock { $0.calls } }
}

/// Counts pauses instead of waiting; may do something at each.
final class CountingSleeper: Sleeper {
  private let pauses = Mutex<[Int64]>([])
  private let onPause: @Sendable (Int) -> Void

  init(onPause: @escaping @Sendable (Int) -> Void = { _ in }) { self.onPause = onPause }

  func sleep(milliseconds: Int64) async throws {
    let count = pauses.withLock { pauses in
      pauses.append(milliseconds)
      return pauses.count
    }
    onPause(count)
  }

  var all: [Int64] { pauses.withLock { $0 } }
}

struct FixedClock: WallClock {
  var now: Timestamp { Timestamp(milliseconds: 1_000_000) }
}

struct ZeroRandom: RandomSource {
  func fill(_ count: Int) -> [UInt8] { Array(repeating: 0, count: count) }
}

/// Intents in memory; can be told to fail.
final class MemoryIntents: IntentStore {
  struct Failure: Error {}

  let stored = Mutex<[ChainIntent.Identity: [UInt8]]>([:])
  let failUpdates = Mutex(0)
  let writes = Mutex<[ChainIntent.State]>([])

  func insert(_ intent: ChainIntent) async throws -> ChainIntent {
    if let found = try await load(intent.identity), found.blocks(intent) { return found }
    try put(intent)
    return intent
  }

  func load(_ identity: ChainIntent.Identity) async throws -> ChainIntent? {
    try stored.withLock { $0[identity] }.map { try ChainIntent(decoding: $0) }
  }

  func update(_ intent: ChainIntent) async throws {
    let fails = failUpdates.withLock { left in
      left -= 1
      return left >= 0
    }
    if fails { throw Failure() }
    try put(intent)
  }

  func pending(limit: Int) async throws -> [ChainIntent] {
    try stored.withLock { Array($0.values) }.map { try ChainIntent(decoding: $0) }
      .filter { !$0.state.isFinal }.prefix(limit).map { $0 }
  }

  private func put(_ intent: ChainIntent) throws {
    let bytes = try intent.encoded()
    stored.withLock { $0[intent.identity] = bytes }
    writes.withLock { $0.append(intent.state) }
  }
}
