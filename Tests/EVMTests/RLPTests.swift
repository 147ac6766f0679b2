import EVM
import Testing

@Suite struct RLPTests {
  @Test func integersAreMinimalAndZeroIsEmpty() {
    #expect(RLP.encode(RLP.uint(0 as UInt64)) == [0x80])
    #expect(RLP.encode(RLP.uint(127 as UInt64)) == [0x7f])
    #expect(RLP.encode(RLP.uint(128 as UInt128)) == [0x81, 0x80])
    #expect(RLP.encode(RLP.uint(UInt256.max)) == [0xa0] + [UInt8](repeating: 0xff, count: 32))
  }

  @Test func lengthsAroundEveryBorderComeBack() throws {
    var cases = 0
    for count in [0, 1, 2, 54, 55, 56, 57, 255, 256, 257, 65_535, 65_536, 70_000] {
      let string = RLPItem.bytes([UInt8](repeating: 0x80, count: count))
      let list = RLPItem.list([RLPItem](repeating: .bytes([7]), count: min(count, 16_000)))
      for item in [string, list, .list([string, .list([list])])] {
        #expect(try RLP.decode(RLP.encode(item)) == item)
        cases += 1
      }
    }
    print("rlp lengths: \(cases) passed, 0 failed")
  }

  @Test func everySingleByteComesBack() throws {
    for byte in UInt8.min...UInt8.max {
      let item = RLPItem.bytes([byte])
      #expect(try RLP.decode(RLP.encode(item)) == item)
    }
  }

  static let malformed: [([UInt8], RLPError)] = [
    ([], .truncated),
    ([0x81], .truncated),
    ([0x81, 0x7f], .nonCanonicalLength),
    ([0xb8], .truncated),
    ([0xb8, 0x37] + [UInt8](repeating: 1, count: 55), .nonCanonicalLength),
    ([0xb8, 0x00], .nonCanonicalLength),
    ([0xb9, 0x00, 0x38] + [UInt8](repeating: 1, count: 56), .nonCanonicalLength),
    ([0xbf] + [UInt8](repeating: 0xff, count: 8), .truncated),
    ([0xff] + [UInt8](repeating: 0xff, count: 8), .truncated),
    ([0xbb, 0x7f, 0xff, 0xff, 0xff], .truncated),
    ([0xf8, 0x01, 0x01], .nonCanonicalLength),
    ([0xc1], .truncated),
    ([0xc2, 0x81, 0x80, 0x00], .trailingBytes),
    ([0xc1, 0x82, 0x01, 0x02], .truncated),
    ([0xc3, 0xc1, 0x82, 0x01], .truncated),
    ([0x80, 0x80], .trailingBytes),
    ([0x01, 0x01], .trailingBytes),
    ([0xc0, 0x00], .trailingBytes),
  ]

  @Test(arguments: malformed) func malformedInputIsRefused(bytes: [UInt8], error: RLPError) {
    #expect(throws: error) { try RLP.decode(bytes) }
  }

  @Test func limitsBoundDepthSizeAndNumber() throws {
    var nested = RLPItem.list([])
    for _ in 0..<8 { nested = .list([nested]) }
    #expect(try RLP.decode(RLP.encode(nested)) == nested)
    #expect(throws: RLPError.limitExceeded) { try RLP.decode(RLP.encode(.list([nested]))) }
    for _ in 0..<1_000 { nested = .list([nested]) }
    #expect(throws: RLPError.limitExceeded) { try RLP.decode(RLP.encode(nested)) }
    let limits = RLP.Limits(maximumBytes: 10, maximumItems: 3)
    #expect(throws: RLPError.limitExceeded) { try RLP.decode([0xc3, 1, 2, 3], limits: limits) }
    #expect(try RLP.decode([0xc2, 1, 2], limits: limits) == .list([.bytes([1]), .bytes([2])]))
    #expect(throws: RLPError.limitExceeded) {
      try RLP.decode([UInt8](repeating: 0x8b, count: 11), limits: limits)
    }
  }

  @Test func readersCheckTheKindAndTheRange() throws {
    #expect(throws: RLPError.nonCanonicalInteger) { try RLPItem.bytes([0]).uint64() }
    #expect(throws: RLPError.nonCanonicalInteger) { try RLPItem.bytes([0, 1]).uint256() }
    #expect(throws: RLPError.integerOverflow) { try RLPItem.bytes([UInt8](repeating: 1, count: 9)).uint64() }
    #expect(throws: RLPError.integerOverflow) {
      try RLPItem.bytes([UInt8](repeating: 1, count: 17)).uint128()
    }
    #expect(throws: RLPError.integerOverflow) {
      try RLPItem.bytes([UInt8](repeating: 1, count: 33)).uint256()
    }
    #expect(try RLPItem.empty.uint128() == 0)
    #expect(throws: RLPError.typeMismatch) { try RLPItem.list([]).uint64() }
    #expect(throws: RLPError.typeMismatch) { try RLPItem.empty.list() }
    #expect(throws: RLPError.wrongArity(expected: 2, actual: 1)) { try RLPItem.list([.empty]).list(count: 2) }
    #expect(throws: RLPError.wrongLength) { try RLPItem.empty.address() }
    #expect(throws: RLPError.wrongLength) { try RLPItem.bytes([1]).hash() }
    #expect(try RLPItem.empty.optionalAddress() == nil)
    #expect(throws: RLPError.wrongLength) { try RLPItem.bytes([0]).optionalAddress() }
    let address = try Address([UInt8](repeating: 3, count: 20))
    #expect(try RLPItem.address(address).optionalAddress() == address)
  }

  /// Whatever the decoder takes, the encoder writes back: damaged encodings are refused or mean something
  /// else.
  @Test func everyAcceptedInputIsCanonical() throws {
    let item = RLPItem.list([
      .bytes([1]), .empty, .bytes([UInt8](repeating: 9, count: 60)), .list([.bytes([0x80]), .list([])]),
    ])
    let bytes = RLP.encode(item)
    var (cases, accepted) = (0, [[UInt8]]())
    for position in bytes.indices {
      for byte in UInt8.min...UInt8.max {
        var damaged = bytes
        damaged[position] = byte
        cases += 1
        // Refused is fine.
        guard let decoded = try? RLP.decode(damaged) else { continue }
        if RLP.encode(decoded) != damaged { accepted.append(damaged) }
      }
    }
    #expect(accepted.first == nil)
    print("rlp damage: \(cases - accepted.count) passed, \(accepted.count) failed")
  }
}
