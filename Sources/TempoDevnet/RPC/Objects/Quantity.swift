import EVM
import MPPCore

/// Values as JSON-RPC spells them.
enum Quantity {
  static func hex(_ value: UInt64) -> JSONValue { .string(Hex.quantity(value)) }
  static func hex(_ value: UInt128) -> JSONValue { .string(Hex.quantity(value)) }
  static func hash(_ hash: Hash32) -> JSONValue { .string(hash.hex) }
  static func json(_ address: Address?) -> JSONValue { address.map { .string($0.hex) } ?? .null }
  static func data(_ bytes: [UInt8]) -> String { Hex.encode(bytes) }
  static func address(_ address: Address) -> String { address.hex }
}
