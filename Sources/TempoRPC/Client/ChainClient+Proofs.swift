import EVM

extension ChainClient {
  /// The block a receipt names, when the chain has it (`06` §1.9). A receipt is one node's word; that its block is the chain's own is
  /// asked separately, and again while nodes lag (U3).
  /// - Throws: `.unavailable` also when the chain has another block there.
  package func inclusion(of receipt: TransactionReceipt) async throws(ChainError) -> ChainBlock {
    try await readBack { () async throws(ChainError) in
      guard let block = try await block(receipt.blockNumber), block.hash == receipt.blockHash else {
        throw ChainError(.unavailable, "the node does not have the receipt's block")
      }
      return block
    }
  }

  /// A block from which the absence of a transaction can be believed: ``ChainIntent/absenceMargin`` has passed since `validBefore`, and the node serves
  /// the block itself. What is asked afterwards and shows nothing of the transaction proves that it will never be included.
  /// - Returns: nil while it is too early.
  package func blockPast(_ validBefore: UInt64) async throws(ChainError) -> ChainBlock? {
    let head = try await latestBlock()
    guard ChainIntent.isPast(validBefore, at: head.timestamp) else { return nil }
    return try await readBack { () async throws(ChainError) in
      guard let served = try await block(head.number), served.hash == head.hash else {
        throw ChainError(.unavailable, "block \(head.number) is not there yet")
      }
      return served
    }
  }
}
