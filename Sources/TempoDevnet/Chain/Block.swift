import EVM
import Tempo

/// A sealed block. Its hash covers its contents, not an Ethereum header (`03` §4.7).
struct Block: Sendable {
  let number: UInt64
  let hash: Hash32
  let parentHash: Hash32
  let timestampMilliseconds: UInt64
  let transactions: [Hash32]
  let gasUsed: UInt64
  /// The state writes of this block, to read older state; dropped when too old.
  var writes: [Storage.Write]

  var timestamp: UInt64 { timestampMilliseconds / 1000 }

  static func hash(
    chainID: UInt64, number: UInt64, parent: Hash32, timestampMilliseconds: UInt64, transactions: [Hash32],
    salt: UInt64 = 0
  ) -> Hash32 {
    var bytes = Array("tempo-devnet".utf8)
    for word in [chainID, number] { append(word, to: &bytes) }
    bytes += parent.bytes
    append(timestampMilliseconds, to: &bytes)
    for hash in transactions { bytes += hash.bytes }
    append(salt, to: &bytes)
    return Keccak256.hash(bytes)
  }

  private static func append(_ word: UInt64, to bytes: inout [UInt8]) {
    for shift: UInt64 in [56, 48, 40, 32, 24, 16, 8, 0] {
      bytes.append(UInt8(truncatingIfNeeded: word >> shift))
    }
  }
}

/// What became of a transaction.
struct ExecutionOutcome: Sendable {
  let succeeded: Bool
  let gasUsed: UInt64
  let price: UInt128
  /// Token units; zero when the price is zero.
  let fee: UInt128
  let feeToken: Address?
  let logs: [Log]
  /// Not part of the receipt; `devnet_trace` and the typed receipt show it.
  let revert: Revert?
  let failedCall: Int?
  let contractAddress: Address?
}

/// A transaction in its block.
struct SealedTransaction: Sendable {
  let transaction: ChainTransaction
  let outcome: ExecutionOutcome
  let blockNumber: UInt64
  let index: Int
  let firstLogIndex: Int
  let cumulativeGas: UInt64
}

/// A transaction that waits for a block.
struct PendingTransaction: Sendable {
  let transaction: ChainTransaction
  /// Not included before this block (fault `hold`).
  var notBefore: UInt64 = 0
  /// Not included before this time.
  var notBeforeMilliseconds: UInt64 = 0
  /// Mined with status 0 and these bytes (fault `revert`).
  var forcedRevert: [UInt8]?
  /// Mined with status 0 and its whole gas limit used (fault `outOfGas`).
  var runsOutOfGas = false
}
