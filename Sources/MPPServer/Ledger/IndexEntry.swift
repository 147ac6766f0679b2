/// One row of an index.
public struct IndexEntry: Sendable, Hashable {
  /// The indexed value; empty in the index of all keys.
  public let value: [UInt8]
  /// Which record has it.
  public let key: RecordKey

  /// For stores of your own.
  public init(value: [UInt8], key: RecordKey) {
    self.value = value
    self.key = key
  }

  /// Where the next page begins.
  public var cursor: IndexCursor { IndexCursor(after: self) }
}

/// A position in an index: everything after one entry. Stays valid while records come and go.
public struct IndexCursor: Sendable, Hashable {
  /// The last entry that was seen. It need not exist any more.
  public let entry: IndexEntry

  /// Begins behind `entry`, in the order of (value, key).
  public init(after entry: IndexEntry) { self.entry = entry }
}
