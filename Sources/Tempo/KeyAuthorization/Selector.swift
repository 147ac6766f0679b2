public import EVM

/// The four bytes that name a function in calldata.
public struct Selector: Sendable, Hashable, CustomStringConvertible {
  private let value: UInt32

  /// Exactly four bytes.
  public init(_ bytes: [UInt8]) throws(EVMError) {
    guard bytes.count == 4 else { throw EVMError.invalidLength(expected: 4, actual: bytes.count) }
    value = bytes.reduce(0) { $0 << 8 | UInt32($1) }
  }

  /// The first four bytes of the hash of the function's signature.
  public init(_ function: ABIFunction) {
    value = function.selector.reduce(0) { $0 << 8 | UInt32($1) }
  }

  /// Four bytes.
  public var bytes: [UInt8] { [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: value >> UInt32($0)) } }
  /// `0x` and eight lower-case digits.
  public var hex: String { Hex.encode(bytes) }
  public var description: String { hex }
}
