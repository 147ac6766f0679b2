import MPPCore
import MarketplaceSupport
import Synchronization
import TempoRPC

/// A server's way to its node, with one moment at which everything stops until the test has done its part.
final class ChainHook: RPCTransport {
  enum Moment: String, Sendable, CaseIterable {
    /// The server looks at the chain for the first time.
    case beforeItLooks
    /// A transaction is about to be broadcast.
    case beforeTheBroadcast
    /// It is mined, the server does not know it yet.
    case afterTheBroadcast
  }

  private let node: any RPCTransport
  private let moment: Moment
  private let isArmed = Mutex(false)
  let reached = Latch()
  let goOn = Latch()

  init(_ node: any RPCTransport, _ moment: Moment) {
    self.node = node
    self.moment = moment
  }

  /// From now on the moment counts, once.
  func arm() { isArmed.withLock { $0 = true } }

  func send(_ body: [UInt8], timeoutMilliseconds: Int64) async throws(RPCTransportError) -> [UInt8] {
    let isBroadcast = String(decoding: body, as: UTF8.self).contains("eth_sendRawTransaction")
    if moment == .beforeItLooks || moment == .beforeTheBroadcast && isBroadcast { await stop() }
    let answer = try await node.send(body, timeoutMilliseconds: timeoutMilliseconds)
    if moment == .afterTheBroadcast, isBroadcast { await stop() }
    return answer
  }

  private func stop() async {
    let isNow = isArmed.withLock { isArmed in
      defer { isArmed = false }
      return isArmed
    }
    guard isNow else { return }
    reached.open()
    await goOn.wait()
  }
}
