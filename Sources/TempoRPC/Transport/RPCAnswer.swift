import EVM
import MPPCore

/// Reads the value forms of Ethereum JSON-RPC strictly: anything unexpected is `.invalidAnswer`.
enum RPCAnswer {
  /// A quantity: `0x0`, or `0x` and hex digits without a leading zero; at most 128 bits.
  static func quantity(_ value: JSONValue?, _ name: String) throws(ChainError) -> UInt128 {
    guard let text = value?.stringValue?.utf8, text.starts(with: "0x".utf8) else { throw invalid(name) }
    let digits = text.dropFirst(2)
    guard (1...32).contains(digits.count), digits.count == 1 || digits.first != UInt8(ascii: "0"),
      digits.allSatisfy(isHexDigit), let number = UInt128(String(Substring(digits)), radix: 16)
    else { throw invalid(name) }
    return number
  }

  static func quantity64(_ value: JSONValue?, _ name: String) throws(ChainError) -> UInt64 {
    guard let number = UInt64(exactly: try quantity(value, name)) else { throw invalid(name) }
    return number
  }

  static func data(_ value: JSONValue?, _ name: String) throws(ChainError) -> [UInt8] {
    guard let text = value?.stringValue, text.utf8.starts(with: "0x".utf8) else { throw invalid(name) }
    do { return try Hex.decode(text) } catch { throw invalid(name) }
  }

  static func hash(_ value: JSONValue?, _ name: String) throws(ChainError) -> Hash32 {
    do { return try Hash32(try data(value, name)) } catch { throw invalid(name) }
  }

  static func address(_ value: JSONValue?, _ name: String) throws(ChainError) -> Address {
    guard let text = value?.stringValue else { throw invalid(name) }
    do { return try Address(hex: text) } catch { throw invalid(name) }
  }

  static func hex(_ number: some UnsignedInteger & FixedWidthInteger) -> JSONValue {
    .string("0x" + String(number, radix: 16))
  }

  static func invalid(_ name: String) -> ChainError {
    ChainError(.invalidAnswer, "the node's answer has no valid \(name)")
  }

  private static func isHexDigit(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "f"),
      UInt8(ascii: "A")...UInt8(ascii: "F"):
      true
    default: false
    }
  }
}
