import EVM
import MPPCore

/// Reads of the state and calls that leave no trace (`03` §10.4).
extension DevnetCore {
  mutating func answerStateRead(_ call: RPCCall, wall: Timestamp) throws(RPCFailure) -> JSONValue? {
    let parameters = call.parameters
    switch call.method {
    case "eth_getTransactionCount":
      return Quantity.hex(try transactionCount(parameters, wall: wall))
    case "eth_getCode": return .string(Quantity.data(try code(parameters, wall: wall)))
    case "eth_call":
      return .string(Quantity.data(try simulate(parameters, wall: wall).returnData))
    case "eth_estimateGas":
      return Quantity.hex(try simulate(parameters, isEstimate: true, wall: wall).gasUsed)
    case "tempo_simulateV1": return try simulateBlocks(parameters, wall: wall)
    case "eth_simulateV1": return try simulateBlocks(parameters, wall: wall)["blocks"]
    default: return nil
    }
  }

  private mutating func code(_ parameters: RPCParameters, wall: Timestamp) throws(RPCFailure) -> [UInt8] {
    let address = try parameters.address(0)
    let number = try stateBlock(parameters[1], wall: wall)
    guard number != chain.latest.number else { return chain.world.code(at: address) }
    guard let old = chain.storage(after: number) else { throw .blockNotFound(Hex.quantity(number)) }
    var world = chain.world
    world.storage = old
    return world.code(at: address)
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

  private mutating func simulate(
    _ parameters: RPCParameters, isEstimate: Bool = false, wall: Timestamp
  ) throws(RPCFailure) -> ChainState.CallResult {
    let overrides = try SimulationOverrides(parameters, wall: wall)
    if let answer = try deployless(parameters, overrides, wall: wall) { return answer }
    let request = try SimulationRequest(parameters[0])
    let number = try stateBlock(parameters[1], wall: wall)
    if configuration.callFees == .node, !isEstimate { try chain.checkCallFee(of: request) }
    let result = try chain.simulate(
      request, after: number, overrides, isEstimate: isEstimate, at: time(wall: wall))
    if let revert = result.revert { throw .reverted(revert) }
    return result
  }
}
