import EVM
import MPPCore

/// Positional parameters of a call, read with the errors JSON-RPC has for them.
struct RPCParameters: Sendable {
  let values: [JSONValue]

  subscript(index: Int) -> JSONValue? {
    guard index < values.count, !values[index].isNull else { return nil }
    return values[index]
  }

  func text(_ index: Int) throws(RPCFailure) -> String {
    guard let text = self[index]?.stringValue else {
      throw .invalidParameters("invalid argument \(index): expected a string")
    }
    return text
  }

  func bytes(_ index: Int) throws(RPCFailure) -> [UInt8] { try Self.bytes(self[index], "argument \(index)") }
  func address(_ index: Int) throws(RPCFailure) -> Address {
    try Self.address(self[index], "argument \(index)")
  }
  func hash(_ index: Int) throws(RPCFailure) -> Hash32 { try Self.hash(self[index], "argument \(index)") }
  func quantity(_ index: Int) throws(RPCFailure) -> UInt64 {
    try Self.quantity(self[index], "argument \(index)")
  }
  func uint256(_ index: Int) throws(RPCFailure) -> UInt256 {
    try Self.uint256(self[index], "argument \(index)")
  }

  // MARK: Single values

  static func bytes(_ value: JSONValue?, _ name: String) throws(RPCFailure) -> [UInt8] {
    guard let text = value?.stringValue else { throw invalid(name, "hex data") }
    do { return try Hex.decode(text) } catch { throw invalid(name, "hex data") }
  }

  static func address(_ value: JSONValue?, _ name: String) throws(RPCFailure) -> Address {
    guard let text = value?.stringValue else { throw invalid(name, "an address") }
    do { return try Address(hex: text) } catch { throw invalid(name, "an address") }
  }

  static func hash(_ value: JSONValue?, _ name: String) throws(RPCFailure) -> Hash32 {
    guard let text = value?.stringValue else { throw invalid(name, "32 bytes") }
    do { return try Hash32(hex: text) } catch { throw invalid(name, "32 bytes") }
  }

  static func quantity(_ value: JSONValue?, _ name: String) throws(RPCFailure) -> UInt64 {
    guard let value = try uint256(value, name).uint64 else { throw invalid(name, "a quantity of 64 bits") }
    return value
  }

  /// A hex quantity, a JSON number or, for amounts, a decimal string. `0x` is zero: viem writes call values so.
  static func uint256(_ value: JSONValue?, _ name: String) throws(RPCFailure) -> UInt256 {
    if let number = value?.intValue, number >= 0 { return UInt256(UInt64(number)) }
    guard let text = value?.stringValue else { throw invalid(name, "a quantity") }
    if text == "0x" { return .zero }
    do {
      return try text.hasPrefix("0x") ? UInt256(quantity: text) : UInt256(decimal: text)
    } catch {
      throw invalid(name, "a quantity")
    }
  }

  private static func invalid(_ name: String, _ expected: String) -> RPCFailure {
    .invalidParameters("invalid \(name): expected \(expected)")
  }
}
