import EVM

/// Calls that leave no trace: `eth_call` and `eth_estimateGas` (`03` §10.4).
extension ChainState {
  /// What a channel opened in a simulation is named after: ASCII, 32 bytes.
  static let simulationContext: Hash32 = {
    do { return try Hash32(Array("TEMPO_RPC_SIMULATION_MPP_CONTEXT".utf8)) } catch { return .zero }
  }()

  /// Runs the calls on the state after a block. Without signature, nonce or fee; the validity window of an
  /// expiring nonce is checked.
  /// - Parameter isEstimate: bounds the gas as `eth_estimateGas` does.
  mutating func simulate(
    _ request: SimulationRequest, after number: UInt64, _ overrides: SimulationOverrides = .init(),
    isEstimate: Bool = false, at time: ChainTime
  ) throws(RPCFailure) -> CallResult {
    guard let block = block(number) else { throw .blockNotFound(Hex.quantity(number)) }
    let validity = overrides.timestamp ?? validity(at: time)
    if request.content.kind == .tempo { try checkSimulatedWindow(request.content, validity: validity) }
    // Keeping a copy of the present would make its first write copy everything, so only an old read does.
    var present: Storage?
    if number != latest.number {
      guard let old = storage(after: number) else { throw .blockNotFound(Hex.quantity(number)) }
      present = world.storage
      world.storage = old
    }
    let mark = world.mark
    defer {
      world.rollBack(to: (mark.storage, 0))
      if let present { world.storage = present }
    }
    var context = context(
      timestamp: overrides.timestamp ?? block.timestamp, hash: Self.simulationContext)
    context.blockNumber = number
    return isEstimate ? try estimate(request, in: context) : try trial(request, in: context)
  }

  /// Runs a request in a context. What it writes stays until the caller rolls back.
  mutating func trial(
    _ request: SimulationRequest, in context: World.Context
  ) throws(RPCFailure) -> CallResult {
    var context = context
    context.origin = request.from
    world.begin(context)
    try useAccessKey(of: request)
    return run(
      request.content.calls, from: request.from, intrinsic: intrinsic(of: request),
      gasLimit: request.gas ?? ChainParameters.transactionGasCap,
      creationNonce: nonce(of: request.from, key: .zero))
  }

  func intrinsic(of request: SimulationRequest) -> GasSchedule.Intrinsic {
    var content = request.content
    if !request.hasNonce { content.nonce = nonce(of: request.from, key: content.nonceKey) }
    var intrinsic = GasSchedule.intrinsic(content, model: parameters.gasModel)
    if parameters.gasModel == .schedule { intrinsic.gas += request.hintedGas }
    return intrinsic
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

  /// Whether whoever would pay holds the fee, as some nodes ask when a price is given.
  func checkCallFee(of request: SimulationRequest) throws(RPCFailure) {
    let price = request.content.maxFee
    guard price > 0 else { return }
    let gas = request.gas ?? ChainParameters.transactionGasCap
    let payer = sponsor(of: request) ?? request.feePayer ?? request.from
    let token = request.content.feeToken ?? Addresses.pathUSD
    let have = world.balance(token, of: payer)
    guard let want = Fee.units(gas: gas, price: price), want <= have else {
      throw .rejected("insufficient funds for gas * price + value: have \(have)")
    }
  }

  /// Who has signed as fee payer, when the request carries that signature.
  func sponsor(of request: SimulationRequest) -> Address? {
    guard let signature = request.sponsorSignature, let token = request.content.feeToken else { return nil }
    var content = request.content
    content.gasLimit = request.gas ?? 0
    let digest = UnsignedTransaction(content, chainID: parameters.chainID)
      .sponsorDigest(sender: request.from, feeToken: token)
    return SignatureRules.secp256k1Signer(of: digest, signature: signature)
  }

  func checkSimulatedWindow(_ content: DecodedTransaction, validity: UInt64) throws(RPCFailure) {
    if let chainID = content.chainID, chainID != parameters.chainID { throw .refused("invalid chain ID") }
    try checkWindow(content, at: validity, margin: 0)
    if let after = content.validAfter, after > validity {
      throw .refused("transaction not valid yet: current block timestamp \(validity) < validAfter \(after)")
    }
    if content.nonceKey == .max { try checkExpiringForm(content, at: validity) }
  }
}
