/// Contract ABI: arguments, return data, selectors and topics (`02` §1.5).
public enum ABI {
  /// What ``decode(_:_:form:)`` asks of the layout. Ranges and padding of single values are always checked.
  public enum Form: Sendable, Hashable {
    /// Exactly the bytes that ``encode(_:)`` writes: for whatever a peer wants us to sign, sponsor or
    /// forward.
    case canonical
    /// Any offsets inside the data, and bytes nobody refers to: for return data of newer contracts.
    case inBounds
  }

  /// As ``encode(types:_:)``, with each type beside its value.
  public static func encode(_ arguments: [(ABIType, ABIValue)]) throws(ABIError) -> [UInt8] {
    try encode(types: arguments.map(\.0), arguments.map(\.1))
  }

  /// Head and tail of the values, without a selector.
  ///
  /// - Throws: `unsupportedType`, `typeMismatch` for a value of another type or a wrong number of them,
  ///   `outOfRange` for a number too large for its type.
  public static func encode(types: [ABIType], _ values: [ABIValue]) throws(ABIError) -> [UInt8] {
    guard types.allSatisfy({ $0.isWellFormed }) else { throw ABIError.unsupportedType }
    return try ABIEncoder.sequence(types, values)
  }

  /// The values of `types` in `bytes`. Work and memory are bounded by the length of `bytes`: no word of it
  /// is read twice.
  public static func decode(
    _ types: [ABIType], _ bytes: [UInt8], form: Form = .canonical
  ) throws(ABIError) -> [ABIValue] {
    try decode(types, bytes[...], form: form)
  }

  /// As above, for a slice such as calldata without its selector.
  public static func decode(
    _ types: [ABIType], _ bytes: ArraySlice<UInt8>, form: Form = .canonical
  ) throws(ABIError) -> [ABIValue] {
    guard types.allSatisfy({ $0.isWellFormed }) else { throw ABIError.unsupportedType }
    var decoder = ABIDecoder(bytes)
    let values = try decoder.sequence(types, base: 0)
    if form == .canonical {
      guard try ABIEncoder.sequence(types, values) == Array(bytes) else { throw ABIError.nonCanonical }
    }
    return values
  }

  /// The first four bytes of the hash of a canonical signature, `transfer(address,uint256)`.
  public static func selector(_ signature: String) -> [UInt8] {
    Array(Keccak256.hash(utf8: signature).bytes.prefix(4))
  }

  /// The hash of a canonical event signature, `Transfer(address,address,uint256)`.
  public static func eventTopic(_ signature: String) -> Hash32 { Keccak256.hash(utf8: signature) }
}
