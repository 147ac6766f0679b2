@testable import EVM

/// The ABI decoder over types of every kind. The first byte chooses the types, the second the form.
enum ABIProperties {
  static let shapes: [[ABIType]] = [
    [.uint256], [.uint8, .int(8), .bool, .address], [.bytes], [.string], [.bytes, .string, .bytes],
    [.array(.uint256)], [.array(.string)], [.array(.array(.bytes))], [.fixedArray(.uint64, 3)],
    [.fixedArray(.bytes, 2)], [.tuple([.uint8, .bytes]), .bool],
    [.array(.tuple([.address, .array(.tuple([.bytes4, .array(.address)]))]))],
    [.fixedBytes(1), .string, .string, .uint256, .address, .bytes32, .array(.uint256)],
    [.array(.array(.array(.array(.bool))))], [.tuple([]), .uint8], [.array(.fixedArray(.uint8, 4))],
  ]

  static func check(_ bytes: [UInt8]) throws {
    guard bytes.count >= 2 else { return }
    let types = shapes[Int(bytes[0]) % shapes.count]
    let data = bytes[2...]
    if let values = try? ABI.decode(types, data) {
      try require(try ABI.encode(types: types, values) == Array(data), "values have two canonical forms")
    }
    if let values = try? ABI.decode(types, data, form: .inBounds) {
      try require(size(values) <= data.count, "the decoder makes more than was sent")
      let canonical = try ABI.encode(types: types, values)
      try require(try ABI.decode(types, canonical) == values, "the canonical form says something else")
    }
  }

  /// Bytes that the values must have come from, without heads.
  private static func size(_ values: [ABIValue]) -> Int {
    values.reduce(0) { sum, value in
      switch value {
      case .uint, .signed, .address, .bool, .fixedBytes: sum + 32
      case .bytes(let bytes): sum + 32 + bytes.count
      case .string(let text): sum + 32 + text.utf8.count
      case .array(let members), .tuple(let members): sum + size(members)
      }
    }
  }
}
