/// A value of the recursive length prefix encoding: a string of bytes or a list.
public indirect enum RLPItem: Sendable, Hashable {
  /// A string, which numbers and addresses are too.
  case bytes([UInt8])
  /// Items in order.
  case list([RLPItem])

  /// The empty string, which is also zero and "absent".
  public static let empty = RLPItem.bytes([])

  /// 20 bytes, also for zero: "absent" is ``empty``.
  public static func address(_ address: Address) -> RLPItem { .bytes(address.bytes) }
  /// 32 bytes, leading zeros included.
  public static func hash(_ hash: Hash32) -> RLPItem { .bytes(hash.bytes) }

  /// The string; throws `typeMismatch` for a list.
  public func bytes() throws(RLPError) -> [UInt8] {
    guard case .bytes(let bytes) = self else { throw RLPError.typeMismatch }
    return bytes
  }

  /// The members; throws `typeMismatch` for a string.
  public func list() throws(RLPError) -> [RLPItem] {
    guard case .list(let items) = self else { throw RLPError.typeMismatch }
    return items
  }

  /// A list of exactly `count` members.
  public func list(count: Int) throws(RLPError) -> [RLPItem] {
    let items = try list()
    guard items.count == count else { throw RLPError.wrongArity(expected: count, actual: items.count) }
    return items
  }

  /// A minimal integer of at most 256 bits: no leading zero, the empty string for zero.
  public func uint256() throws(RLPError) -> UInt256 {
    let bytes = try bytes()
    guard bytes.first != 0 else { throw RLPError.nonCanonicalInteger }
    guard bytes.count <= 32 else { throw RLPError.integerOverflow }
    return UInt256(Hash32(unchecked: [UInt8](repeating: 0, count: 32 - bytes.count) + bytes, at: 0))
  }

  /// A minimal integer of at most 128 bits.
  public func uint128() throws(RLPError) -> UInt128 {
    guard let value = try uint256().uint128 else { throw RLPError.integerOverflow }
    return value
  }

  /// A minimal integer of at most 64 bits.
  public func uint64() throws(RLPError) -> UInt64 {
    guard let value = try uint256().uint64 else { throw RLPError.integerOverflow }
    return value
  }

  /// Exactly 20 bytes.
  public func address() throws(RLPError) -> Address {
    do { return try Address(try bytes()) } catch { throw RLPError.wrongLength }
  }

  /// 20 bytes, or `nil` for the empty string.
  public func optionalAddress() throws(RLPError) -> Address? {
    self == .empty ? nil : try address()
  }

  /// Exactly 32 bytes.
  public func hash() throws(RLPError) -> Hash32 {
    do { return try Hash32(try bytes()) } catch { throw RLPError.wrongLength }
  }
}
