/// An index of the ledger: one of four slots a kind of record may fill, or the order of its keys.
public struct LedgerIndex: Sendable, Hashable {
  /// Number of indexes a kind may declare.
  public static let slots = 4

  /// Records of this kind only; see ``RecordKind``.
  public let kind: UInt8
  /// 1 to 4; 0 is the list of all records of the kind, ordered by key, with empty values.
  public let slot: Int

  /// - Parameter slot: 1 to 4; other values are an index that is always empty.
  public init(kind: UInt8, slot: Int) {
    self.kind = kind
    self.slot = slot
  }

  /// All records of a kind.
  public static func all(_ kind: UInt8) -> LedgerIndex { LedgerIndex(kind: kind, slot: 0) }
}
