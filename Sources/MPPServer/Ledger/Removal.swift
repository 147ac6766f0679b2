/// One conditional deletion: it is made only if the stored version equals `expected`.
public struct Removal: Sendable, Hashable {
  /// The record to delete.
  public let key: RecordKey
  /// Version the store must hold; 1 or more.
  public let expected: UInt64

  /// - Parameter expected: version the store must hold; 0 never matches.
  public init(key: RecordKey, expected: UInt64) {
    self.key = key
    self.expected = expected
  }
}
