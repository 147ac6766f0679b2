import EVM
import MPPCore
import Tempo

/// `tempo_simulateV1` and `eth_simulateV1`: calls in blocks that see each other's effects and are thrown away
/// (`03` §10.4).
extension DevnetCore {
  private static let maximumBlocks = 64
  private static let maximumCalls = 1_000

  mutating func simulateBlocks(_ parameters: RPCParameters, wall: Timestamp) throws(RPCFailure) -> JSONValue {
    guard let payload = parameters[0], let blocks = payload["blockStateCalls"]?.arrayValue else {
      throw .invalidParameters("invalid argument 0: expected blockStateCalls")
    }
    guard blocks.count <= Self.maximumBlocks else { throw .invalidParameters("too many blocks") }
    let number = try stateBlock(parameters[1], wall: wall)
    guard let parent = chain.block(number), let storage = chain.storage(after: number) else {
      throw .blockNotFound(Hex.quantity(number))
    }
    // A copy of the chain: nothing of this stays.
    var trial = self
    trial.chain.world.storage = storage
    var simulated: [JSONValue] = []
    var tokens: Set<Address> = []
    var previous = SimulatedBlock(
      number: parent.number, hash: parent.hash, milliseconds: parent.timestampMilliseconds)
    for json in blocks {
      let (block, object) = try trial.simulate(
        json, after: previous, validates: payload["validation"]?.boolValue ?? false,
        isFull: payload["returnFullTransactions"]?.boolValue ?? false, tokens: &tokens)
      simulated.append(object)
      previous = block
    }
    return ["blocks": .array(simulated), "tokenMetadata": metadata(of: tokens)]
  }

  private struct SimulatedBlock {
    let number: UInt64
    let hash: Hash32
    let milliseconds: UInt64
  }

  private mutating func simulate(
    _ json: JSONValue, after parent: SimulatedBlock, validates: Bool, isFull: Bool,
    tokens: inout Set<Address>
  ) throws(RPCFailure) -> (SimulatedBlock, JSONValue) {
    let overrides = try SimulationOverrides(state: json["stateOverrides"], block: json["blockOverrides"])
    let calls = json["calls"]?.arrayValue ?? []
    guard calls.count <= Self.maximumCalls else { throw .invalidParameters("too many calls") }
    let milliseconds = overrides.timestamp.map { $0 * 1_000 } ?? parent.milliseconds
    let number = parent.number + 1
    let hash = Block.hash(
      chainID: chain.parameters.chainID, number: number, parent: parent.hash,
      timestampMilliseconds: milliseconds, transactions: [])
    let block = Block(
      number: number, hash: hash, parentHash: parent.hash, timestampMilliseconds: milliseconds,
      transactions: [], gasUsed: 0, writes: [])
    var context = World.Context(
      blockNumber: number, timestamp: milliseconds / 1000, baseFee: chain.parameters.baseFee,
      contextHash: ChainState.simulationContext, parentHash: parent.hash)
    var results: [JSONValue] = []
    var gas: UInt64 = 0
    for (index, call) in calls.enumerated() {
      let request = try SimulationRequest(call)
      if validates { try validate(request, at: context.timestamp) }
      context.contextHash = ChainState.simulationContext
      results.append(
        try simulate(request, in: context, block: block, index: index, gas: &gas, tokens: &tokens))
    }
    var object = self.json.block(block, full: isFull)
    object = object.merging(["gasUsed": Quantity.hex(gas), "calls": .array(results)])
    return (SimulatedBlock(number: number, hash: hash, milliseconds: milliseconds), object)
  }

  private mutating func simulate(
    _ request: SimulationRequest, in context: World.Context, block: Block, index: Int, gas: inout UInt64,
    tokens: inout Set<Address>
  ) throws(RPCFailure) -> JSONValue {
    let result = try chain.trial(request, in: context)
    gas += result.gasUsed
    tokens.formUnion(
      (request.content.calls.compactMap(\.to) + chain.world.logs.map(\.address)).filter(\.hasTokenPrefix))
    if let token = request.content.feeToken { tokens.insert(token) }
    let logs = chain.world.logs.enumerated().map { position, log in
      ChainJSON.log(
        log, block: block, transaction: Keccak256.hash(block.hash.bytes + [UInt8(index & 0xff)]),
        index: index, logIndex: position)
    }
    var members: [(String, JSONValue)] = [
      ("status", result.revert == nil ? "0x1" : "0x0"), ("gasUsed", Quantity.hex(result.gasUsed)),
      ("returnData", .string(Quantity.data(result.returnData))), ("logs", .array(logs)),
    ]
    if let revert = result.revert { members.append(("error", RPCFailure.reverted(revert).json)) }
    return ChainJSON.object(members)
  }

  /// Steps 10 to 14 of admission, as far as a request without signature has them.
  private func validate(_ request: SimulationRequest, at time: UInt64) throws(RPCFailure) {
    if request.content.kind == .tempo { try chain.checkSimulatedWindow(request.content, validity: time) }
    if request.hasNonce, request.content.nonceKey != .max {
      let expected = chain.nonce(of: request.from, key: request.content.nonceKey)
      let actual = request.content.nonce
      guard actual >= expected else {
        throw .refused("nonce too low: next nonce \(expected), tx nonce \(actual)")
      }
      guard actual == expected else {
        throw .refused("nonce too high: next nonce \(expected), tx nonce \(actual)")
      }
    }
    guard request.content.maxFee == 0 || request.content.maxFee >= chain.parameters.baseFee else {
      throw .refused("max fee per gas less than block base fee")
    }
    if let token = request.content.feeToken { try chain.checkFeeToken(token) }
    try chain.checkCallFee(of: request)
  }

  private func metadata(of tokens: Set<Address>) -> JSONValue {
    ChainJSON.object(
      tokens.sorted().compactMap { token in
        chain.world.tokens[token].map { metadata in
          (
            token.hex,
            [
              "name": .string(metadata.name), "symbol": .string(metadata.symbol),
              "currency": .string(metadata.currency),
            ]
          )
        }
      })
  }
}
