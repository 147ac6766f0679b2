import EVM
import MPPCore

/// Time, blocks and snapshots (`03` §4, §11).
extension DevnetCore {
  static let maximumMinedBlocks: UInt64 = 10_000

  mutating func answerControl(_ call: RPCCall, wall: Timestamp) throws(RPCFailure) -> JSONValue? {
    let parameters = call.parameters
    switch call.method {
    case "evm_increaseTime", "anvil_increaseTime":
      let seconds = Int64(clamping: try parameters.quantity(0))
      clock.advance(milliseconds: seconds.multipliedClamped(by: 1000))
      return .integer(clock.offset / 1000)
    case "evm_setNextBlockTimestamp", "anvil_setNextBlockTimestamp":
      let milliseconds = try Self.milliseconds(try parameters.quantity(0))
      guard milliseconds / 1000 >= chain.latest.timestamp else {
        throw .invalidParameters("timestamp is older than the latest block")
      }
      chain.nextTimestamp = max(milliseconds, chain.latest.timestampMilliseconds)
      return .null
    case "evm_setTime", "anvil_setTime":
      let milliseconds = try Self.milliseconds(try parameters.quantity(0))
      clock.set(Timestamp(milliseconds: Int64(clamping: milliseconds)), wall: wall)
      return .null
    case "evm_mine", "anvil_mine", "hardhat_mine":
      try mine(parameters[0], wall: wall)
      return "0x0"
    case "evm_snapshot", "anvil_snapshot":
      return Quantity.hex(try takeSnapshot())
    case "evm_revert", "anvil_revert":
      return .bool(revert(to: try parameters.quantity(0)))
    case "evm_setAutomine":
      chain.parameters.sealing = parameters[0]?.boolValue == false ? .manual : .instant
      if chain.parameters.sealing == .instant, !chain.pool.isEmpty { seal(wall: wall) }
      return true
    case "evm_setIntervalMining", "anvil_setIntervalMining":
      let interval = Int(clamping: try parameters.quantity(0))
      chain.parameters.sealing = interval == 0 ? .manual : .interval(milliseconds: interval)
      return true
    case "anvil_dropTransaction":
      let hash = try parameters.hash(0)
      let waiting = chain.pool.count
      chain.pool.removeAll { $0.transaction.hash == hash }
      return chain.pool.count < waiting ? Quantity.hash(hash) : .null
    case "anvil_nodeInfo": return nodeInfo
    default: return nil
    }
  }

  private var nodeInfo: JSONValue {
    [
      "currentBlockNumber": Quantity.hex(chain.latest.number),
      "currentBlockTimestamp": Quantity.hex(chain.latest.timestamp),
      "currentBlockHash": Quantity.hash(chain.latest.hash), "hardFork": "T10",
      "environment": [
        "baseFee": Quantity.hex(chain.parameters.baseFee), "chainId": Quantity.hex(chain.parameters.chainID),
        "gasLimit": Quantity.hex(ChainParameters.blockGasLimit),
      ],
    ]
  }

  private static func milliseconds(_ seconds: UInt64) throws(RPCFailure) -> UInt64 {
    // The year 10000 is far enough.
    guard seconds < 253_402_300_800 else { throw .invalidParameters("timestamp out of range") }
    return seconds * 1000
  }

  /// A number of blocks, a timestamp beyond the latest block, or an object with both.
  private mutating func mine(_ argument: JSONValue?, wall: Timestamp) throws(RPCFailure) {
    var blocks: UInt64 = 1
    var timestamp: UInt64?
    if let argument, argument.objectValue != nil {
      if let value = argument["blocks"] { blocks = try RPCParameters.quantity(value, "blocks") }
      if let value = argument["timestamp"] { timestamp = try RPCParameters.quantity(value, "timestamp") }
    } else if let argument {
      let number = try RPCParameters.quantity(argument, "argument 0")
      if number > chain.latest.timestamp { timestamp = number } else { blocks = number }
    }
    guard blocks <= Self.maximumMinedBlocks else { throw .invalidParameters("too many blocks") }
    if let timestamp {
      guard timestamp >= chain.latest.timestamp else {
        throw .invalidParameters("timestamp is older than the latest block")
      }
      chain.nextTimestamp = max(try Self.milliseconds(timestamp), chain.latest.timestampMilliseconds)
    }
    for _ in 0..<blocks { seal(wall: wall) }
  }

  mutating func takeSnapshot() throws(RPCFailure) -> UInt64 {
    guard snapshots.count < Self.maximumSnapshots else { throw .refused("too many snapshots") }
    let id = nextSnapshot
    nextSnapshot += 1
    snapshots[id] = Snapshot(chain: chain, clock: clock, hiddenReceipts: hiddenReceipts)
    return id
  }

  /// Restores a snapshot and forgets it and later ones. Faults stay as they are.
  mutating func revert(to id: UInt64) -> Bool {
    guard let snapshot = snapshots[id] else { return false }
    chain = snapshot.chain
    clock = snapshot.clock
    hiddenReceipts = snapshot.hiddenReceipts
    snapshots = snapshots.filter { $0.key < id }
    return true
  }
}
