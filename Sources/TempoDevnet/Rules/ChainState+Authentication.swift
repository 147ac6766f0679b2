import EVM
import MPPCore

/// What a raw transaction says and who signed it: the checks of `03` §6 that need no state, in their order.
extension ChainState {
  /// Steps 1, 2 and 4: bytes, structure, signatures. Needs no state.
  static func authenticate(_ raw: [UInt8], parameters: ChainParameters) throws(RPCFailure)
    -> ChainTransaction
  {
    let content = try TransactionDecoder.decode(raw)
    let sender = try senderSignature(of: content)
    try checkForm(content, parameters: parameters)
    return try transaction(content, sender)
  }

  /// A transaction that was accepted before.
  static func recover(_ content: DecodedTransaction) throws(RPCFailure) -> ChainTransaction {
    try transaction(content, try senderSignature(of: content))
  }

  private typealias Sender = (account: Address, key: ChainTransaction.AccessKey?)

  private static func senderSignature(of content: DecodedTransaction) throws(RPCFailure) -> Sender {
    let digest = Keccak256.hash(content.senderPreimage)
    // Ethereum's own types always carry 65 bytes, so no access key signs them.
    guard let sender = SignatureRules.sender(of: digest, signature: content.signature) else {
      throw .refused(
        content.signature.first == 3 && content.signature.count != 65
          ? "legacy V1 keychain signature is no longer accepted, use V2 (type 0x04)"
          : "invalid transaction signature")
    }
    return sender
  }

  private static func transaction(
    _ content: DecodedTransaction, _ sender: Sender
  ) throws(RPCFailure) -> ChainTransaction {
    ChainTransaction(
      content: content, sender: sender.account,
      feePayer: try feePayer(of: content, sender: sender.account),
      contextHash: Keccak256.hash(content.senderPreimage + sender.account.bytes), accessKey: sender.key)
  }

  /// Steps 5 to 8: what the transaction says, without state.
  private static func checkForm(_ content: DecodedTransaction, parameters: ChainParameters) throws(RPCFailure)
  {
    guard content.chainID == parameters.chainID else { throw .refused("invalid chain ID") }
    try checkLimits(content)
    for call in content.calls where !call.value.isZero {
      throw .refused(
        content.kind == .tempo
          ? "value transfer in Tempo Transaction not allowed" : "value transfer not allowed")
    }
    try checkGas(content, parameters: parameters)
  }

  /// Limits of gas and fees, in the words of the pool; calls are answered in those of RPC.
  private static func checkGas(_ content: DecodedTransaction, parameters: ChainParameters) throws(RPCFailure)
  {
    let limit = content.gasLimit
    guard limit <= ChainParameters.transactionGasCap else {
      throw .refused(
        "transaction gas limit (\(limit)) is greater than the cap (\(ChainParameters.transactionGasCap))")
    }
    guard content.maxPriorityFee <= content.maxFee else {
      throw .refused("priority fee is greater than max fee")
    }
    guard content.maxFee >= parameters.baseFee else { throw .belowBaseFee }
    let intrinsic = GasSchedule.intrinsic(content, model: parameters.gasModel)
    guard limit >= intrinsic.gas else {
      throw .refused("call gas cost (\(intrinsic.gas)) exceeds the gas limit (\(limit))")
    }
    guard limit >= intrinsic.floor else {
      throw .refused("gas floor (\(intrinsic.floor)) exceeds the gas limit (\(limit))")
    }
  }

  private static func check(_ count: Int, _ limit: Int, _ what: String) throws(RPCFailure) {
    guard count <= limit else {
      throw .refused("Too many \(what): \(count) exceeds maximum allowed \(limit)")
    }
  }

  private static func checkLimits(_ content: DecodedTransaction) throws(RPCFailure) {
    try check(content.calls.count, 32, "calls in AA transaction")
    for (index, call) in content.calls.enumerated() where call.data.count > 131_072 {
      throw .refused(
        "Call input size \(call.data.count) exceeds maximum allowed 131072 bytes (call index: \(index))")
    }
    try check(content.accessList.count, 256, "access list accounts")
    for (index, keys) in content.accessList.enumerated() {
      try check(keys, 256, "storage keys in access list entry \(index)")
    }
    try check(content.accessList.reduce(0, +), 2_048, "total storage keys in access list")
    try check(content.delegations, 16, "authorizations in AA transaction")
    // The first byte marks subblock transactions, which only validators send.
    guard content.nonceKey.limbs[0] >> 56 != 0x5b else {
      throw .refused("Tempo Transaction with subblock nonce key prefix aren't supported in the pool")
    }
    guard content.delegations == 0 else { throw .refused("delegations are not supported by this chain") }
    if let terms = content.keyGrant?.terms { try checkLimits(terms) }
  }

  /// Step 9.
  private static func feePayer(of content: DecodedTransaction, sender: Address) throws(RPCFailure) -> Address
  {
    guard let signature = content.sponsorSignature else { return sender }
    var items = content.sponsorItems
    items[11] = .address(sender)
    let digest = Keccak256.hash([0x78] + RLP.encode(.list(items)))
    guard let payer = SignatureRules.secp256k1Signer(of: digest, signature: signature) else {
      throw .refused("fee payer signature recovery failed")
    }
    guard payer != sender else { throw .refused("fee payer cannot resolve to sender") }
    return payer
  }

  private static func checkLimits(_ terms: KeyTerms) throws(RPCFailure) {
    try check(terms.limits?.count ?? 0, 256, "token limits in key authorization")
    func checkScope(_ count: Int, _ what: String) throws(RPCFailure) {
      guard count <= 64 else {
        throw .refused(
          "Keychain signature validation failed: too many \(what), please see "
            + "https://docs.tempo.xyz/errors/tx/Keychain for more")
      }
    }
    let targets = terms.scopes?.targets ?? []
    try checkScope(targets.count, "call scopes in key authorization")
    for target in targets {
      try checkScope(target.rules.count, "selector rules in call scope")
      for rule in target.rules { try checkScope(rule.recipients.count, "recipients in selector rule") }
    }
  }
}
