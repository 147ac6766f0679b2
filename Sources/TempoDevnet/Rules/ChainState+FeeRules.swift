import EVM
import MPPCore

/// Which token pays the fee, and whether the payer has it (`02` §7).
extension ChainState {
  /// Step 12: which token pays (`02` §7.2), and whether it may.
  func feeToken(of transaction: ChainTransaction) throws(RPCFailure) -> Address {
    let token = resolveFeeToken(of: transaction)
    try checkFeeToken(token)
    return token
  }

  func checkFeeToken(_ token: Address) throws(RPCFailure) {
    let name = JSONValue.string(Quantity.address(token))
    guard token.hasTokenPrefix, let metadata = world.tokens[token] else {
      throw .rejected(
        "fee token \(Quantity.address(token)) is not a TIP-20 token; fee tokens must be TIP-20 tokens",
        data: ["name": "FeeTokenNotTip20Error", "token": name])
    }
    guard metadata.currency == "USD" else {
      throw .rejected(
        "fee token \(Quantity.address(token)) uses currency \"\(metadata.currency)\"; fee tokens must be "
          + "USD-denominated TIP-20 tokens",
        data: ["name": "FeeTokenNotUsdError", "token": name, "currency": .string(metadata.currency)])
    }
    guard !world.isPaused(token) else {
      throw .rejected(
        "fee token \(Quantity.address(token)) is paused and cannot be used for fees",
        data: ["name": "FeeTokenPausedError", "token": name])
    }
  }

  private func resolveFeeToken(of transaction: ChainTransaction) -> Address {
    if let token = transaction.content.feeToken { return token }
    if transaction.kind != .tempo, let chosen = transaction.chosenUserToken { return chosen }
    let preference = world.storage[.userToken(transaction.feePayer)]
    if !preference.isZero { return Address(truncating: preference.word) }
    // What the calls move, if it can pay at all.
    if !transaction.isSponsored, let token = transaction.onlyTransferredToken, isDollar(token) {
      return token
    }
    if let token = transaction.swappedToken, isDollar(token) { return token }
    return Addresses.pathUSD
  }

  private func isDollar(_ token: Address) -> Bool { world.tokens[token]?.currency == "USD" }

  /// Step 14.
  func checkFeeBalance(of transaction: ChainTransaction, token: Address) throws(RPCFailure) {
    let have = world.balance(token, of: transaction.feePayer)
    let want = Fee.units(gas: transaction.content.gasLimit, price: transaction.content.maxFee)
    guard let want, want <= have else {
      let text = want.map(String.init) ?? "more than 2^128"
      throw .rejected("insufficient funds for gas * price + value: have \(have) want \(text)")
    }
  }

  /// Whom the token's policy forbids to send pays no fee in it; whether the fee manager may receive is not asked (TIP-1042).
  func checkFeePolicy(of transaction: ChainTransaction, token: Address) throws(RPCFailure) {
    guard prepaidFee(of: transaction) != 0,
      world.policy(token, transaction.feePayer, has: PolicySwitch.blockSender)
    else { return }
    throw .refused("TIP20 token error: PolicyForbids(PolicyForbids)")
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

  /// What a lone swap on the exchange is paid with.
  fileprivate var swappedToken: Address? {
    guard calls.count == 1, calls[0].to == Addresses.dex, let input = Calldata(calls[0].data),
      input.selector == 0xf012_2b75 || input.selector == 0xf885_6c0f
    else { return nil }
    do { return try input.address(0) } catch { return nil }
  }
}
