import MPPCore
import Testing

@Suite struct Base64Tests {
  @Test func everyLengthReadsBack() throws {
    for count in 0..<70 {
      let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 37 &+ 251) }
      #expect(try Base64URL.decode(Base64URL.encode(bytes)) == bytes)
      #expect(try Base64.decode(Base64.encode(bytes)) == bytes)
      #expect(!Base64URL.encode(bytes).contains("="))
      #expect(Base64.encode(bytes).utf8.count % 4 == 0)
    }
  }

  @Test func bothAlphabetsAndPaddingAreAccepted() throws {
    #expect(try Base64URL.decode("-_-_") == Base64URL.decode("+/+/"))
    #expect(try Base64URL.decode("YQ") == [0x61])
    #expect(try Base64URL.decode("YQ==") == [0x61])
    #expect(try Base64URL.decode("YQ="[...]) == [0x61])
  }

  @Test func everythingElseIsRefused() {
    for text in ["Y Q=", "YQ\n", "YQ==YQ", "!!!!", "YQ\r\n", "YQ,a", "é", "YW\u{0}j"] {
      #expect(throws: Base64Error.self, "\(text)") { try Base64URL.decode(text) }
    }
    #expect(throws: Base64Error.invalidLength) { try Base64URL.decode("A") }
    #expect(throws: Base64Error.invalidLength) { try Base64URL.decode("AAAAA===") }
    #expect(throws: Base64Error.nonZeroTrailingBits) { try Base64URL.decode("YR") }
    #expect(throws: Base64Error.nonZeroTrailingBits) { try Base64URL.decode("YWJ") }
  }
}
