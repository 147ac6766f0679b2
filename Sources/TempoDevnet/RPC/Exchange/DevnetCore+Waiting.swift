import EVM
import MPPCore

/// Requests that wait for a block (EIP-7966 where blocks come at an interval).
extension DevnetCore {
  private static let defaultTimeout: UInt64 = 30_000

  /// What to wait for after `eth_sendRawTransactionSync` came back without a receipt. `nil` where waiting cannot
  /// help: no block comes by itself, or a fault keeps the receipt away.
  func waiting(
    for call: RPCCall, _ result: Result<JSONValue, RPCFailure>, wall: Timestamp
  ) -> DevnetReply.Waiting? {
    guard call.method == "eth_sendRawTransactionSync", let id = call.id, waitingHelps,
      case .failure(let failure) = result, failure.code == 4, let hash = pendingHash(failure)
    else { return nil }
    let requested = call.parameters[1]?.intValue.map { UInt64(clamping: $0) }
    let timeout = min(requested ?? Self.defaultTimeout, 10 * Self.defaultTimeout)
    return DevnetReply.Waiting(
      id: id, hash: hash, deadline: wall.milliseconds + Int64(clamping: timeout))
  }

  /// Whether time that passes brings blocks.
  private var waitingHelps: Bool {
    guard case .interval = chain.parameters.sealing, case .system = configuration.clock else { return false }
    return true
  }

  private func pendingHash(_ failure: RPCFailure) -> Hash32? {
    guard let text = failure.data?.stringValue else { return nil }
    do {
      let hash = try Hash32(hex: text)
      return chain.pool.contains { $0.transaction.hash == hash } ? hash : nil
    } catch {
      return nil
    }
  }

  /// The reply that asks again when the next block is due.
  func provisional(_ waiting: DevnetReply.Waiting, wall: Timestamp) -> DevnetReply {
    let time = time(wall: wall)
    var interval: UInt64 = 1
    if case .interval(let milliseconds) = chain.parameters.sealing { interval = UInt64(max(1, milliseconds)) }
    let due = chain.latest.timestampMilliseconds + interval
    let delay = due > time.chain ? due - time.chain : 1
    let patience = UInt64(max(1, waiting.deadline - wall.milliseconds))
    var reply = DevnetReply(.closed)
    reply.delayMilliseconds = Int(clamping: min(delay, patience))
    reply.waiting = waiting
    return reply
  }

  /// Asks again: the receipt, the time-out, or once more the wait.
  mutating func resume(_ waiting: DevnetReply.Waiting, wall: Timestamp) -> DevnetReply {
    chain.sealDue(at: time(wall: wall))
    if let sealed = chain.transactions[waiting.hash], hiddenReceipts[waiting.hash] == nil {
      return .json(200, Self.envelope(id: waiting.id, .success(shown(sealed))))
    }
    guard wall.milliseconds < waiting.deadline else {
      return .json(200, Self.envelope(id: waiting.id, .failure(.notMinedInTime(waiting.hash))))
    }
    return provisional(waiting, wall: wall)
  }
}
