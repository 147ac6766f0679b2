import EVM

/// Cells of the state as text: for dumps and for the state file.
extension Slot {
  var name: String {
    switch self {
    case .nonce(let account): "nonce/\(account.hex)"
    case .keyedNonce(let account, let key): "keyedNonce/\(account.hex)/\(key.hexQuantity)"
    case .expiring(let hash): "expiring/\(hash.hex)"
    case .created(let account): "created/\(account.hex)"
    case .balance(let token, let holder): "balance/\(token.hex)/\(holder.hex)"
    case .supply(let token): "supply/\(token.hex)"
    case .paused(let token): "paused/\(token.hex)"
    case .allowance(let token, let owner, let spender):
      "allowance/\(token.hex)/\(owner.hex)/\(spender.hex)"
    case .permitNonce(let token, let owner): "permitNonce/\(token.hex)/\(owner.hex)"
    case .role(let token, let role, let holder): "role/\(token.hex)/\(role.hex)/\(holder.hex)"
    case .policy(let token, let holder): "policy/\(token.hex)/\(holder.hex)"
    case .userToken(let account): "userToken/\(account.hex)"
    case .channel(let id): "channel/\(id.hex)"
    case .storageCredits(let account): "storageCredits/\(account.hex)"
    case .dexRate(let input, let output): "dexRate/\(input.hex)/\(output.hex)"
    case .dexClosed(let input, let output): "dexClosed/\(input.hex)/\(output.hex)"
    case .liquidity(let pool, let owner): "liquidity/\(pool.hex)/\(owner.hex)"
    case .liquiditySupply(let pool): "liquiditySupply/\(pool.hex)"
    case .legacyChannel(let escrow, let id, let word): "legacyChannel/\(escrow.hex)/\(id.hex)/\(word)"
    case .key(let account, let id): "key/\(account.hex)/\(id.hex)"
    case .keyLimit(let account, let id, let token): "keyLimit/\(account.hex)/\(id.hex)/\(token.hex)"
    case .keyPeriod(let account, let id, let token): "keyPeriod/\(account.hex)/\(id.hex)/\(token.hex)"
    case .keyScopes(let account, let id): "keyScopes/\(account.hex)/\(id.hex)"
    case .burnedWitness(let account, let witness): "burnedWitness/\(account.hex)/\(witness.hex)"
    }
  }

  /// Reads what ``name`` writes.
  init?(name: String) {
    let parts = name.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
    do {
      guard let slot = try Slot(kind: parts[0], Reader(parts: Array(parts.dropFirst()))) else { return nil }
      self = slot
    } catch {
      return nil
    }
  }

  private struct Reader {
    let parts: [String]

    private func part(_ index: Int) throws(EVMError) -> String {
      guard index < parts.count else { throw EVMError.invalidHex }
      return parts[index]
    }

    func address(_ index: Int) throws(EVMError) -> Address { try Address(hex: try part(index)) }
    func hash(_ index: Int) throws(EVMError) -> Hash32 { try Hash32(hex: try part(index)) }
    func number(_ index: Int) throws(EVMError) -> UInt256 { try UInt256(quantity: try part(index)) }
    func byte(_ index: Int) throws(EVMError) -> UInt8 {
      guard let byte = UInt8(try part(index)) else { throw EVMError.invalidQuantity }
      return byte
    }
  }

  private init?(kind: String, _ r: Reader) throws(EVMError) {
    switch kind {
    case "nonce": self = .nonce(try r.address(0))
    case "keyedNonce": self = .keyedNonce(try r.address(0), key: try r.number(1))
    case "expiring": self = .expiring(try r.hash(0))
    case "created": self = .created(try r.address(0))
    case "balance": self = .balance(token: try r.address(0), holder: try r.address(1))
    case "supply": self = .supply(try r.address(0))
    case "paused": self = .paused(try r.address(0))
    case "allowance":
      self = .allowance(token: try r.address(0), owner: try r.address(1), spender: try r.address(2))
    case "permitNonce": self = .permitNonce(token: try r.address(0), owner: try r.address(1))
    case "role": self = .role(token: try r.address(0), role: try r.hash(1), holder: try r.address(2))
    case "policy": self = .policy(token: try r.address(0), holder: try r.address(1))
    case "userToken": self = .userToken(try r.address(0))
    case "channel": self = .channel(try r.hash(0))
    case "storageCredits": self = .storageCredits(try r.address(0))
    case "dexRate": self = .dexRate(input: try r.address(0), output: try r.address(1))
    case "dexClosed": self = .dexClosed(input: try r.address(0), output: try r.address(1))
    case "liquidity": self = .liquidity(pool: try r.hash(0), owner: try r.address(1))
    case "liquiditySupply": self = .liquiditySupply(try r.hash(0))
    case "legacyChannel":
      self = .legacyChannel(escrow: try r.address(0), id: try r.hash(1), word: try r.byte(2))
    case "key": self = .key(account: try r.address(0), id: try r.address(1))
    case "keyLimit":
      self = .keyLimit(account: try r.address(0), id: try r.address(1), token: try r.address(2))
    case "keyPeriod":
      self = .keyPeriod(account: try r.address(0), id: try r.address(1), token: try r.address(2))
    case "keyScopes": self = .keyScopes(account: try r.address(0), id: try r.address(1))
    case "burnedWitness":
      self = .burnedWitness(account: try r.address(0), witness: try r.hash(1))
    default: return nil
    }
  }
}
