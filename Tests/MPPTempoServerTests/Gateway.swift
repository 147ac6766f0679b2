import MPPCore
import MPPTesting
import Synchronization
import TempoDevnet
import TempoRPC

/// A gateway in front of a node: it passes every request on, and may answer with an error of its own instead of what the node said.
final class Gateway: RPCTransport {
  private struct Lie {
    let method: String
    let code: Int64
    let message: String
    var left: Int
  }

  private let node: DevnetTransport
  private let lies = Mutex<[Lie]>([])
  private let bending = Mutex<(method: String, bend: @Sendable (JSONValue) -> JSONValue)?>(nil)

  init(_ devnet: Devnet) { node = DevnetTransport(devnet) }

  /// Answers the next requests of a method with an error, after the node has executed them.
  func answer(_ method: String, _ code: Int64, _ message: String, count: Int = 1) {
    lies.withLock { $0.append(Lie(method: method, code: code, message: message, left: count)) }
  }

  /// Bends what the node says to a method from now on.
  func bend(_ method: String, _ bend: @escaping @Sendable (JSONValue) -> JSONValue) {
    bending.withLock { $0 = (method, bend) }
  }

  /// From now on it answers what the node says.
  func honest() {
    bending.withLock { $0 = nil }
    lies.withLock { $0 = [] }
  }

  func send(_ body: [UInt8], timeoutMilliseconds: Int64) async throws(RPCTransportError) -> [UInt8] {
    let answer = try await node.send(body, timeoutMilliseconds: timeoutMilliseconds)
    guard let request = try? JSONValue(parsing: body), let id = request["id"],
      let method = request["method"]?.nameValue
    else { return answer }
    let lie: Lie? = lies.withLock { lies in
      guard let index = lies.firstIndex(where: { $0.method == method && $0.left > 0 }) else { return nil }
      lies[index].left -= 1
      return lies[index]
    }
    guard let lie else { return bent(answer, method) }
    let error: JSONValue = ["code": .integer(lie.code), "message": .string(lie.message)]
    return Array((["jsonrpc": "2.0", "id": id, "error": error] as JSONValue).serialized().utf8)
  }

  private func bent(_ answer: [UInt8], _ method: String) -> [UInt8] {
    guard let (name, bend) = bending.withLock({ $0 }), name == method,
      case .object(var members)? = try? JSONValue(parsing: answer),
      let index = members.firstIndex(where: { $0.key == "result" }), !members[index].value.isNull
    else { return answer }
    members[index].value = bend(members[index].value)
    return Array(JSONValue.object(members).serialized().utf8)
  }
}
