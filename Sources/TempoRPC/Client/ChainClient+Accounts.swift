public import EVM
public import MPPCore
public import Tempo

// What the chain says about accounts and their access keys.
extension ChainClient {
  /// The standing of an access key of `account`.
  public func accessKey(
    _ key: Address, of account: Address, at block: BlockTag = .latest
  ) async throws(ChainError) -> AccessKeyStatus {
    let calldata = try ReserveCalls.encode { () throws(TempoError) in
      try AccountKeychainABI.getKeyCalldata(account: account, key: key)
    }
    let data = try await call(to: TempoAddress.keychain, data: calldata, block: block)
    return try ReserveCalls.decode("access key") { () throws(TempoError) in
      try AccountKeychainABI.decodeKey(data)
    }
  }

  /// What an access key may still move of a token. Zero for a token that its limits do not name, and for a key that is missing,
  /// revoked or expired.
  public func accessKeyLimit(
    _ key: Address, of account: Address, token: Address
  ) async throws(ChainError) -> AccessKeyLimit {
    let calldata = try ReserveCalls.encode { () throws(TempoError) in
      try AccountKeychainABI.getRemainingLimitCalldata(account: account, key: key, token: token)
    }
    let data = try await call(to: TempoAddress.keychain, data: calldata)
    return try ReserveCalls.decode("access key limit") { () throws(TempoError) in
      try AccountKeychainABI.decodeRemainingLimit(data)
    }
  }

  /// The calls an access key may make; `nil`: any.
  public func allowedCalls(
    _ key: Address, of account: Address
  ) async throws(ChainError) -> [CallScope]? {
    let calldata = try ReserveCalls.encode { () throws(TempoError) in
      try AccountKeychainABI.getAllowedCallsCalldata(account: account, key: key)
    }
    let data = try await call(to: TempoAddress.keychain, data: calldata)
    return try ReserveCalls.decode("allowed calls") { () throws(TempoError) in
      try AccountKeychainABI.decodeAllowedCalls(data)
    }
  }

  /// What the exchange takes of `given` for `amount` of `wanted`, in base units.
  /// - Throws: `.reverted` for a pair that is not exchanged, or not in this amount.
  public func swapQuote(
    _ given: Address, for amount: Amount, of wanted: Address
  ) async throws(ChainError) -> UInt128 {
    let calldata = try ReserveCalls.encode { () throws(TempoError) in
      try StablecoinDEXABI.quoteCalldata(tokenIn: given, tokenOut: wanted, amountOut: amount.units)
    }
    let data = try await call(to: TempoAddress.dex, data: calldata)
    return try ReserveCalls.decode("quote") { () throws(TempoError) in
      try StablecoinDEXABI.decodeQuote(data)
    }
  }

  /// Whether a token is one that may pay fees; not one that has no currency at all.
  public func isDollar(_ token: Address) async throws(ChainError) -> Bool {
    guard token != TempoAddress.pathUSD else { return true }
    let calldata = try ReserveCalls.encode { () throws(TempoError) in
      try TIP20ABI.currencyCalldata()
    }
    do {
      let data = try await call(to: token, data: calldata)
      return try TIP20ABI.decodeCurrency(data).equalsBytes(of: "USD")
    } catch let error as ChainError where error.code != .reverted && error.code != .invalidAnswer {
      throw error
    } catch {
      return false
    }
  }

  /// The token in which an account has chosen to pay fees; nil when it has not.
  public func userFeeToken(of account: Address) async throws(ChainError) -> Address? {
    let calldata = try ReserveCalls.encode { () throws(TempoError) in
      try FeeManagerABI.userTokensCalldata(account)
    }
    let data = try await call(to: TempoAddress.feeManager, data: calldata)
    return try ReserveCalls.decode("fee token") { () throws(TempoError) in
      try FeeManagerABI.decodeUserToken(data)
    }
  }
}
