import EVM
import MPPCore

/// Control methods no real node has (`03` §11, §12). Faults by JSON: ``FaultRule/init(json:)``.
extension DevnetCore {
  mutating func answerDevnet(_ call: RPCCall, wall: Timestamp) throws(RPCFailure) -> JSONValue? {
    let parameters = call.parameters
    switch call.method {
    case "devnet_setBalance":
      try setBalance(
        try parameters.uint256(2), token: try parameters.address(0), of: try parameters.address(1))
      return true
    case "devnet_setNonce":
      let account = try parameters.address(0)
      let key = try parameters.uint256(1)
      chain.world.storage[key.isZero ? .nonce(account) : .keyedNonce(account, key: key)] = UInt256(
        try parameters.quantity(2))
      return true
    case "devnet_addToken":
      try addToken(parameters[0])
      return true
    case "devnet_setPaused":
      let token = try knownToken(try parameters.address(0))
      chain.world.storage[.paused(token)] = parameters[1]?.boolValue == false ? 0 : 1
      return true
    case "devnet_setTokenPolicy":
      try setPolicy(parameters)
      return true
    case "devnet_getState": return state()
    case "devnet_trace": return trace(try parameters.hash(0))
    case "devnet_reset":
      reset()
      return true
    case "devnet_fault":
      guard let json = parameters[0] else { throw .invalidParameters("missing fault") }
      return .integer(Int64(faults.add(try FaultRule(json: json))))
    case "devnet_clearFaults":
      clearFaults()
      return true
    case "devnet_rpcLog":
      let since =
        try parameters[0]?["since"].map { value throws(RPCFailure) in
          try RPCParameters.quantity(value, "since")
        } ?? 0
      return .array(log.requests(after: Int(clamping: since)).map(\.json))
    default: return nil
    }
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

  /// Every cell, sorted: equal states give equal bytes.
  func state() -> JSONValue {
    let cells = chain.world.storage.cells.map { (Self.name(of: $0.key), $0.value) }
      .sorted { $0.0 < $1.0 }
    return ChainJSON.object([
      ("block", Quantity.hex(chain.latest.number)), ("blockHash", Quantity.hash(chain.latest.hash)),
      ("timestampMillis", Quantity.hex(chain.latest.timestampMilliseconds)),
      ("pool", .array(chain.pool.map { Quantity.hash($0.transaction.hash) })),
      ("cells", ChainJSON.object(cells.map { ($0.0, .string($0.1.hexQuantity)) })),
    ])
  }

  private static func name(of slot: Slot) -> String {
    switch slot {
    case .nonce(let account): "nonce/\(account.hex)"
    case .keyedNonce(let account, let key): "nonce/\(account.hex)/\(key.hexQuantity)"
    case .expiring(let hash): "expiring/\(hash.hex)"
    case .created(let account): "created/\(account.hex)"
    case .balance(let token, let holder): "balance/\(token.hex)/\(holder.hex)"
    case .supply(let token): "supply/\(token.hex)"
    case .paused(let token): "paused/\(token.hex)"
    case .allowance(let token, let owner, let spender):
      "allowance/\(token.hex)/\(owner.hex)/\(spender.hex)"
    case .role(let token, let role, let holder): "role/\(token.hex)/\(role.hex)/\(holder.hex)"
    case .policy(let token, let holder): "policy/\(token.hex)/\(holder.hex)"
    case .userToken(let account): "userToken/\(account.hex)"
    case .channel(let id): "channel/\(id.hex)"
    case .storageCredits(let account): "storageCredits/\(account.hex)"
    case .key(let account, let id): "key/\(account.hex)/\(id.hex)"
    case .keyLimit(let account, let id, let token): "keyLimit/\(account.hex)/\(id.hex)/\(token.hex)"
    case .keyPeriod(let account, let id, let token): "keyPeriod/\(account.hex)/\(id.hex)/\(token.hex)"
    case .keyScopes(let account, let id): "keyScopes/\(account.hex)/\(id.hex)"
    case .burnedWitness(let account, let witness): "burnedWitness/\(account.hex)/\(witness.hex)"
    }
  }

  private func trace(_ hash: Hash32) -> JSONValue {
    guard let sealed = chain.transactions[hash] else { return .null }
    let outcome = sealed.outcome
    return [
      "status": outcome.succeeded ? "0x1" : "0x0",
      "failedCall": outcome.failedCall.map { .integer(Int64($0)) } ?? .null,
      "revertData": outcome.revert.map { .string(Quantity.data($0.data)) } ?? .null,
      "errorName": outcome.revert.map { .string($0.name) } ?? .null,
      "gasUsed": Quantity.hex(outcome.gasUsed),
    ]
  }
}

extension DevnetRequest {
  fileprivate var json: JSONValue {
    var members: [(String, JSONValue)] = [
      ("index", .integer(Int64(index))), ("method", .string(method)), ("params", .array(params)),
      ("faulted", .bool(wasFaulted)),
    ]
    switch answer {
    case .result(let value): members.append(("result", value))
    case .error(let code, let message):
      members.append(("error", ["code": .integer(Int64(code)), "message": .string(message)]))
    case .suppressed: break
    }
    return ChainJSON.object(members)
  }
}
