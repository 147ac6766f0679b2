import EVM
import MPPCore

/// The table of methods (`03` §10.2, §11).
extension DevnetCore {
  mutating func execute(_ call: RPCCall, wall: Timestamp) -> Result<JSONValue, RPCFailure> {
    do throws(RPCFailure) {
      if call.path == DevnetSponsorPolicy.path, let value = try answerSponsor(call, wall: wall) {
        return .success(value)
      }
      if let value = try answerConstant(call) { return .success(value) }
      if let value = try answerBlockRead(call, wall: wall) { return .success(value) }
      if let value = try answerStateRead(call, wall: wall) { return .success(value) }
      if let value = try answerTransaction(call, wall: wall) { return .success(value) }
      if let value = try answerFilters(call, wall: wall) { return .success(value) }
      if let value = try answerControl(call, wall: wall) { return .success(value) }
      if let value = try answerDevnet(call, wall: wall) { return .success(value) }
      return .failure(.methodMissing(call.method))
    } catch {
      return .failure(error)
    }
  }

  private func answerConstant(_ call: RPCCall) throws(RPCFailure) -> JSONValue? {
    switch call.method {
    case "web3_clientVersion": "tempo-devnet/swift-mpp"
    case "net_version": .string(String(chain.parameters.chainID))
    case "eth_chainId": Quantity.hex(chain.parameters.chainID)
    case "net_listening": true
    case "eth_syncing": false
    case "eth_protocolVersion": "0x44"
    case "eth_accounts": []
    case "eth_gasPrice": Quantity.hex(chain.parameters.baseFee)
    case "eth_maxPriorityFeePerGas": "0x0"
    // No native coin: the placeholder every account has.
    case "eth_getBalance":
      "0x9612084f0316e0ebd5182f398e5195a51b5ca47667d4c9b26c9b26c9b26c9b2"
    case "eth_getStorageAt": Quantity.hash(.zero)
    case "tempo_forkSchedule": ForkSchedule.json
    default: nil
    }
  }

  // MARK: Blocks

  private mutating func answerBlockRead(_ call: RPCCall, wall: Timestamp) throws(RPCFailure) -> JSONValue? {
    let parameters = call.parameters
    switch call.method {
    case "eth_blockNumber":
      chain.heartbeat(at: time(wall: wall))
      return Quantity.hex(visibleLatest)
    case "eth_getBlockByNumber":
      guard let block = try namedBlock(parameters[0], wall: wall) else { return .null }
      return json.block(block, full: parameters[1]?.boolValue ?? false)
    case "eth_getBlockByHash":
      guard let block = chain.block(hash: try parameters.hash(0)) else { return .null }
      return json.block(block, full: parameters[1]?.boolValue ?? false)
    case "eth_getBlockTransactionCountByNumber":
      guard let block = try namedBlock(parameters[0], wall: wall) else { return .null }
      return Quantity.hex(UInt64(block.transactions.count))
    case "eth_getBlockTransactionCountByHash":
      guard let block = chain.block(hash: try parameters.hash(0)) else { return .null }
      return Quantity.hex(UInt64(block.transactions.count))
    case "eth_getBlockReceipts":
      guard let block = try namedBlock(parameters[0], wall: wall) else { return .null }
      return .array(block.transactions.compactMap { chain.transactions[$0].map(shown) })
    case "eth_feeHistory": return try feeHistory(parameters, wall: wall)
    case "eth_getLogs": return .array(try logs(parameters[0], wall: wall))
    default: return nil
    }
  }

  var json: ChainJSON { ChainJSON(chain: chain) }

  /// The newest block a reader sees; a lagging replica shows an older one.
  var visibleLatest: UInt64 { chain.latest.number >= staleness ? chain.latest.number - staleness : 0 }

  mutating func namedBlock(_ tag: JSONValue?, wall: Timestamp) throws(RPCFailure) -> Block? {
    if case .number(let number) = try blockReference(tag, wall: wall) { return chain.block(number) }
    return nil
  }

  enum BlockReference {
    case number(UInt64)
    /// Above the newest block, or a hash nobody knows.
    case unknown(String)
  }

  /// Resolves a tag, a number or an object with one of them (`03` §10.2).
  mutating func blockReference(_ tag: JSONValue?, wall: Timestamp) throws(RPCFailure) -> BlockReference {
    guard let tag, !tag.isNull else { return try blockReference("latest", wall: wall) }
    if tag.objectValue != nil {
      if let hash = tag["blockHash"] {
        let hash = try RPCParameters.hash(hash, "blockHash")
        return chain.block(hash: hash).map { .number($0.number) } ?? .unknown(hash.hex)
      }
      return try blockReference(tag["blockNumber"], wall: wall)
    }
    switch tag.nameValue {
    case "latest", "pending", "safe", "finalized":
      chain.heartbeat(at: time(wall: wall))
      return .number(visibleLatest)
    case "earliest": return .number(chain.oldestBlock)
    default:
      let number = try RPCParameters.quantity(tag, "block number")
      return number <= visibleLatest ? .number(number) : .unknown(Hex.quantity(number))
    }
  }

  /// The number of a block whose state is read.
  mutating func stateBlock(_ tag: JSONValue?, wall: Timestamp) throws(RPCFailure) -> UInt64 {
    switch try blockReference(tag, wall: wall) {
    case .number(let number): return number
    case .unknown(let text): throw .blockNotFound(text)
    }
  }

  private mutating func feeHistory(_ parameters: RPCParameters, wall: Timestamp) throws(RPCFailure)
    -> JSONValue
  {
    let count = try parameters.quantity(0)
    let newest = try stateBlock(parameters[1], wall: wall)
    let shown = min(count, 1_024, newest + 1)
    let percentiles = parameters[2]?.arrayValue?.count ?? 0
    let fee = Quantity.hex(chain.parameters.baseFee)
    return [
      "oldestBlock": Quantity.hex(newest + 1 - shown),
      "baseFeePerGas": .array(Array(repeating: fee, count: Int(shown) + 1)),
      "gasUsedRatio": .array(Array(repeating: 0, count: Int(shown))),
      "reward": .array(
        Array(repeating: .array(Array(repeating: "0x0", count: percentiles)), count: Int(shown))),
    ]
  }
}
