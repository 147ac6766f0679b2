/// A record as the store holds it.
public struct VersionedRecord: Sendable, Equatable {
  /// Which record it is.
  public let key: RecordKey
  /// Grows with every stored change; 1 or more.
  public let version: UInt64
  /// Opaque to the store.
  public let body: [UInt8]

  /// - Parameter version: 1 or more; absent records have none.
  public init(key: RecordKey, version: UInt64, body: [UInt8]) {
    self.key = key
    self.version = version
    self.body = body
  }
}
