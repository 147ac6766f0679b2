/// One conditional write: it is applied only if the stored version equals `expected`.
public struct Write: Sendable, Equatable {
  /// The record to write; once in a batch.
  public let key: RecordKey
  /// Version the store must hold; 0 means that the record must be absent.
  public let expected: UInt64
  /// Version the store holds afterwards; greater than `expected`.
  public let version: UInt64
  /// The whole new content; opaque to the store.
  public let body: [UInt8]
  /// Values of the record's indexes afterwards; `nil` leaves the stored ones as they are.
  public let indexValues: [IndexValue]?
  /// Writes of one batch with the same group are applied all or none.
  public let group: UInt32?

  /// Checks nothing: stores refuse a version that does not grow, a second write of one record in a batch, and
  /// index values out of bounds, as `invalid`.
  public init(
    key: RecordKey, expected: UInt64, version: UInt64, body: [UInt8], indexValues: [IndexValue]?,
    group: UInt32? = nil
  ) {
    self.key = key
    self.expected = expected
    self.version = version
    self.body = body
    self.indexValues = indexValues
    self.group = group
  }
}

extension Write {
  /// The rules every store applies before it begins: versions grow, index values are within bounds, and a batch names a
  /// record at most once.
  package static func firstFault(in writes: [Write]) -> StoreError? {
    var keys: Set<RecordKey> = []
    if writes.count > 1 { keys.reserveCapacity(writes.count) }
    for write in writes {
      guard write.version > write.expected, write.version <= UInt64(Int64.max) else {
        return StoreError(.invalid, "version \(write.version) does not follow \(write.expected)")
      }
      guard writes.count == 1 || keys.insert(write.key).inserted else {
        return StoreError(.invalid, "record \(write.key) is written twice in one batch")
      }
      guard let values = write.indexValues else { continue }
      guard values.count <= LedgerIndex.slots, values.allSatisfy(\.isValid), haveOwnSlots(values) else {
        return StoreError(.invalid, "record \(write.key) has index values out of bounds")
      }
    }
    return nil
  }

  private static func haveOwnSlots(_ values: [IndexValue]) -> Bool {
    var seen = 0
    for value in values {
      guard seen & 1 << value.slot == 0 else { return false }
      seen |= 1 << value.slot
    }
    return true
  }
}
