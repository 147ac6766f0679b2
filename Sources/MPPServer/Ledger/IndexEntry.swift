/// One row of an index.
public struct IndexEntry: Sendable, Hashable {
  public let value: [UInt8]
  public let key: RecordKey

  public init(value: [UInt8], key: RecordKey) {
    self.value = value
    self.key = key
  }

  /// Where the next page begins.
  public var cursor: IndexCursor { IndexCursor(after: self) }
}

/// A position in an index: everything after one entry. Stays valid while records come and go.
public struct IndexCursor: Sendable, Hashable {
  public let entry: IndexEntry

  public init(after entry: IndexEntry) { self.entry = entry }
}
