/// One conditional deletion: it is made only if the stored version equals `expected`.
public struct Removal: Sendable, Hashable {
  public let key: RecordKey
  /// Version the store must hold; 1 or more.
  public let expected: UInt64

  public init(key: RecordKey, expected: UInt64) {
    self.key = key
    self.expected = expected
  }
}
