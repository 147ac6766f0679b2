import EVM
import MPPCore

/// Balances, tokens and the exchange, set from outside (`03` §11). What is set belongs to the newest block.
extension DevnetCore {
  mutating func answerTokenControl(_ call: RPCCall) throws(RPCFailure) -> JSONValue? {
    let parameters = call.parameters
    switch call.method {
    case "devnet_setBalance":
      try setBalance(
        try parameters.uint256(2), token: try parameters.address(0), of: try parameters.address(1))
    case "devnet_setNonce":
      let account = try parameters.address(0)
      let key = try parameters.uint256(1)
      let nonce = UInt256(try parameters.quantity(2))
      chain.world.storage[key.isZero ? .nonce(account) : .keyedNonce(account, key: key)] = nonce
    case "devnet_addToken": try addToken(parameters[0])
    case "devnet_setPaused":
      let token = try knownToken(try parameters.address(0))
      chain.world.storage[.paused(token)] = parameters[1]?.boolValue == false ? 0 : 1
    case "devnet_setTokenPolicy": try setPolicy(parameters)
    case "devnet_setDexRate":
      let (input, output) = (try pairToken(parameters, 0), try pairToken(parameters, 1))
      let (numerator, denominator) = (try parameters.quantity(2), try parameters.quantity(3))
      guard let rate = World.ExchangeRate(numerator, denominator) else {
        throw .invalidParameters("a rate has neither a zero above nor below")
      }
      chain.world.storage[.dexRate(input: input, output: output)] = rate.packed
    case "devnet_setDexPair":
      let (input, output) = (try pairToken(parameters, 0), try pairToken(parameters, 1))
      let isOpen = parameters[2]?.boolValue ?? true
      chain.world.storage[.dexClosed(input: input, output: output)] = isOpen ? 0 : 1
    default: return nil
    }
    chain.adoptControlWrites()
    return true
  }

  private func pairToken(_ parameters: RPCParameters, _ index: Int) throws(RPCFailure) -> Address {
    try knownToken(try parameters.address(index))
  }

  private func knownToken(_ token: Address) throws(RPCFailure) -> Address {
    guard chain.world.tokens[token] != nil else { throw .invalidParameters("unknown token \(token.hex)") }
    return token
  }

  /// Sets a balance and moves the supply with it.
  mutating func setBalance(_ amount: UInt256, token: Address, of holder: Address) throws(RPCFailure) {
    let token = try knownToken(token)
    guard let units = amount.uint128 else { throw .invalidParameters("amount above the supply cap") }
    let others = chain.world.supply(of: token) - chain.world.balance(token, of: holder)
    let (supply, overflow) = others.addingReportingOverflow(units)
    guard !overflow else { throw .invalidParameters("amount above the supply cap") }
    chain.world.storage[.balance(token: token, holder: holder)] = UInt256(units)
    chain.world.storage[.supply(token)] = UInt256(supply)
    chain.adoptControlWrites()
  }

  private mutating func addToken(_ json: JSONValue?) throws(RPCFailure) {
    let address = try RPCParameters.address(json?["address"], "address")
    guard address.hasTokenPrefix, chain.world.tokens[address] == nil else {
      throw .invalidParameters("not a free address with the TIP-20 prefix")
    }
    let name = json?["name"]?.stringValue ?? "Token"
    chain.world.tokens[address] = TokenMetadata(
      name: name, symbol: json?["symbol"]?.stringValue ?? name,
      currency: json?["currency"]?.stringValue ?? "USD", quoteToken: Addresses.pathUSD)
    if json?["paused"]?.boolValue == true { chain.world.storage[.paused(address)] = 1 }
  }

  private mutating func setPolicy(_ parameters: RPCParameters) throws(RPCFailure) {
    let token = try knownToken(try parameters.address(0))
    let switches = [
      ("blockSender", PolicySwitch.blockSender), ("blockRecipient", PolicySwitch.blockRecipient),
      ("holdIncoming", PolicySwitch.holdIncoming),
    ]
    let bits = switches.reduce(0 as UInt64) { bits, entry in
      parameters[2]?[entry.0]?.boolValue == true ? bits | entry.1 : bits
    }
    chain.world.storage[.policy(token: token, holder: try parameters.address(1))] = UInt256(bits)
  }
}
