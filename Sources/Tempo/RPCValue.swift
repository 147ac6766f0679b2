import EVM

/// A JSON value of the JSON-RPC interface, made of hexadecimal text, as this module writes and reads it. It is
/// not a parser and needs none: whoever speaks JSON turns it into the type of its own, or the other way round.
public indirect enum RPCValue: Sendable, Hashable {
  /// Present, and nothing: absent members are left out instead.
  case null
  /// `true` or `false`.
  case bool(Bool)
  /// Text; numbers too are hexadecimal text.
  case string(String)
  /// In order.
  case array([RPCValue])
  /// In writing order.
  case object([Member])

  /// One name and its value.
  public struct Member: Sendable, Hashable {
    /// Compared byte for byte.
    public let name: String
    /// What the name stands for.
    public let value: RPCValue

    /// - Parameter name: written as it is.
    public init(_ name: String, _ value: RPCValue) {
      self.name = name
      self.value = value
    }
  }

  static func address(_ address: Address) -> RPCValue { .string(address.hex) }
  static func quantity(_ value: UInt64) -> RPCValue { .string(Hex.quantity(value)) }
  static func quantity(_ value: UInt128) -> RPCValue { .string(Hex.quantity(value)) }

  static func object(_ members: (String, RPCValue)...) -> RPCValue {
    .object(members.map { Member($0.0, $0.1) })
  }

  /// The member of an object.
  public subscript(_ name: String) -> RPCValue? {
    guard case .object(let members) = self else { return nil }
    return members.first { $0.name.utf8.elementsEqual(name.utf8) }?.value
  }

  /// The text, or nil for every other kind of value.
  public var stringValue: String? {
    guard case .string(let text) = self else { return nil }
    return text
  }
}
