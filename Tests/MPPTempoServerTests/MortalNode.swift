import MPPTesting
import Synchronization
import TempoDevnet
import TempoRPC

/// The node of a server that dies at one of its requests: before it has left, or when the node has done what it asks. Nothing that
/// comes later leaves the process.
final class MortalNode: RPCTransport {
  private struct State {
    var left: Int?
    var isAnswered = false
    var isDead = false
    var onDeath: @Sendable () -> Void = {}
  }

  private let node: DevnetTransport
  private let state = Mutex(State())

  init(_ devnet: Devnet) { node = DevnetTransport(devnet) }

  /// - Parameters:
  ///   - index: of the request from now on, counted from zero.
  ///   - isAnswered: whether the node still does what this request asks.
  ///   - store: nothing reaches it afterwards.
  func die(at index: Int, isAnswered: Bool, _ store: FaultStore) {
    state.withLock { state in
      state.left = index
      state.isAnswered = isAnswered
      state.onDeath = {
        for later in 1...60 {
          store.failCommit(store.commitCount + later, .before)
          store.failClaim(store.claimCount + later, .before)
        }
      }
    }
  }

  var isDead: Bool { state.withLock { $0.isDead } }

  func send(_ body: [UInt8], timeoutMilliseconds: Int64) async throws(RPCTransportError) -> [UInt8] {
    let fate = fate()
    if fate != .lost {
      let answer = try await node.send(body, timeoutMilliseconds: timeoutMilliseconds)
      if fate == .answered { return answer }
    }
    throw RPCTransportError(.connectionLost, mayHaveBeenReceived: true)
  }

  private enum Fate { case answered, executed, lost }

  private func fate() -> Fate {
    let (fate, onDeath) = state.withLock { state -> (Fate, (@Sendable () -> Void)?) in
      if state.isDead { return (.lost, nil) }
      guard let left = state.left else { return (.answered, nil) }
      state.left = left - 1
      guard left == 0 else { return (.answered, nil) }
      state.isDead = true
      return (state.isAnswered ? .executed : .lost, state.onDeath)
    }
    onDeath?()
    return fate
  }
}
