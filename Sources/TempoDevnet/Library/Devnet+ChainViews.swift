public import EVM
import MPPCore

/// Channels, receipts and requests, as tests and the command line look at them. Reading seals no block.
extension Devnet {
  /// A channel of a v1 stream contract; `nil` when it was never opened.
  public func legacyChannel(_ id: Hash32, escrow: Address) -> DevnetLegacyChannel? {
    shared.withCore { core, _ in
      let channel = core.chain.world.legacyChannel(escrow, id)
      guard channel.isFinalized || !channel.payer.isZero else { return nil }
      return DevnetLegacyChannel(
        settled: Amount(units: channel.settled), deposit: Amount(units: channel.deposit),
        isFinalized: channel.isFinalized)
    }
  }

  /// What does not add up; empty on a sound chain. Every token's balances make its supply, every escrow holds at
  /// least what its channels still owe, and no key has more left than its limit.
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
