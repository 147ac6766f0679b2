/// Writes values in canonical form: heads in order, tails in order, no gaps, nothing shared.
enum ABIEncoder {
  static func sequence(_ types: [ABIType], _ values: [ABIValue]) throws(ABIError) -> [UInt8] {
    guard types.count == values.count else { throw ABIError.typeMismatch }
    let headSize = types.reduce(0) { $0 + $1.headSize }
    var head: [UInt8] = []
    var tail: [UInt8] = []
    head.reserveCapacity(headSize)
    for index in types.indices {
      let encoded = try value(types[index], values[index])
      if types[index].isDynamic {
        append(UInt64(headSize + tail.count), to: &head)
        tail += encoded
      } else {
        head += encoded
      }
    }
    return head + tail
  }

  private static func value(_ type: ABIType, _ value: ABIValue) throws(ABIError) -> [UInt8] {
    switch (type, value) {
    case (.uint(let bits), .uint(let number)):
      guard number.significantBits <= bits else { throw ABIError.outOfRange }
      return number.bytes32
    case (.int(let bits), .signed(let number)):
      guard number.fitsSigned(bits: bits) else { throw ABIError.outOfRange }
      return number.bytes32
    case (.address, .address(let address)):
      return address.word.bytes
    case (.bool, .bool(let flag)):
      return UInt256(flag ? 1 : 0 as UInt64).bytes32
    case (.fixedBytes(let count), .fixedBytes(let bytes)):
      guard bytes.count == count else { throw ABIError.outOfRange }
      return padded(bytes)
    case (.bytes, .bytes(let bytes)):
      return prefixed(bytes)
    case (.string, .string(let text)):
      return prefixed(Array(text.utf8))
    case (.array(let element), .array(let members)):
      var encoded: [UInt8] = []
      append(UInt64(members.count), to: &encoded)
      return encoded + (try sequence(Array(repeating: element, count: members.count), members))
    case (.fixedArray(let element, let count), .array(let members)):
      return try sequence(Array(repeating: element, count: count), members)
    case (.tuple(let types), .tuple(let members)):
      return try sequence(types, members)
    default:
      throw ABIError.typeMismatch
    }
  }

  private static func prefixed(_ bytes: [UInt8]) -> [UInt8] {
    var encoded: [UInt8] = []
    append(UInt64(bytes.count), to: &encoded)
    return encoded + padded(bytes)
  }

  private static func padded(_ bytes: [UInt8]) -> [UInt8] {
    bytes + [UInt8](repeating: 0, count: (32 - bytes.count % 32) % 32)
  }

  private static func append(_ number: UInt64, to bytes: inout [UInt8]) {
    UInt256(number).word.append(to: &bytes)
  }
}

extension UInt256 {
  /// Whether a two's complement number fits a signed type of `bits` bits: all bits above are its sign.
  func fitsSigned(bits: Int) -> Bool {
    let negative = limbs[0] >> 63 == 1
    let magnitude = negative ? UInt256(limbs: ~limbs[0], ~limbs[1], ~limbs[2], ~limbs[3]) : self
    return magnitude.significantBits < bits
  }
}
