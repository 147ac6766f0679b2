public import EVM
public import MPPCore

/// What tests and the command line look at. Reading seals no block.
extension Devnet {
  /// As configured; part of every signature.
  public var chainID: UInt64 { configuration.chainID }

  /// Height of the newest block; a fresh chain is at 0.
  public var blockNumber: UInt64 { shared.withCore { core, _ in core.chain.latest.number } }

  /// Base units; pathUSD unless another token is named.
  public func balance(of holder: Address, token: Address? = nil) -> Amount {
    shared.withCore { core, _ in
      Amount(units: core.chain.world.balance(token ?? Addresses.pathUSD, of: holder))
    }
  }

  /// All base units of a token there are.
  public func totalSupply(token: Address? = nil) -> Amount {
    shared.withCore { core, _ in Amount(units: core.chain.world.supply(of: token ?? Addresses.pathUSD)) }
  }

  /// Every holder of a token and what it holds; the sum is the supply.
  public func balances(token: Address? = nil) -> [Address: Amount] {
    shared.withCore { core, _ in
      var balances: [Address: Amount] = [:]
      for (slot, value) in core.chain.world.storage.cells {
        guard case .balance(token ?? Addresses.pathUSD, let holder) = slot else { continue }
        balances[holder] = Amount(units: value.uint128 ?? 0)
      }
      return balances
    }
  }

  /// The tokens there are, pathUSD first.
  public var tokens: [DevnetToken] {
    shared.withCore { core, _ in
      core.chain.world.tokens.sorted { $0.key < $1.key }.map { address, metadata in
        DevnetToken(
          address: address, name: metadata.name, symbol: metadata.symbol, currency: metadata.currency)
      }
    }
  }

  /// What an owner lets a spender take; the largest number there is stands for "all", and never decreases.
  public func allowance(of owner: Address, spender: Address, token: Address? = nil) -> UInt256 {
    shared.withCore { core, _ in
      core.chain.world.storage[
        .allowance(token: token ?? Addresses.pathUSD, owner: owner, spender: spender)]
    }
  }

  /// An access key of an account; `nil` when it was never authorized.
  public func accessKey(_ key: Address, of account: Address) -> DevnetAccessKey? {
    shared.withCore { core, _ in
      let record = core.chain.world.key(account, key)
      guard record.exists || record.isRevoked else { return nil }
      return DevnetAccessKey(
        expiry: record.expiry, isRevoked: record.isRevoked, isAdmin: record.isAdmin,
        enforcesLimits: record.enforcesLimits)
    }
  }

  /// What a key may still spend of a token now; `nil` when it is not limited.
  public func spendable(by key: Address, of account: Address, token: Address? = nil) -> Amount? {
    shared.withCore { core, _ in
      core.chain.world.spendable(
        account, key, token ?? Addresses.pathUSD, at: core.chain.latest.timestamp
      ).map { Amount(units: $0) }
    }
  }
}
