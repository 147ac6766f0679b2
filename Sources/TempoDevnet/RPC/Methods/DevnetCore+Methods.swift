import EVM
import MPPCore

/// The table of methods (`03` §10.2, §11).
extension DevnetCore {
  mutating func execute(_ call: RPCCall, wall: Timestamp) -> Result<JSONValue, RPCFailure> {
    do throws(RPCFailure) {
      if let value = try answerConstant(call) { return .success(value) }
      if let value = try answerBlockRead(call, wall: wall) { return .success(value) }
      if let value = try answerStateRead(call, wall: wall) { return .success(value) }
      if let value = try answerTransaction(call, wall: wall) { return .success(value) }
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
      return .array(block.transactions.compactMap { chain.transactions[$0].map(json.receipt) })
    case "eth_feeHistory": return try feeHistory(parameters, wall: wall)
    case "eth_getLogs": return .array(try logs(parameters[0], wall: wall))
    default: return nil
    }
  }

  var json: ChainJSON { ChainJSON(chain: chain) }

  /// The newest block a reader sees; a lagging replica shows an older one.
  var visibleLatest: UInt64 { chain.latest.number >= staleness ? chain.latest.number - staleness : 0 }

  private mutating func namedBlock(_ tag: JSONValue?, wall: Timestamp) throws(RPCFailure) -> Block? {
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

  // MARK: State

  private mutating func answerStateRead(_ call: RPCCall, wall: Timestamp) throws(RPCFailure) -> JSONValue? {
    let parameters = call.parameters
    switch call.method {
    case "eth_getTransactionCount":
      return Quantity.hex(try transactionCount(parameters, wall: wall))
    case "eth_getCode":
      _ = try stateBlock(parameters[1], wall: wall)
      return .string(Quantity.data(chain.world.code(at: try parameters.address(0))))
    case "eth_call":
      try refuseOverrides(parameters)
      let result = try simulate(parameters, wall: wall)
      return .string(Quantity.data(result.returnData))
    case "eth_estimateGas":
      return Quantity.hex(try simulate(parameters, wall: wall).gasUsed)
    default: return nil
    }
  }

  private mutating func transactionCount(_ parameters: RPCParameters, wall: Timestamp) throws(RPCFailure)
    -> UInt64
  {
    let account = try parameters.address(0)
    let number = try stateBlock(parameters[1], wall: wall)
    guard number == chain.latest.number else {
      guard let storage = chain.storage(after: number) else { throw .blockNotFound(Hex.quantity(number)) }
      return storage[.nonce(account)].uint64 ?? 0
    }
    let mined = chain.nonce(of: account, key: .zero)
    guard parameters[1]?.isText("pending") == true else { return mined }
    let waiting = chain.pool.count {
      $0.transaction.sender == account && $0.transaction.content.nonceKey.isZero
    }
    return mined + UInt64(waiting)
  }

  private func refuseOverrides(_ parameters: RPCParameters) throws(RPCFailure) {
    for index in [2, 3] {
      guard let overrides = parameters[index] else { continue }
      guard overrides.objectValue?.isEmpty == true else {
        throw .invalidParameters("state overrides are not supported")
      }
    }
  }

  private mutating func simulate(_ parameters: RPCParameters, wall: Timestamp) throws(RPCFailure)
    -> ChainState.CallResult
  {
    let request = try SimulationRequest(parameters[0])
    let number = try stateBlock(parameters[1], wall: wall)
    let result = try chain.simulate(request, after: number, at: time(wall: wall))
    if let revert = result.revert { throw .reverted(revert) }
    return result
  }

  // MARK: Transactions

  private mutating func answerTransaction(_ call: RPCCall, wall: Timestamp) throws(RPCFailure) -> JSONValue? {
    let parameters = call.parameters
    switch call.method {
    case "eth_sendRawTransaction":
      return Quantity.hash(try submit(try rawTransaction(parameters), by: call.method, wall: wall).hash)
    case "eth_sendRawTransactionSync":
      return try sendSync(call, wall: wall)
    case "eth_getTransactionReceipt":
      return receipt(try parameters.hash(0))
    case "eth_getTransactionByHash":
      return transaction(try parameters.hash(0))
    case "eth_getTransactionByBlockNumberAndIndex":
      return transaction(in: try namedBlock(parameters[0], wall: wall), at: try parameters.quantity(1))
    case "eth_getTransactionByBlockHashAndIndex":
      return transaction(in: chain.block(hash: try parameters.hash(0)), at: try parameters.quantity(1))
    case "eth_getRawTransactionByHash":
      let hash = try parameters.hash(0)
      return chain.transactions[hash].map { .string(Quantity.data($0.transaction.raw)) } ?? .null
    case "tempo_fundAddress":
      guard configuration.faucet else { return nil }
      return .array(try fund(try parameters.address(0), wall: wall).map(Quantity.hash))
    default: return nil
    }
  }

  private func rawTransaction(_ parameters: RPCParameters) throws(RPCFailure) -> [UInt8] {
    let raw = try parameters.bytes(0)
    guard !raw.isEmpty else { throw .undecodable }
    return raw
  }

  /// Answers the receipt (EIP-7966). What is not sealed at once will not be by waiting: nothing else moves
  /// this chain while a request runs.
  private mutating func sendSync(_ call: RPCCall, wall: Timestamp) throws(RPCFailure) -> JSONValue {
    let submission = try submit(try rawTransaction(call.parameters), by: call.method, wall: wall)
    guard submission.isVisible, let sealed = chain.transactions[submission.hash] else {
      throw RPCFailure(
        4, "The transaction was added to the mempool but wasn't processed in time",
        data: Quantity.hash(submission.hash))
    }
    return json.receipt(sealed)
  }

  private mutating func receipt(_ hash: Hash32) -> JSONValue {
    if let polls = hiddenReceipts[hash] {
      hiddenReceipts[hash] = polls > 1 ? polls - 1 : nil
      if polls > 0 { return .null }
    }
    guard let sealed = chain.transactions[hash], sealed.blockNumber <= visibleLatest else { return .null }
    return json.receipt(sealed)
  }

  private func transaction(_ hash: Hash32) -> JSONValue {
    if let sealed = chain.transactions[hash] { return json.transaction(sealed) }
    return chain.pool.first { $0.transaction.hash == hash }.map { json.pending($0.transaction) } ?? .null
  }

  private func transaction(in block: Block?, at index: UInt64) -> JSONValue {
    guard let block, index < UInt64(block.transactions.count) else { return .null }
    return transaction(block.transactions[Int(index)])
  }
}
