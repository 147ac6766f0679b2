import EVM

/// Calls that leave no trace: `eth_call` and `eth_estimateGas` (`03` §10.4).
extension ChainState {
  /// What a channel opened in a simulation is named after: ASCII, 32 bytes.
  static let simulationContext: Hash32 = {
    do { return try Hash32(Array("TEMPO_RPC_SIMULATION_MPP_CONTEXT".utf8)) } catch { return .zero }
  }()

  /// Runs the calls on the state after a block. Without signature, nonce or fee; the validity window of an
  /// expiring nonce is checked.
  mutating func simulate(
    _ request: SimulationRequest, after number: UInt64, at time: ChainTime
  ) throws(RPCFailure) -> CallResult {
    var content = request.content
    if content.kind == .tempo { try checkSimulatedWindow(content, validity: validity(at: time)) }
    guard let block = block(number) else { throw .blockNotFound(Hex.quantity(number)) }
    // Keeping a copy of the present would make its first write copy everything, so only an old read does.
    var present: Storage?
    if number != latest.number {
      guard let old = storage(after: number) else { throw .blockNotFound(Hex.quantity(number)) }
      present = world.storage
      world.storage = old
    }
    if !request.hasNonce { content.nonce = nonce(of: request.from, key: content.nonceKey) }
    var context = context(timestamp: block.timestamp, hash: Self.simulationContext)
    context.blockNumber = number
    context.origin = request.from
    world.begin(context)
    let mark = world.mark
    defer {
      world.rollBack(to: mark)
      if let present { world.storage = present }
    }
    try useAccessKey(of: request)
    return run(
      content.calls, from: request.from,
      intrinsic: GasSchedule.intrinsic(content, model: parameters.gasModel)
        + (parameters.gasModel == .schedule ? request.hintedGas : 0),
      gasLimit: request.gas ?? ChainParameters.transactionGasCap)
  }

  /// Adds the key that an authorization names, and lets the key that is going to sign run the calls: with its
  /// limits and scopes. Nobody has signed yet, so no signature is asked for.
  private mutating func useAccessKey(of request: SimulationRequest) throws(RPCFailure) {
    if let grant = request.content.keyGrant {
      do throws(Revert) {
        try world.addKey(grant.terms, to: request.from)
      } catch {
        throw .authorizationRefusal(error)
      }
    }
    guard let id = request.keyID else { return }
    do throws(Revert) {
      try world.checkKey(request.from, id, type: nil, at: world.context.timestamp)
    } catch {
      throw .keychainRefusal(error)
    }
    world.context.transactionKey = id
  }

  private func checkSimulatedWindow(_ content: DecodedTransaction, validity: UInt64) throws(RPCFailure) {
    if let chainID = content.chainID, chainID != parameters.chainID { throw .refused("invalid chain ID") }
    try checkWindow(content, at: validity, margin: 0)
    if content.nonceKey == .max { try checkExpiringForm(content, at: validity) }
  }
}
