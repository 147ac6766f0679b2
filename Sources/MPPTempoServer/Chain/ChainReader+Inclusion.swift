import TempoRPC

extension ChainReader {
  /// The block a receipt names, when the chain has it (`06` §1.9). A receipt is one node's word; that its block is the chain's own is
  /// asked separately, and again while nodes lag (U3).
  /// - Throws: `.unavailable` also when the chain has another block there.
  func inclusion(of receipt: TransactionReceipt) async throws(ChainError) -> ChainBlock {
    try await readBack { () async throws(ChainError) in
      guard let block = try await block(receipt.blockNumber), block.hash == receipt.blockHash else {
        throw ChainError(.unavailable, "the node does not have the receipt's block")
      }
      return block
    }
  }
}
