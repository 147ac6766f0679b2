package import MPPCore
import MPPTesting
import Synchronization
package import Tempo
package import TempoDevnet
package import TempoRPC

/// A node that answers some methods with something else than the chain says. Whoever asks another node hears the truth.
package final class LyingNode: RPCTransport {
  package typealias Lie = @Sendable (JSONValue) -> JSONValue
  private let node: DevnetTransport
  private let lies = Mutex<[String: (lie: Lie, left: Int)]>([:])

  package init(_ devnet: Devnet) { node = DevnetTransport(devnet) }

  /// Bends the results of a method that are not null.
  package func bend(_ method: String, count: Int = .max, _ lie: @escaping Lie) {
    lies.withLock { $0[method] = (lie, count) }
  }

  /// Bends the receipts of everything, wherever they are shown.
  package func bendReceipts(_ lie: @escaping Lie) {
    bend("eth_getTransactionReceipt", lie)
    bend("eth_sendRawTransactionSync", lie)
  }

  /// From now on it says what is.
  package func honest() { lies.withLock { $0 = [:] } }

  package func send(_ body: [UInt8], timeoutMilliseconds: Int64) async throws(RPCTransportError) -> [UInt8] {
    let answer = try await node.send(body, timeoutMilliseconds: timeoutMilliseconds)
    guard let method = (try? JSONValue(parsing: body))?["method"]?.nameValue,
      case .object(var members)? = try? JSONValue(parsing: answer),
      let index = members.firstIndex(where: { $0.key == "result" }), !members[index].value.isNull
    else { return answer }
    let lie: Lie? = lies.withLock { lies in
      guard let (lie, left) = lies[method], left > 0 else { return nil }
      lies[method] = (lie, left - 1)
      return lie
    }
    guard let lie else { return answer }
    members[index].value = lie(members[index].value)
    return Array(JSONValue.object(members).serialized().utf8)
  }
}

/// What a node may say about a transaction instead of the truth (`03` §12, `patchReceipt`).
package enum ReceiptLie: String, Sendable, CaseIterable {
  case failed, failedWithoutLogs, succeeded, noLogs, otherBlockHash, otherBlockNumber, otherTopics

  package func callAsFunction(_ receipt: JSONValue) -> JSONValue {
    switch self {
    case .failed: receipt.with(["status": "0x0"])
    case .failedWithoutLogs: receipt.with(["status": "0x0", "logs": []])
    case .succeeded: receipt.with(["status": "0x1"])
    case .noLogs: receipt.with(["logs": []])
    case .otherBlockHash: receipt.with(["blockHash": .string(Self.junk), "status": "0x0"])
    case .otherBlockNumber: receipt.with(["blockNumber": "0x1", "status": "0x0"])
    case .otherTopics:
      receipt.with([
        "logs": .array(
          (receipt["logs"]?.arrayValue ?? []).map { log in
            let topics = log["topics"]?.arrayValue ?? []
            return log.with([
              "topics": .array(topics.prefix(1) + topics.dropFirst().map { _ in .string(Self.junk) })
            ])
          })
      ])
    }
  }

  private static let junk = "0x" + String(repeating: "00", count: 31) + "aa"
}

extension JSONValue {
  /// With these members instead of what it has of the same name.
  package func with(_ changes: JSONValue) -> JSONValue {
    guard case .object(let members) = self, case .object(let others) = changes else { return self }
    return .object(members.filter { member in !others.contains { $0.key == member.key } } + others)
  }
}
