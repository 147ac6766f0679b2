import EVM
import MPPCore

/// The hosted fee payer (`03` §10.6, `02` §6): it signs for others and pays in its own token.
extension DevnetCore {
  /// `nil` for what the main path answers.
  mutating func answerSponsor(_ call: RPCCall, wall: Timestamp) throws(RPCFailure) -> JSONValue? {
    guard configuration.sponsorEndpoint else { return nil }
    switch call.method {
    case "eth_fillTransaction":
      guard call.parameters[0]?["feePayer"]?.boolValue == true else { return nil }
      try checkWilling()
      return try fillSponsored(call.parameters, wall: wall)
    case "eth_signRawTransaction":
      try checkWilling()
      return .string(Quantity.data(try cosign(try rawTransaction(call))))
    case "eth_sendRawTransaction", "eth_sendRawTransactionSync":
      let raw = try rawTransaction(call)
      guard HandOff.isOne(raw) else { return nil }
      try checkWilling()
      let signed = try cosign(raw)
      let forwarded = call.with(first: .string(Quantity.data(signed)))
      return try answerTransaction(forwarded, wall: wall)
    default: return nil
    }
  }

  private func checkWilling() throws(RPCFailure) {
    if let refusal = sponsorPolicy.refusal { throw .rejected(refusal) }
  }

  private func sign(_ digest: Hash32) throws(RPCFailure) -> RecoverableSignature {
    guard sponsorPolicy.signsWithWrongKey else { return sponsor.privateKey.sign(digest) }
    do {
      return try Secp256k1PrivateKey([UInt8](repeating: 0x99, count: 32)).sign(digest)
    } catch {
      throw .rejected("no key to sign with")
    }
  }

  // MARK: eth_fillTransaction

  private mutating func fillSponsored(
    _ parameters: RPCParameters, wall: Timestamp
  ) throws(RPCFailure) -> JSONValue {
    var filled = try filled(parameters, wall: wall)
    filled.request.content.feeToken = nil
    let unsigned = UnsignedTransaction(filled.request.content, chainID: chain.parameters.chainID)
    let token = sponsorPolicy.feeToken
    let signature = try sign(unsigned.sponsorDigest(sender: filled.request.from, feeToken: token))
    var members = filled.members
    let named = sponsorPolicy.claimedFeeToken ?? token
    if !sponsorPolicy.omittedMembers.contains("feePayerSignature") {
      members.append(("feePayerSignature", ChainJSON.object(ChainJSON.signature(signature.bytes65))))
    }
    if !sponsorPolicy.omittedMembers.contains("feeToken") {
      members.append(("feeToken", Quantity.json(named)))
    }
    return ["tx": ChainJSON.object(members), "raw": .string(Quantity.data(unsigned.unsigned))]
  }

  /// On the main path: what the caller left out, and the bytes that are to be signed.
  mutating func fillTransaction(_ parameters: RPCParameters, wall: Timestamp) throws(RPCFailure) -> JSONValue
  {
    let filled = try filled(parameters, wall: wall)
    let unsigned = UnsignedTransaction(filled.request.content, chainID: chain.parameters.chainID)
    var members = filled.members
    members.append(("feeToken", Quantity.json(filled.request.content.feeToken)))
    return ["raw": .string(Quantity.data(unsigned.unsigned)), "tx": ChainJSON.object(members)]
  }

  private struct Filled {
    var request: SimulationRequest
    let members: [(String, JSONValue)]
  }

  /// Nonce, gas and fees where the request has none.
  private mutating func filled(
    _ parameters: RPCParameters, wall: Timestamp
  ) throws(RPCFailure) -> Filled {
    var request = try SimulationRequest(parameters[0])
    if !request.hasNonce {
      let waiting = chain.pool.count { $0.transaction.sender == request.from }
      request.content.nonce =
        chain.nonce(of: request.from, key: request.content.nonceKey)
        + (request.content.nonceKey.isZero ? UInt64(waiting) : 0)
    }
    if request.content.maxFee == 0 { request.content.maxFee = 2 * chain.parameters.baseFee }
    if let gas = request.gas {
      request.content.gasLimit = gas
    } else {
      let number = chain.latest.number
      let result = try chain.simulate(request, after: number, at: time(wall: wall))
      if let revert = result.revert { throw .reverted(revert) }
      request.content.gasLimit = result.gasUsed
    }
    let content = request.content
    let calls = content.calls.map { call in
      ChainJSON.object([
        ("to", Quantity.json(call.to)), ("value", .string(call.value.hexQuantity)),
        ("input", .string(Quantity.data(call.data))),
      ])
    }
    return Filled(
      request: request,
      members: [
        ("type", "0x76"), ("from", Quantity.json(request.from)),
        ("chainId", Quantity.hex(chain.parameters.chainID)), ("nonce", Quantity.hex(content.nonce)),
        ("nonceKey", .string(content.nonceKey.hexQuantity)), ("gas", Quantity.hex(content.gasLimit)),
        ("maxFeePerGas", Quantity.hex(content.maxFee)),
        ("maxPriorityFeePerGas", Quantity.hex(content.maxPriorityFee)), ("calls", .array(calls)),
        ("validBefore", content.validBefore.map { Quantity.hex($0) } ?? .null),
        ("validAfter", content.validAfter.map { Quantity.hex($0) } ?? .null),
        ("accessList", []), ("aaAuthorizationList", []),
        ("keyAuthorization", content.keyGrant?.json ?? .null),
      ])
  }

  // MARK: Hand-offs

  /// The final bytes of a hand-off, after its sender has been recovered.
  private func cosign(_ raw: [UInt8]) throws(RPCFailure) -> [UInt8] {
    let handOff = try HandOff(raw)
    let digest = Keccak256.hash(handOff.unsigned.sponsoredPreimage)
    guard let sender = SignatureRules.sender(of: digest, signature: handOff.envelope)?.account else {
      throw .refused("invalid transaction signature")
    }
    if let claimed = handOff.claimedSender, claimed != sender {
      throw .refused("the sender in the fee payer slot has not signed")
    }
    let token = sponsorPolicy.feeToken
    let signature = try sign(handOff.unsigned.sponsorDigest(sender: sender, feeToken: token))
    return handOff.unsigned.signed(
      sender: handOff.envelope, sponsor: signature, feeToken: sponsorPolicy.claimedFeeToken ?? token)
  }
}

extension RPCCall {
  /// The same call with another first parameter.
  fileprivate func with(first: JSONValue) -> RPCCall {
    var copy = self
    copy.parameters = RPCParameters(values: [first] + parameters.values.dropFirst())
    return copy
  }
}
