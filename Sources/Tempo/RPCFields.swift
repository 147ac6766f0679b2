import EVM

/// Typed reading of JSON-RPC members that says which one failed.
enum RPCFields {
  static func text(_ value: RPCValue?, _ field: String) throws(TempoError) -> String {
    guard let text = value?.stringValue else { throw .invalidField(field) }
    return text
  }

  static func bytes(_ value: RPCValue?, _ field: String) throws(TempoError) -> [UInt8] {
    let text = try text(value, field)
    do { return try Hex.decode(text) } catch { throw .invalidField(field) }
  }

  static func address(_ value: RPCValue?, _ field: String) throws(TempoError) -> Address {
    let text = try text(value, field)
    do { return try Address(hex: text) } catch { throw .invalidField(field) }
  }

  static func hash(_ value: RPCValue?, _ field: String) throws(TempoError) -> Hash32 {
    let text = try text(value, field)
    do { return try Hash32(hex: text) } catch { throw .invalidField(field) }
  }

  /// A quantity, with or without leading zeros. The reference writes zero as `0x`.
  static func uint256(_ value: RPCValue?, _ field: String) throws(TempoError) -> UInt256 {
    let text = try text(value, field)
    guard !text.utf8.elementsEqual("0x".utf8) else { return .zero }
    do { return try UInt256(quantity: text) } catch { throw .invalidField(field) }
  }

  static func word(_ value: RPCValue?, _ field: String) throws(TempoError) -> Hash32 {
    try uint256(value, field).word
  }

  static func uint64(_ value: RPCValue?, _ field: String) throws(TempoError) -> UInt64 {
    guard let number = try uint256(value, field).uint64 else { throw .invalidField(field) }
    return number
  }

  /// An array, `nil` when the member is null or not there.
  static func array(_ value: RPCValue?, _ field: String) throws(TempoError) -> [RPCValue]? {
    switch value {
    case nil, .null: return nil
    case .array(let items): return items
    default: throw .invalidField(field)
    }
  }

  /// A value that is not null, if there is one.
  static func present(_ value: RPCValue?) -> RPCValue? { value == .null ? nil : value }

  /// `yParity` 0/1, or `v` 0/1/27/28; both, if they agree.
  static func parity(_ value: RPCValue) throws(TempoError) -> UInt8 {
    var parity: UInt64?
    if let member = present(value["yParity"]) { parity = try uint64(member, "yParity") }
    if let member = present(value["v"]) {
      let v = try uint64(member, "v")
      let fromV = v == 27 || v == 28 ? v - 27 : v
      guard parity == nil || parity == fromV else { throw .signature(.nonCanonicalByte) }
      parity = fromV
    }
    guard let parity, parity <= 1 else { throw .signature(.nonCanonicalByte) }
    return UInt8(parity)
  }
}
