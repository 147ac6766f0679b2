import MPPTesting
import Synchronization
import TempoDevnet
import TempoRPC

/// A node that leaves some requests without an answer until it is released.
final class StallingNode: RPCTransport {
  private struct State {
    var texts: [String] = []
    var waiting: [CheckedContinuation<Void, Never>] = []
  }

  private let node: DevnetTransport
  private let state = Mutex(State())

  init(_ devnet: Devnet) { node = DevnetTransport(devnet) }

  /// From now on requests with one of these texts wait.
  func stall(_ texts: [String]) { state.withLock { $0.texts = texts } }

  /// Nothing waits any more.
  func release() {
    let waiting = state.withLock { state in
      defer { state = State() }
      return state.waiting
    }
    for request in waiting { request.resume() }
  }

  var waiting: Int { state.withLock { $0.waiting.count } }

  func send(_ body: [UInt8], timeoutMilliseconds: Int64) async throws(RPCTransportError) -> [UInt8] {
    let text = String(decoding: body, as: UTF8.self)
    await withCheckedContinuation { request in
      let passes = state.withLock { state in
        let passes = !state.texts.contains { text.contains($0) }
        if !passes { state.waiting.append(request) }
        return passes
      }
      if passes { request.resume() }
    }
    return try await node.send(body, timeoutMilliseconds: timeoutMilliseconds)
  }
}
