public import EVM

/// One event a transaction has left, as receipts carry it. Position and transaction are the receipt's.
public struct Log: Sendable, Hashable {
  /// The contract that wrote it. Events are only as good as their author: compare it first.
  public var address: Address
  public var topics: [Hash32]
  public var data: [UInt8]

  public init(address: Address, topics: [Hash32], data: [UInt8]) {
    self.address = address
    self.topics = topics
    self.data = data
  }
}
