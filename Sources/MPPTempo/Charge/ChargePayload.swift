public import EVM
public import MPPCore

/// What a credential pays a charge with (`06` §1.4).
public enum ChargePayload: Sendable, Hashable {
  /// A signed transaction for the server to broadcast, `0x76` or `0x78`.
  case transaction([UInt8])
  /// The hash of a transaction the payer has broadcast; letter case does not matter.
  case hash(Hash32)
  /// A signature that proves the account, where nothing is paid.
  case proof([UInt8])

  /// Longest signature or transaction that is decoded, in bytes.
  public static let maximumBytes = 65_536

  /// Unknown members are dropped. Throws for everything that is none of the three.
  public init(parsing value: JSONValue) throws(ChargePayloadError) {
    switch value["type"]?.nameValue {
    case "transaction": self = .transaction(try Self.bytes(value))
    case "proof": self = .proof(try Self.bytes(value))
    case "hash":
      guard let text = value["hash"]?.stringValue, WireText.isHex(text, count: 64),
        let hash = try? Hash32(hex: text)
      else { throw ChargePayloadError() }
      self = .hash(hash)
    default: throw ChargePayloadError()
    }
  }

  /// An odd number of digits is no number of bytes.
  private static func bytes(_ value: JSONValue) throws(ChargePayloadError) -> [UInt8] {
    guard let text = value["signature"]?.stringValue, WireText.isHex(text),
      text.utf8.count <= 2 + 2 * maximumBytes, let bytes = try? Hex.decode(text)
    else { throw ChargePayloadError() }
    return bytes
  }

  /// The payload object of a credential: `type` with `signature` or `hash`, in lower-case hexadecimal.
  public var jsonValue: JSONValue {
    switch self {
    case .transaction(let bytes):
      .object([
        .init(key: "signature", value: .string(Hex.encode(bytes))),
        .init(key: "type", value: .string("transaction")),
      ])
    case .hash(let hash):
      .object([
        .init(key: "hash", value: .string(hash.hex)), .init(key: "type", value: .string("hash")),
      ])
    case .proof(let bytes):
      .object([
        .init(key: "signature", value: .string(Hex.encode(bytes))),
        .init(key: "type", value: .string("proof")),
      ])
    }
  }
}

/// A payload that is not one of a charge.
public struct ChargePayloadError: Error, Sendable, Hashable, CustomStringConvertible {
  /// An error without a field: the problem document names no reason for a payload of the wrong shape.
  public init() {}
  public var description: String { "Invalid charge payload." }
}
