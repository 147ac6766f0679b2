/// Which values of an index a scan wants; both bounds are included.
public struct IndexRange: Sendable, Equatable {
  /// Lowest value; empty: no lower bound.
  public let lower: [UInt8]
  /// `nil`: no upper bound.
  public let upper: [UInt8]?

  /// Both bounds are included; without arguments everything.
  public init(from lower: [UInt8] = [], through upper: [UInt8]? = nil) {
    self.lower = lower
    self.upper = upper
  }

  /// Every entry of an index.
  public static let all = IndexRange()
  /// Entries with exactly this value.
  public static func equal(to value: [UInt8]) -> IndexRange { IndexRange(from: value, through: value) }
  /// Numbers up to and including `number`, as written by ``IndexValue/init(slot:number:)``.
  public static func through(_ number: Int64) -> IndexRange {
    IndexRange(through: IndexValue.bytes(of: number))
  }
  /// Numbers from `number` on, as written by ``IndexValue/init(slot:number:)``.
  public static func from(_ number: Int64) -> IndexRange { IndexRange(from: IndexValue.bytes(of: number)) }
}
