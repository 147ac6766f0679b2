public import EVM
public import MPPCore
public import Tempo

/// What tests and the command line look at. Reading seals no block.
extension Devnet {
  public var chainID: UInt64 { configuration.chainID }

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

  /// What does not add up; empty on a sound chain. Every token's balances make its supply, and the reserve
  /// holds at least what its channels still owe.
  public func audit() -> [String] {
    shared.withCore { core, _ in core.chain.world.audit() }
  }

  /// The protocol nonce.
  public func nonce(of account: Address) -> UInt64 {
    shared.withCore { core, _ in core.chain.nonce(of: account, key: .zero) }
  }

  /// A channel of the reserve; `nil` when it does not exist (any more).
  public func channel(_ id: Hash32) -> DevnetChannel? {
    shared.withCore { core, _ in
      let channel = core.chain.world.channel(id)
      guard channel.deposit > 0 else { return nil }
      return DevnetChannel(
        settled: Amount(units: channel.settled), deposit: Amount(units: channel.deposit),
        closeRequestedAt: channel.closeRequestedAt == 0
          ? nil : Timestamp(seconds: Int64(channel.closeRequestedAt)))
    }
  }

  /// What became of a transaction, also while a fault hides its receipt; `nil` when it was never mined.
  public func receipt(_ hash: Hash32) -> DevnetReceipt? {
    shared.withCore { core, _ in core.chain.transactions[hash].map(DevnetReceipt.init) }
  }

  /// Receipts in chain order, of the blocks that are kept.
  public func receipts() -> [DevnetReceipt] {
    shared.withCore { core, _ in
      core.chain.blocks.flatMap(\.transactions).compactMap {
        core.chain.transactions[$0].map(DevnetReceipt.init)
      }
    }
  }

  /// Hashes of transactions that wait for a block.
  public var pendingTransactions: [Hash32] {
    shared.withCore { core, _ in core.chain.pool.map(\.transaction.hash) }
  }

  /// The newest requests that were answered, oldest first.
  public func requests(after index: Int = 0) -> [DevnetRequest] {
    shared.withCore { core, _ in core.log.requests(after: index) }
  }

  /// How many requests of a method there were.
  public func requestCount(_ method: String) -> Int {
    shared.withCore { core, _ in core.log.count(of: method) }
  }
}

/// The state of a channel that exists.
public struct DevnetChannel: Sendable, Hashable {
  public let settled: Amount
  public let deposit: Amount
  /// The block time at which the payer asked for the channel to be closed.
  public let closeRequestedAt: Timestamp?
}

/// What became of a transaction, with what a node does not tell.
public struct DevnetReceipt: Sendable {
  public let hash: Hash32
  public let succeeded: Bool
  public let blockNumber: UInt64
  public let sender: Address
  public let feePayer: Address
  public let gasUsed: UInt64
  /// Base units of the fee token.
  public let fee: Amount
  public let logs: [Log]
  /// The name of the error that undid the calls, as `"AmountExceedsDeposit"`.
  public let revertName: String?
  public let revertData: [UInt8]?

  init(_ sealed: SealedTransaction) {
    hash = sealed.transaction.hash
    succeeded = sealed.outcome.succeeded
    blockNumber = sealed.blockNumber
    sender = sealed.transaction.sender
    feePayer = sealed.transaction.feePayer
    gasUsed = sealed.outcome.gasUsed
    fee = Amount(units: sealed.outcome.fee)
    logs = sealed.outcome.logs
    revertName = sealed.outcome.revert?.name
    revertData = sealed.outcome.revert?.data
  }
}
