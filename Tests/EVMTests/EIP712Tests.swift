import EVM
import Testing

@Suite struct EIP712Tests {
  @Test func domainTypeHashes() {
    #expect(
      EIP712.contractDomainTypeHash.hex
        == "0x8b73c3c69bb8fe3d512ecc4cf759cc79239f7b179b0ffacaa9a75d522b39400f")
    #expect(
      EIP712.domainTypeHash.hex == "0xc2f8787176b8ac6bf7215b4adcc1e069bf4ab82d9ab1df05a57a91d425935b6e")
  }

  /// The message of the EIP: mail from Cow to Bob.
  @Test func exampleOfTheStandard() throws {
    let domain = EIP712.domainSeparator(
      name: "Ether Mail", version: "1", chainID: 1,
      verifyingContract: try Address(hex: "0xCcCCccccCCCCcCCCCCCcCcCccCcCCCcCcccccccC"))
    #expect(domain.hex == "0xf2cee375fa42b42143804025fc449deafd50cc031ca257e0b194a650a912090f")
    let person = EIP712.typeHash("Person(string name,address wallet)")
    func hash(_ name: String, _ wallet: String) throws -> Hash32 {
      EIP712.structHash(typeHash: person, words: [EIP712.string(name), try Address(hex: wallet).word])
    }
    let mail = EIP712.structHash(
      typeHash: EIP712.typeHash(
        "Mail(Person from,Person to,string contents)Person(string name,address wallet)"),
      words: [
        try hash("Cow", "0xCD2a3d9F938E13CD947Ec05AbC7FE734Df8DD826"),
        try hash("Bob", "0xbBbBBBBbbBBBbbbBbbBbbbbBBbBbbbbBbBbbBBbB"), EIP712.string("Hello, Bob!"),
      ])
    #expect(mail.hex == "0xc52c0ee5d84264471806290a3f2c4cecfc5490626bf912d01f240d7a274b371e")
    let digest = EIP712.digest(domainSeparator: domain, structHash: mail)
    #expect(digest.hex == "0xbe609aee343fb3c4b28e1df9e632fca64fcfaede20f02e86244efddf30957bd2")
    #expect(
      digest == Keccak256.hash([0x19, 0x01] + domain.bytes + mail.bytes))
  }

  @Test func domainWithoutContractHasThreeMembers() {
    let expected = Keccak256.hash(
      EIP712.domainTypeHash.bytes + Keccak256.hash(utf8: "MPP").bytes + Keccak256.hash(utf8: "3").bytes
        + UInt256(4217 as UInt64).bytes32)
    #expect(EIP712.domainSeparator(name: "MPP", version: "3", chainID: 4217) == expected)
  }
}
