import EVM

extension ChainClient {
  /// Seconds that have to pass on the chain's clock after the end of a transaction before its absence counts: a node that lags may
  /// answer next to one that does not (`05` §7.5, finding U3).
  package static let absenceMargin: UInt64 = 30

  /// A block from which the absence of a transaction can be believed: the margin has passed since `validBefore`, and the node serves
  /// the block itself. What is asked afterwards and shows nothing of the transaction proves that it will never be included.
  /// - Returns: nil while it is too early.
  package func blockPast(_ validBefore: UInt64) async throws(ChainError) -> ChainBlock? {
    let head = try await latestBlock()
    let (end, overflow) = validBefore.addingReportingOverflow(Self.absenceMargin)
    guard !overflow, head.timestamp >= end else { return nil }
    return try await readBack { () async throws(ChainError) in
      guard let served = try await block(head.number), served.hash == head.hash else {
        throw ChainError(.unavailable, "block \(head.number) is not there yet")
      }
      return served
    }
  }
}
