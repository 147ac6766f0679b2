@testable import EVM
@testable import MPPTempo
@testable import Tempo

/// Calldata, return data, revert data and logs of the contracts. Calldata that is accepted is written back the same.
enum ContractProperties {
  static func check(_ bytes: [UInt8]) throws {
    if let call = try? ChannelReserveCall(calldata: bytes) {
      try require(try call.calldata() == bytes, "a call of the reserve has two encodings")
    }
    if let call = try? TIP20Call(calldata: bytes) {
      try require(try call.calldata() == bytes, "a call of a token has two encodings")
    }
    if let swap = try? SwapExactAmountOut(calldata: bytes) {
      try require(try swap.calldata() == bytes, "a swap has two encodings")
    }
    _ = ContractErrors.reason(bytes).description
    for function in ChannelReserveABI.functions + TIP20ABI.functions + LegacyEscrowABI.functions {
      _ = try? function.decodeReturn(bytes)
    }
    try log(bytes)
  }

  /// The first byte is the number of topics (its high bit: of the reserve's address).
  private static func log(_ bytes: [UInt8]) throws {
    guard let first = bytes.first else { return }
    let count = Int(first & 7)
    guard bytes.count >= 1 + 32 * count, count <= 4 else { return }
    var topics: [Hash32] = []
    for index in 0..<count { topics.append(try Hash32(bytes[(1 + 32 * index)..<(33 + 32 * index)])) }
    let events = ChannelReserveABI.events + TIP20ABI.events
    if count > 0 { topics[0] = events[Int(first >> 3) % events.count].topic }
    let data = Array(bytes[(1 + 32 * count)...])
    let log = Log(address: TempoAddress.channelReserve, topics: topics, data: data)
    for movement in TokenMovement.list(of: [log, log]) {
      if let memo = movement.memo.flatMap({ AttributionMemo($0) }) {
        try require(memo.memo == movement.memo, "a memo has two forms")
      }
    }
    if let event = try? ChannelReserveEvent(log: log) {
      try require(try event.log() == log, "an event of the reserve has two encodings")
    }
    if let event = try? TIP20Event(log: log) {
      try require(try event.log(token: log.address) == log, "an event of a token has two encodings")
    }
  }
}
