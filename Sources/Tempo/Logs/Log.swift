public import EVM

/// One event a transaction has left, as receipts carry it. Position and transaction are the receipt's.
public struct Log: Sendable, Hashable {
  /// The contract that wrote it. Events are only as good as their author: compare it first.
  public var address: Address
  /// The hash of the event's signature first, then its indexed arguments; at most four.
  public var topics: [Hash32]
  /// The arguments that are not indexed, as ABI words.
  public var data: [UInt8]

  /// Nothing is checked; the readers of events do that.
  public init(address: Address, topics: [Hash32], data: [UInt8]) {
    self.address = address
    self.topics = topics
    self.data = data
  }
}
