import MPPCore
import Testing

@Suite struct AmountTests {
  @Test func baseUnitsAreDigitsOnly() throws {
    #expect(try Amount(baseUnits: "1000000").units == 1_000_000)
    #expect(try Amount(baseUnits: "007") == Amount(units: 7))
    for text in ["-1", "+1", "1.0", "1e3", " 1", "1 ", "0x10", "1_000", "١", "１"] {
      #expect(throws: AmountError.invalidCharacter, "\(text)") { try Amount(baseUnits: text) }
    }
    #expect(throws: AmountError.empty) { try Amount(baseUnits: "") }
  }

  @Test func aNumberBeyond128BitsIsAnError() throws {
    let largest = "340282366920938463463374607431768211455"
    #expect(try Amount(baseUnits: largest).units == .max)
    #expect(throws: AmountError.overflow) { try Amount(baseUnits: "340282366920938463463374607431768211456") }
    #expect(throws: AmountError.overflow) { try Amount(baseUnits: String(repeating: "9", count: 78)) }
    #expect(throws: AmountError.tooLong) { try Amount(baseUnits: String(repeating: "0", count: 79)) }
    #expect(throws: AmountError.overflow) { try Amount(decimal: largest, decimals: 1) }
  }

  @Test func arithmeticNeverWraps() throws {
    let largest = Amount(units: .max)
    #expect(throws: AmountError.overflow) { try largest.adding(Amount(units: 1)) }
    #expect(throws: AmountError.underflow) { try Amount.zero.subtracting(Amount(units: 1)) }
    #expect(throws: AmountError.overflow) { try largest.multiplied(by: 2) }
    #expect(try Amount(units: 3).multiplied(by: 4).adding(Amount(units: 1)) == Amount(units: 13))
    #expect(Amount.maxUInt96.description == "79228162514264337593543950335")
  }

  @Test func decimalsAreExactAndNeverRounded() throws {
    #expect(try Amount(decimal: "0.01", decimals: 6).units == 10_000)
    #expect(try Amount(decimal: "1.500000000", decimals: 6).units == 1_500_000)
    #expect(try Amount(decimal: "007", decimals: 2).units == 700)
    for text in ["0.0000005", "1.9999999"] {
      #expect(throws: AmountError.tooManyFractionDigits(decimals: 6), "\(text)") {
        try Amount(decimal: text, decimals: 6)
      }
    }
    #expect(throws: AmountError.tooManyFractionDigits(decimals: 0)) {
      try Amount(decimal: "1.5", decimals: 0)
    }
    for text in [".5", "5.", "1.2.3", "-1", "1e3", "1,5", "."] {
      #expect(throws: AmountError.invalidCharacter, "\(text)") { try Amount(decimal: text, decimals: 6) }
    }
    #expect(throws: AmountError.invalidDecimals) { try Amount(decimal: "1", decimals: 39) }
  }

  @Test func decimalStringReadsBack() throws {
    for (units, text) in [
      (0, "0"), (1, "0.000001"), (10_000, "0.01"), (1_000_000, "1"), (12_345_678, "12.345678"),
    ] {
      let amount = Amount(units: UInt128(units))
      #expect(amount.decimalString(decimals: 6) == text)
      #expect(try Amount(decimal: text, decimals: 6) == amount)
    }
    #expect(Amount(units: 5).decimalString(decimals: 0) == "5")
  }
}
