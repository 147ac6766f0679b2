import EVM
import Testing

@Suite struct HexTests {
  @Test func dataIsLowerCaseWithPrefix() throws {
    #expect(Hex.encode([]) == "0x")
    #expect(Hex.encode([0, 0xab, 0xff]) == "0x00abff")
    #expect(Hex.encodeUnprefixed([0x0f]) == "0f")
  }

  @Test func dataOfAnyCaseIsRead() throws {
    #expect(try Hex.decode("0xAbCdeF") == [0xab, 0xcd, 0xef])
    #expect(try Hex.decode("0x") == [])
  }

  @Test(arguments: [
    "", "0", "x", "ab", "0Xab", "0xa", "0xabc", "0xzz", "0x a", "0x-1", "0x😀", "00x1", "0xａｂ",
  ])
  func malformedDataIsRefused(text: String) {
    #expect(throws: EVMError.self) { try Hex.decode(text) }
  }

  @Test func widthIsCheckedBeforeDecoding() {
    #expect(throws: EVMError.invalidLength(expected: 2, actual: 3)) { try Hex.decode("0x010203", count: 2) }
    #expect(throws: EVMError.invalidHex) { try Hex.decode("0x010", count: 2) }
    #expect(throws: EVMError.invalidHex) { try Hex.decode("", count: 2) }
    #expect(throws: EVMError.invalidHex) { try Hex.decode("010203", count: 2) }
  }

  @Test func quantitiesHaveNoLeadingZeros() throws {
    #expect(Hex.quantity(0 as UInt64) == "0x0")
    #expect(Hex.quantity(4096 as UInt64) == "0x1000")
    #expect(Hex.quantity(UInt128.max) == "0x" + String(repeating: "f", count: 32))
    #expect(Hex.quantity(UInt256.max) == "0x" + String(repeating: "f", count: 64))
    #expect(Hex.quantity(UInt256.zero) == "0x0")
  }

  @Test func quantitiesOfNodesMayHaveLeadingZeros() throws {
    #expect(try Hex.uint64(quantity: "0x0") == 0)
    #expect(try Hex.uint64(quantity: "0x00ff") == 255)
    #expect(try Hex.uint64(quantity: "0xffffffffffffffff") == .max)
    #expect(throws: EVMError.integerOverflow) { try Hex.uint64(quantity: "0x10000000000000000") }
  }

  @Test(arguments: ["", "0x", "0X1", "1", "0x1g", "-0x1", "0x" + String(repeating: "0", count: 65)])
  func malformedQuantityIsRefused(text: String) {
    #expect(throws: EVMError.invalidQuantity) { try UInt256(quantity: text) }
  }
}
