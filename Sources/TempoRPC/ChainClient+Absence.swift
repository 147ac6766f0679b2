import EVM

extension ChainClient {
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
