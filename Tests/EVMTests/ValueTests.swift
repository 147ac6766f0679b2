import EVM
import Testing

@Suite struct Hash32Tests {
  @Test func takesExactly32Bytes() throws {
    let bytes = (0..<32).map { UInt8($0) }
    let hash = try Hash32(bytes)
    #expect(hash.bytes == bytes)
    #expect(hash.hex == "0x000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f")
    #expect(try Hash32(hex: hash.hex.uppercased().replacing("0X", with: "0x")) == hash)
    #expect(try Hash32(([9] + bytes)[1...]) == hash)
    for count in [0, 31, 33] {
      #expect(throws: EVMError.invalidLength(expected: 32, actual: count)) {
        try Hash32([UInt8](repeating: 1, count: count))
      }
    }
  }

  @Test func ordersLikeTheBytes() throws {
    var words: [Hash32] = []
    for position in 0..<32 {
      var bytes = [UInt8](repeating: 0, count: 32)
      bytes[31 - position] = 0x80
      words.append(try Hash32(bytes))
    }
    #expect(words == words.sorted())
    #expect(Set(words).count == 32)
    #expect(Hash32.zero.isZero && !words[0].isZero && !words[31].isZero)
  }
}

@Suite struct AddressTests {
  // The examples of EIP-55.
  static let spelled = [
    "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed", "0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359",
    "0xdbF03B407c01E7cD3CBea99509d93f8DDDC8C6FB", "0xD1220A0cf47c7B9Be7A2E6BA89F429762e7b9aDb",
  ]

  @Test(arguments: spelled) func spellsTheChecksum(text: String) throws {
    #expect(try Address(hex: text).checksummed == text)
    #expect(try Address(hex: text).hex == text.lowercased())
    #expect(try Address(checksummed: text) == Address(hex: text.lowercased()))
    #expect(try Address(checksummed: text.lowercased()).checksummed == text)
  }

  @Test(arguments: spelled) func strictReadingRefusesOtherSpellings(text: String) throws {
    let upper = "0x" + text.dropFirst(2).uppercased()
    #expect(throws: EVMError.invalidChecksum) { try Address(checksummed: upper) }
    #expect(throws: EVMError.invalidChecksum) {
      try Address(checksummed: text.dropLast() + swapped(text.last))
    }
    #expect(try Address(hex: upper) == Address(hex: text))
  }

  private func swapped(_ character: Character?) -> String {
    let text = String(character ?? "0")
    let other = text == text.uppercased() ? text.lowercased() : text.uppercased()
    return other == text ? "A" : other
  }

  @Test(arguments: [
    "", "0x", "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAe", "5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed",
    "0X5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed", "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAedd0",
    "tempox0x20c0000000000000000000000000000000000000",
  ])
  func malformedTextIsRefused(text: String) {
    #expect(throws: EVMError.self) { try Address(hex: text) }
    #expect(throws: EVMError.self) { try Address(checksummed: text) }
  }

  @Test func wordsAreLeftPadded() throws {
    let bytes = (1...20).map { UInt8($0) }
    let address = try Address(bytes)
    #expect(address.bytes == bytes)
    #expect(address.word.bytes == [UInt8](repeating: 0, count: 12) + bytes)
    #expect(try Address(word: address.word) == address)
    for position in 0..<12 {
      var word = address.word.bytes
      word[position] = 1
      #expect(throws: EVMError.self) { try Address(word: Hash32(word)) }
      #expect(try Address(truncating: Hash32(word)) == address)
    }
    #expect(Address.zero.isZero && !address.isZero)
    #expect(Address.zero < address)
  }
}

@Suite struct UInt256Tests {
  @Test func decimalAndHexadecimalText() throws {
    let cases: [(String, String)] = [
      ("0", "0x0"), ("1", "0x1"), ("18446744073709551616", "0x10000000000000000"),
      ("340282366920938463463374607431768211456", "0x100000000000000000000000000000000"),
      (
        "115792089237316195423570985008687907853269984665640564039457584007913129639935",
        "0x" + String(repeating: "f", count: 64)
      ),
      (
        "10000000000000000000000000000000000000000000000000000000000",
        "0x65e9f6cec62b23ed56a09a08cccff45ec1cfae10000000000"
      ),
    ]
    for (decimal, hex) in cases.dropLast() {
      let value = try UInt256(decimal: decimal)
      #expect(value.description == decimal)
      #expect(value.hexQuantity == hex)
      #expect(try UInt256(quantity: hex) == value)
    }
    let round = try UInt256(decimal: cases[5].0)
    #expect(round.description == cases[5].0)
    #expect(try UInt256(quantity: round.hexQuantity) == round)
  }

  @Test func overflowIsAnError() throws {
    let tooLarge = "115792089237316195423570985008687907853269984665640564039457584007913129639936"
    #expect(throws: EVMError.integerOverflow) { try UInt256(decimal: tooLarge) }
    #expect(throws: EVMError.integerOverflow) { try UInt256.max.adding(1) }
    #expect(throws: EVMError.integerOverflow) { try UInt256.zero.subtracting(1) }
    #expect(throws: EVMError.invalidLength(expected: 32, actual: 33)) {
      try UInt256(bigEndian: [UInt8](repeating: 0, count: 33))
    }
    #expect(throws: EVMError.invalidQuantity) { try UInt256(decimal: "-1") }
    #expect(throws: EVMError.invalidQuantity) { try UInt256(decimal: "") }
  }

  @Test func carriesAndBorrowsCrossEveryLimb() throws {
    for limbs in 1...3 {
      let ones = try UInt256(bigEndian: [UInt8](repeating: 0xff, count: 8 * limbs))
      let power = try UInt256(bigEndian: [1] + [UInt8](repeating: 0, count: 8 * limbs))
      #expect(try ones.adding(1) == power)
      #expect(try power.subtracting(1) == ones)
      #expect(try power.subtracting(ones) == 1)
      #expect(ones < power)
      #expect(power.significantBits == 64 * limbs + 1)
      #expect(try UInt256.max.subtracting(power).adding(power) == .max)
    }
    #expect(UInt256.zero.significantBits == 0)
    #expect(UInt256.max.significantBits == 256)
  }

  @Test func narrowsOnlyWhatFits() throws {
    #expect(UInt256(UInt64.max).uint64 == .max)
    #expect(UInt256(UInt128.max).uint64 == nil)
    #expect(UInt256(UInt128.max).uint128 == .max)
    #expect(try UInt256(UInt128.max).adding(1).uint128 == nil)
    #expect(UInt256(256 as UInt64).minimalBytes == [1, 0])
    #expect(UInt256.zero.minimalBytes == [])
    #expect(UInt256.zero.bytes32 == [UInt8](repeating: 0, count: 32))
  }
}
