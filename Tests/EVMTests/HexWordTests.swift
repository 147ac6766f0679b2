import EVM
import Testing

/// Hexadecimal digits are read eight at a time; the rules are those of single digits.
struct HexWordTests {
  private func isDigit(_ byte: UInt8) -> Bool {
    (0x30...0x39).contains(byte) || (0x41...0x46).contains(byte) || (0x61...0x66).contains(byte)
  }

  private func text(_ bytes: [UInt8]) -> String? { String(validating: bytes, as: UTF8.self) }

  @Test func everyByteInEveryPlaceIsADigitOrARefusal() throws {
    let good = Array(("0x" + String(repeating: "0123456789abcdefABCDEF5a", count: 3).prefix(64)).utf8)
    for index in 2..<good.count {
      for byte in UInt8.min...UInt8(0x7F) {
        var changed = good
        changed[index] = byte
        let word = try #require(text(changed))
        #expect(((try? Hash32(hex: word)) != nil) == isDigit(byte), "byte \(byte) at \(index)")
        #expect(((try? Hex.decode(word)) != nil) == isDigit(byte), "byte \(byte) at \(index)")
        if index < 42 {
          let address = try #require(text(Array(changed[..<42])))
          #expect(((try? Address(hex: address)) != nil) == isDigit(byte), "byte \(byte) at \(index)")
        }
      }
    }
    for wide in ["é", "Ａ", "０"] {
      #expect(throws: EVMError.self) {
        try Hex.decode("0x" + wide + String(repeating: "0", count: 12 - wide.utf8.count))
      }
    }
  }

  @Test func digitsOfAllLengthsGoThereAndBack() throws {
    for count in 0...70 {
      let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 89 &+ 7 &* count) }
      let hex = Hex.encode(bytes)
      #expect(
        hex == "0x"
          + bytes.map { byte in String(byte >> 4, radix: 16) + String(byte & 15, radix: 16) }.joined())
      #expect(try Hex.decode(hex) == bytes)
      #expect(try Hex.decode("0x" + hex.dropFirst(2).uppercased()) == bytes)
      #expect("0x" + Hex.encodeUnprefixed(bytes) == hex)
      if count == 32 {
        #expect(try Hash32(hex: hex).bytes == bytes)
        #expect(try Hash32(hex: hex).hex == hex)
      }
      if count == 20 { #expect(try Address(hex: hex).bytes == bytes) }
    }
  }

  @Test func lengthsAndPrefixesAreNamedAsBefore() {
    #expect(throws: EVMError.invalidHex) { try Hash32(hex: "") }
    #expect(throws: EVMError.invalidHex) { try Hash32(hex: "0x1") }
    #expect(throws: EVMError.invalidLength(expected: 32, actual: 1)) { try Hash32(hex: "0x11") }
    #expect(throws: EVMError.invalidLength(expected: 20, actual: 32)) {
      try Address(hex: "0x" + String(repeating: "1", count: 64))
    }
    #expect(throws: EVMError.invalidHex) { try Hash32(hex: "0X" + String(repeating: "1", count: 64)) }
    #expect(throws: EVMError.invalidHex) { try Hash32(hex: String(repeating: "1", count: 66)) }
  }
}
