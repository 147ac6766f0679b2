import EVM

/// `eth_estimateGas`: a request that names a price is bounded by what its payer can pay for, as nodes do it.
extension ChainState {
  /// Runs a request with the most gas it may take.
  mutating func estimate(
    _ request: SimulationRequest, in context: World.Context
  ) throws(RPCFailure) -> CallResult {
    var request = request
    let limit = try estimateLimit(of: request)
    request.gas = limit
    let needed = intrinsic(of: request).required
    guard needed <= limit else { throw .refused("gas required exceeds allowance (\(limit))") }
    let result = try trial(request, in: context)
    if result.revert == .outOfGas { throw .rejected("out of gas: gas required exceeds: \(limit)") }
    return result
  }

  /// What the request asks for, the cap, and with a price what the payer's fee token pays for. The payer is the sender, unless somebody
  /// has signed as fee payer: a promise that somebody will is not looked at.
  private func estimateLimit(of request: SimulationRequest) throws(RPCFailure) -> UInt64 {
    let limit = min(request.gas ?? .max, ChainParameters.transactionGasCap)
    let price = request.content.maxFee
    guard price > 0 else { return limit }
    let payer = sponsor(of: request)
    var content = request.content
    if payer != nil { content.sponsorSignature = request.sponsorSignature }
    let transaction = ChainTransaction(
      content: content, sender: request.from, feePayer: payer ?? request.from,
      contextHash: Self.simulationContext, accessKey: nil)
    let token = try feeToken(of: transaction)
    let (worth, overflow) = world.balance(token, of: transaction.feePayer)
      .multipliedReportingOverflow(by: Fee.attodollarsPerUnit)
    return overflow ? limit : min(limit, UInt64(clamping: worth / price))
  }
}
