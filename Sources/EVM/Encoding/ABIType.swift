/// The types of the contract ABI that payments need.
public indirect enum ABIType: Sendable, Hashable, CustomStringConvertible {
  /// `uintN`, N = 8, 16 … 256.
  case uint(Int)
  /// `intN`, N = 8, 16 … 256, two's complement.
  case int(Int)
  /// 20 bytes, in a word of their own.
  case address
  /// A word of 0 or 1.
  case bool
  /// `bytesN`, N = 1 … 32.
  case fixedBytes(Int)
  /// Any number of bytes.
  case bytes
  /// UTF-8, any number of bytes.
  case string
  /// `T[]`
  case array(ABIType)
  /// `T[n]`
  case fixedArray(ABIType, Int)
  /// Members side by side; without a dynamic one they lie in the head.
  case tuple([ABIType])

  /// Up to 255.
  public static let uint8 = ABIType.uint(8)
  /// Up to 2^32 − 1.
  public static let uint32 = ABIType.uint(32)
  /// Up to 2^64 − 1.
  public static let uint64 = ABIType.uint(64)
  /// Up to 2^96 − 1: the amounts of the channel reserve.
  public static let uint96 = ABIType.uint(96)
  /// Up to 2^128 − 1: the amounts of the exchange and of v1 sessions.
  public static let uint128 = ABIType.uint(128)
  /// Up to 2^256 − 1: the amounts of tokens.
  public static let uint256 = ABIType.uint(256)
  /// A selector.
  public static let bytes4 = ABIType.fixedBytes(4)
  /// A hash, a salt, a memo.
  public static let bytes32 = ABIType.fixedBytes(32)

  /// The spelling inside a canonical signature.
  public var description: String {
    switch self {
    case .uint(let bits): "uint\(bits)"
    case .int(let bits): "int\(bits)"
    case .address: "address"
    case .bool: "bool"
    case .fixedBytes(let count): "bytes\(count)"
    case .bytes: "bytes"
    case .string: "string"
    case .array(let element): "\(element)[]"
    case .fixedArray(let element, let count): "\(element)[\(count)]"
    case .tuple(let members): Self.list(members)
    }
  }

  /// `(T,U,…)`
  static func list(_ types: [ABIType]) -> String {
    "(" + types.map(\.description).joined(separator: ",") + ")"
  }

  /// Whether a value is reached through an offset in the head.
  public var isDynamic: Bool {
    switch self {
    case .bytes, .string, .array: true
    case .fixedArray(let element, _): element.isDynamic
    case .tuple(let members): members.contains { $0.isDynamic }
    case .uint, .int, .address, .bool, .fixedBytes: false
    }
  }

  /// Bytes in the head: one word for a dynamic type, all words of a static one.
  var headSize: Int {
    if isDynamic { return 32 }
    return switch self {
    case .fixedArray(let element, let count): element.headSize * count
    case .tuple(let members): members.reduce(0) { $0 + $1.headSize }
    default: 32
    }
  }

  /// Widths that exist, lengths that are not negative, and no type without size inside an array: such an
  /// array could claim any length.
  var isWellFormed: Bool {
    switch self {
    case .uint(let bits), .int(let bits): bits % 8 == 0 && (8...256).contains(bits)
    case .fixedBytes(let count): (1...32).contains(count)
    case .address, .bool, .bytes, .string: true
    case .array(let element): element.isWellFormed && element.headSize > 0
    case .fixedArray(let element, let count):
      element.isWellFormed && element.headSize > 0 && (0...65_536).contains(count)
    case .tuple(let members): members.allSatisfy { $0.isWellFormed }
    }
  }
}
