package import EVM
package import MPPCore
package import Tempo

/// A chain that can only be looked at: no transaction leaves through it. What the checks of a credential are given.
package struct ChainReader: Sendable {
  private let client: ChainClient

  package init(_ client: ChainClient) { self.client = client }

  package func blockNumber() async throws(ChainError) -> UInt64 { try await client.blockNumber() }

  package func latestBlock() async throws(ChainError) -> ChainBlock { try await client.latestBlock() }

  package func block(_ number: UInt64) async throws(ChainError) -> ChainBlock? {
    try await client.block(number)
  }

  package func receipt(_ hash: Hash32) async throws(ChainError) -> TransactionReceipt? {
    try await client.receipt(hash)
  }

  package func lookForReceipt(
    _ hash: Hash32, deadlineMilliseconds: Int64
  ) async throws(ChainError) -> TransactionReceipt? {
    try await client.lookForReceipt(hash, deadlineMilliseconds: deadlineMilliseconds)
  }

  /// As ``ChainClient/inclusion(of:)``.
  package func inclusion(of receipt: TransactionReceipt) async throws(ChainError) -> ChainBlock {
    try await client.inclusion(of: receipt)
  }

  package func knows(_ hash: Hash32) async throws(ChainError) -> Bool { try await client.knows(hash) }

  /// As ``ChainClient/simulate(_:from:)``: a dry run.
  package func simulate(
    _ transaction: TempoTransaction, from sender: RecoveredSender
  ) async throws(ChainError) {
    try await client.simulate(transaction, from: sender)
  }

  package func accessKey(_ key: Address, of account: Address) async throws(ChainError) -> AccessKeyStatus {
    try await client.accessKey(key, of: account)
  }

  package func channelState(
    _ id: Hash32, escrow: Address, at block: BlockTag
  ) async throws(ChainError) -> ChannelState {
    try await client.channelState(id, escrow: escrow, at: block)
  }

  package func channelStates(
    _ ids: [Hash32], escrow: Address, at block: BlockTag
  ) async throws(ChainError) -> [ChannelState] {
    try await client.channelStates(ids, escrow: escrow, at: block)
  }

  package func readBack<T: Sendable>(
    _ body: () async throws(ChainError) -> T
  ) async throws(ChainError) -> T {
    try await client.readBack(body)
  }
}
