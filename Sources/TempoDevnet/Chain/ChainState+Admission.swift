import EVM
import MPPCore

/// Whether a raw transaction may enter: the checks of `03` §6, in their order.
extension ChainState {
  /// Steps 1, 2 and 4: bytes, structure, signatures. Needs no state.
  static func authenticate(_ raw: [UInt8], parameters: ChainParameters) throws(RPCFailure)
    -> ChainTransaction
  {
    let content = try TransactionDecoder.decode(raw)
    let digest = Keccak256.hash(content.senderPreimage)
    // Ethereum's own types always carry 65 bytes.
    guard let sender = SignatureRules.signer(of: digest, signature: content.signature) else {
      throw .refused(
        content.signature.first == 3 && content.signature.count != 65
          ? "legacy V1 keychain signature is no longer accepted, use V2 (type 0x04)"
          : "invalid transaction signature")
    }
    try checkForm(content, parameters: parameters)
    return ChainTransaction(
      content: content, sender: sender, feePayer: try feePayer(of: content, sender: sender),
      contextHash: Keccak256.hash(content.senderPreimage + sender.bytes))
  }

  /// Steps 5 to 8: what the transaction says, without state.
  private static func checkForm(_ content: DecodedTransaction, parameters: ChainParameters) throws(RPCFailure)
  {
    guard content.chainID == parameters.chainID else { throw .refused("invalid chain ID") }
    try checkLimits(content)
    for call in content.calls where !call.value.isZero {
      throw .rejected(
        content.kind == .tempo
          ? "value transfer in Tempo Transaction not allowed" : "value transfer not allowed")
    }
    guard content.maxFee >= parameters.baseFee else {
      throw .refused("max fee per gas less than block base fee")
    }
    guard content.maxPriorityFee <= content.maxFee else {
      throw .refused("max priority fee per gas higher than max fee per gas")
    }
    guard content.gasLimit <= ChainParameters.transactionGasCap else {
      throw .refused("exceeds transaction gas limit cap")
    }
    guard content.gasLimit >= GasSchedule.intrinsic(content, model: parameters.gasModel) else {
      throw .refused("intrinsic gas too low")
    }
  }

  private static func checkLimits(_ content: DecodedTransaction) throws(RPCFailure) {
    guard content.calls.count <= 32 else {
      throw .refused("Too many calls in AA transaction: \(content.calls.count) exceeds maximum allowed 32")
    }
    for call in content.calls where call.data.count > 131_072 {
      throw .refused("Call data too large: \(call.data.count) exceeds maximum allowed 131072")
    }
    guard content.accessList.count <= 256, content.accessList.allSatisfy({ $0 <= 256 }),
      content.accessList.reduce(0, +) <= 2_048
    else { throw .refused("Access list too large") }
    guard content.delegations <= 16 else { throw .refused("Too many authorizations in AA transaction") }
    // The first byte marks subblock transactions, which only validators send.
    guard content.nonceKey.limbs[0] >> 56 != 0x5b else {
      throw .refused("Tempo Transaction with subblock nonce key prefix aren't supported in the pool")
    }
    guard !content.hasKeyAuthorization, content.delegations == 0 else {
      throw .refused("access keys and delegations are not supported by this chain")
    }
  }

  /// Step 9.
  private static func feePayer(of content: DecodedTransaction, sender: Address) throws(RPCFailure) -> Address
  {
    guard let signature = content.sponsorSignature else { return sender }
    var items = content.sponsorItems
    items[11] = .address(sender)
    let digest = Keccak256.hash([0x78] + RLP.encode(.list(items)))
    guard let payer = SignatureRules.secp256k1Signer(of: digest, signature: signature) else {
      throw .rejected("fee payer signature recovery failed")
    }
    guard payer != sender else { throw .rejected("fee payer cannot resolve to sender") }
    return payer
  }

  /// Steps 3 and 10 to 14, against the present state.
  func admit(_ transaction: ChainTransaction, at time: ChainTime) throws(RPCFailure) {
    guard !pool.contains(where: { $0.transaction.hash == transaction.hash }) else {
      throw .refused("already known")
    }
    guard pool.count < ChainParameters.maximumPending else { throw .refused("txpool is full") }
    let validity = validity(at: time)
    switch readiness(of: transaction, validity: validity, margin: parameters.poolMargin) {
    case .ready: return
    case .refused(let failure): throw failure
    case .early(let failure):
      guard parameters.sealing != .instant else { throw failure }
    }
  }

  enum Readiness {
    case ready
    /// May become admissible by waiting: a nonce gap, a `validAfter` ahead.
    case early(RPCFailure)
    case refused(RPCFailure)
  }

  /// Steps 10 to 14. `validity` is the time in seconds by which windows are judged, `margin` what must be left
  /// of them.
  func readiness(of transaction: ChainTransaction, validity: UInt64, margin: UInt64) -> Readiness {
    do throws(RPCFailure) {
      try checkWindow(transaction.content, at: validity, margin: margin)
      if let after = transaction.content.validAfter, after > validity {
        return .early(
          .refused("transaction not valid yet: current block timestamp \(validity) < validAfter \(after)"))
      }
      if let gap = try checkNonce(transaction, at: validity) { return .early(gap) }
      let token = try feeToken(of: transaction)
      try checkFeeBalance(of: transaction, token: token)
      return .ready
    } catch {
      return .refused(error)
    }
  }

  /// Step 10.
  func checkWindow(_ content: DecodedTransaction, at time: UInt64, margin: UInt64) throws(RPCFailure) {
    if let before = content.validBefore {
      guard time < before else {
        throw .refused("transaction expired: current block timestamp \(time) >= validBefore \(before)")
      }
      let allowed = time + margin
      guard before > allowed else {
        throw .refused("'valid_before' \(before) is too close to current time (min allowed: \(allowed))")
      }
    }
    if let after = content.validAfter, after > time + 120 {
      throw .refused("'valid_after' \(after) is too far in the future (max allowed: \(time + 120))")
    }
  }

  /// Step 11. Returns the complaint about a gap, which waiting may close.
  private func checkNonce(_ transaction: ChainTransaction, at time: UInt64) throws(RPCFailure) -> RPCFailure?
  {
    if transaction.usesExpiringNonce {
      try checkExpiringNonce(transaction, at: time)
      return nil
    }
    let expected = nonce(of: transaction.sender, key: transaction.content.nonceKey)
    let actual = transaction.content.nonce
    guard actual >= expected else {
      throw .refused("nonce too low: next nonce \(expected), tx nonce \(actual)")
    }
    guard actual == expected else {
      return .refused("nonce too high: next nonce \(expected), tx nonce \(actual)")
    }
    return nil
  }

  func nonce(of account: Address, key: UInt256) -> UInt64 {
    world.storage[key.isZero ? .nonce(account) : .keyedNonce(account, key: key)].uint64 ?? 0
  }

  private func checkExpiringNonce(_ transaction: ChainTransaction, at time: UInt64) throws(RPCFailure) {
    try checkExpiringForm(transaction.content, at: time)
    guard world.storage[.expiring(transaction.contextHash)].isZero else {
      throw .refused(
        "nonce manager error: Tempo Transaction nonce error: ExpiringNonceReplay(ExpiringNonceReplay)")
    }
    guard expiring.count < ChainParameters.maximumExpiringNonces else {
      throw .refused(
        "nonce manager error: Tempo Transaction nonce error: ExpiringNonceSetFull(ExpiringNonceSetFull)")
    }
  }

  /// The part of the rule that needs no state; simulations check it too.
  func checkExpiringForm(_ content: DecodedTransaction, at time: UInt64) throws(RPCFailure) {
    guard content.nonce == 0 else { throw .refused("expiring nonce transaction must have nonce == 0") }
    guard let before = content.validBefore else {
      throw .refused("expiring nonce transaction requires valid_before to be set")
    }
    let allowed = time + parameters.expiryWindow
    guard before <= allowed else {
      throw .refused(
        "nonce manager error: expiring nonce valid_before (\(before)) too far in the future: must be within "
          + "\(parameters.expiryWindow)s of block timestamp (\(time)), max allowed is \(allowed)")
    }
  }

  /// Step 12: which token pays (`02` §7.2), and whether it may.
  func feeToken(of transaction: ChainTransaction) throws(RPCFailure) -> Address {
    let token = resolveFeeToken(of: transaction)
    let name = JSONValue.string(Quantity.address(token))
    guard token.hasTokenPrefix, let metadata = world.tokens[token] else {
      throw .rejected(
        "fee token \(Quantity.address(token)) is not a TIP-20 token",
        data: ["name": "FeeTokenNotTip20Error", "token": name])
    }
    guard metadata.currency == "USD" else {
      throw .rejected(
        "fee token \(Quantity.address(token)) is not a USD token",
        data: ["name": "FeeTokenNotUsdError", "token": name, "currency": .string(metadata.currency)])
    }
    guard !world.isPaused(token) else {
      throw .rejected(
        "fee token \(Quantity.address(token)) is paused and cannot be used for fees",
        data: ["name": "FeeTokenPausedError", "token": name])
    }
    return token
  }

  private func resolveFeeToken(of transaction: ChainTransaction) -> Address {
    if let token = transaction.content.feeToken { return token }
    if transaction.kind != .tempo, let chosen = transaction.chosenUserToken { return chosen }
    let preference = world.storage[.userToken(transaction.feePayer)]
    if !preference.isZero { return Address(truncating: preference.word) }
    if !transaction.isSponsored, let token = transaction.onlyTransferredToken { return token }
    return Addresses.pathUSD
  }

  /// Step 14.
  private func checkFeeBalance(of transaction: ChainTransaction, token: Address) throws(RPCFailure) {
    let have = world.balance(token, of: transaction.feePayer)
    let want = Fee.units(gas: transaction.content.gasLimit, price: transaction.content.maxFee)
    guard let want, want <= have else {
      let text = want.map(String.init) ?? "more than 2^128"
      throw .rejected("insufficient funds for gas * price + value: have \(have) want \(text)")
    }
  }
}

extension ChainTransaction {
  /// The argument of a lone `setUserToken` call.
  fileprivate var chosenUserToken: Address? {
    guard calls.count == 1, calls[0].to == Addresses.feeManager, let input = Calldata(calls[0].data),
      input.selector == 0xe789_7444
    else { return nil }
    do { return try input.address(0) } catch { return nil }
  }

  /// The token, when every call is a transfer on the same one.
  fileprivate var onlyTransferredToken: Address? {
    guard let token = calls.first?.to, token.hasTokenPrefix else { return nil }
    let transfers: Set<UInt32> = [0xa905_9cbb, 0x9577_7d59]
    let matches = calls.allSatisfy { call in
      call.to == token && Calldata(call.data).map { transfers.contains($0.selector) } == true
    }
    return matches ? token : nil
  }
}
