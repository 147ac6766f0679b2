/// A value kept in the ledger. It changes only by pure functions; see ``RecordTable``.
public protocol LedgerRecord: Sendable, Equatable {
  /// See ``RecordKind``.
  static var kind: UInt8 { get }

  /// Reads what ``encoded()`` wrote, strictly; throws on anything else, in particular on damaged bytes.
  init(decoding bytes: [UInt8]) throws

  /// The stored form, with a schema number and a checksum. Throws when the record breaks a rule of its own, so
  /// that a wrong record is never written.
  func encoded() throws -> [UInt8]

  /// What the record contributes to the indexes of its kind; at most one value for a slot.
  var indexValues: [IndexValue] { get }
}

extension LedgerRecord {
  /// The default: none; the record is found by its key, and in the list of all records of its kind.
  public var indexValues: [IndexValue] { [] }
}
