/// A value of an ``ABIType``. A value and its type are checked against each other when they are encoded.
public indirect enum ABIValue: Sendable, Hashable {
  /// Of `uintN`.
  case uint(UInt256)
  /// Of `intN`: two's complement in 256 bits. See ``int(_:)``.
  case signed(UInt256)
  /// Of `address`.
  case address(Address)
  /// Of `bool`.
  case bool(Bool)
  /// Of `bytesN`, exactly N bytes.
  case fixedBytes([UInt8])
  /// Of `bytes`.
  case bytes([UInt8])
  /// Of `string`.
  case string(String)
  /// Of `T[]` and of `T[n]`.
  case array([ABIValue])
  /// The members in order.
  case tuple([ABIValue])

  // Disfavoured, so that a literal is a `UInt256` and not ambiguous.
  /// Of any `uintN`; the width is checked when it is encoded.
  @_disfavoredOverload
  public static func uint(_ value: UInt64) -> ABIValue { .uint(UInt256(value)) }
  /// Of any `uintN`; the width is checked when it is encoded.
  @_disfavoredOverload
  public static func uint(_ value: UInt128) -> ABIValue { .uint(UInt256(value)) }
  /// Of `bytes32`.
  public static func bytes32(_ value: Hash32) -> ABIValue { .fixedBytes(value.bytes) }
  /// Of any `intN`; the width is checked when it is encoded.
  public static func int(_ value: Int64) -> ABIValue {
    let sign: UInt64 = value < 0 ? .max : 0
    return .signed(UInt256(limbs: sign, sign, sign, UInt64(bitPattern: value)))
  }

  /// Of any `uintN`. Throws `typeMismatch` for another kind of value.
  public func uint256() throws(ABIError) -> UInt256 {
    guard case .uint(let value) = self else { throw ABIError.typeMismatch }
    return value
  }
  /// Throws `outOfRange` above 128 bits.
  public func uint128() throws(ABIError) -> UInt128 {
    guard let value = try uint256().uint128 else { throw ABIError.outOfRange }
    return value
  }
  /// Throws `outOfRange` above 64 bits.
  public func uint64() throws(ABIError) -> UInt64 {
    guard let value = try uint256().uint64 else { throw ABIError.outOfRange }
    return value
  }
  /// Throws `outOfRange` outside 64 bits.
  public func int64() throws(ABIError) -> Int64 {
    guard case .signed(let value) = self else { throw ABIError.typeMismatch }
    let result = Int64(bitPattern: value.limbs[3])
    guard self == ABIValue.int(result) else { throw ABIError.outOfRange }
    return result
  }
  /// Throws `typeMismatch` for another kind of value.
  public func address() throws(ABIError) -> Address {
    guard case .address(let value) = self else { throw ABIError.typeMismatch }
    return value
  }
  /// Throws `typeMismatch` for another kind of value.
  public func bool() throws(ABIError) -> Bool {
    guard case .bool(let value) = self else { throw ABIError.typeMismatch }
    return value
  }
  /// A `bytes32`.
  public func hash32() throws(ABIError) -> Hash32 {
    guard case .fixedBytes(let value) = self, value.count == 32 else { throw ABIError.typeMismatch }
    return Hash32(unchecked: value, at: 0)
  }
  /// Of `bytes` and of `bytesN`.
  public func bytes() throws(ABIError) -> [UInt8] {
    switch self {
    case .bytes(let value), .fixedBytes(let value): return value
    default: throw ABIError.typeMismatch
    }
  }
  /// Throws `typeMismatch` for another kind of value.
  public func string() throws(ABIError) -> String {
    guard case .string(let value) = self else { throw ABIError.typeMismatch }
    return value
  }
  /// The members of an array or a tuple.
  public func members() throws(ABIError) -> [ABIValue] {
    switch self {
    case .array(let members), .tuple(let members): return members
    default: throw ABIError.typeMismatch
    }
  }
}
