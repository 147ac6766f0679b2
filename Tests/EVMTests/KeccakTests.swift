import EVM
import Testing

@Suite struct KeccakTests {
  @Test func emptyAndShortInput() {
    #expect(
      Keccak256.hash([]).hex == "0xc5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470")
    #expect(
      Keccak256.hash(utf8: "abc").hex == "0x4e03657aea45a94fc7d47ba826c8d667c0d1e6e33a64a036ec44f58fa12d6c45")
  }

  /// Values of an independent implementation for `count` times the letter a: the block has 136 bytes.
  @Test(arguments: [
    (127, "0x2985b12ded0bf77d3a81e1b504266c2ef82a7abc05aab74dfd3fcd9bf9d25ff2"),
    (128, "0x81555b8e18b3c117311c16373b1aa78c0a84aad7b8f7f4c753d0021fd9a6700e"),
    (135, "0x34367dc248bbd832f4e3e69dfaac2f92638bd0bbd18f2912ba4ef454919cf446"),
    (136, "0xa6c4d403279fe3e0af03729caada8374b5ca54d8065329a3ebcaeb4b60aa386e"),
    (137, "0xd869f639c7046b4929fc92a4d988a8b22c55fbadb802c0c66ebcd484f1915f39"),
    (271, "0x132f47effd6c8b1b299efa53fe68aece77ec8ae4eb2e294f668eec94f76001e1"),
    (272, "0xcf7fcd4f705ee749930d19ca84561a9bf62516bd90a471545fa2f49fdc7e63c8"),
    (273, "0x5a7b8187d2778e614097fac3097573de1fee4d972304d3360796a857029bb176"),
  ])
  func inputAroundTheBlockSize(count: Int, expected: String) {
    #expect(Keccak256.hash([UInt8](repeating: 0x61, count: count)).hex == expected)
  }

  @Test func piecesOfAnySizeGiveTheSameHash() {
    let message = (0..<300).map { UInt8(truncatingIfNeeded: $0 * 7 + 3) }
    let whole = Keccak256.hash(message)
    var cases = 0
    for size in 1...140 {
      var hasher = Keccak256()
      var index = 0
      while index < message.count {
        let end = min(index + size, message.count)
        hasher.update(message[index..<end])
        index = end
      }
      #expect(hasher.finalize() == whole)
      cases += 1
    }
    print("keccak pieces: \(cases) passed, 0 failed")
  }

  @Test func wordsAndAddressesCountAsTheirBytesAtAnyPosition() throws {
    let word = Keccak256.hash(utf8: "word")
    let address = Address(truncating: word)
    for prefix in 0..<140 {
      let bytes = [UInt8](repeating: 5, count: prefix)
      var hasher = Keccak256()
      hasher.update(bytes)
      hasher.update(word)
      hasher.update(address)
      hasher.update(byte: 9)
      #expect(hasher.finalize() == Keccak256.hash(bytes + word.bytes + address.bytes + [9]))
    }
    #expect(Keccak256.hash(word, word) == Keccak256.hash(word.bytes + word.bytes))
    #expect(Keccak256.hash(word, .zero, word) == Keccak256.hash(word.bytes + Hash32.zero.bytes + word.bytes))
  }

  @Test func finalizingDoesNotEndTheHasher() {
    var hasher = Keccak256()
    hasher.update([1, 2])
    #expect(hasher.finalize() == Keccak256.hash([1, 2]))
    hasher.update([3])
    #expect(hasher.finalize() == Keccak256.hash([1, 2, 3]))
  }
}
