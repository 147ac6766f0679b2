import EVM
import Synchronization
import Tempo
import Testing

@Suite struct TempoSignerTests {
  private let digest = Keccak256.hash(utf8: "message")

  private func signers() throws -> [TempoSigner] {
    let p256 = try P256PrivateKey([UInt8](repeating: 9, count: 32))
    return [
      .secp256k1(try Samples.key(9)), .p256(p256), .p256(p256, prehash: true),
      .passkey(try HeadlessPasskey(key: p256, relyingParty: "example.com", origin: "https://example.com")),
    ]
  }

  /// A wallet that answers what a test wants.
  private struct Wallet: Signer {
    let address: Address
    let answer: @Sendable (Hash32) throws -> [UInt8]
    func sign(_ digest: Hash32) async throws -> [UInt8] { try answer(digest) }
  }

  @Test func everyKindSignsTransactionsOfItsAccount() async throws {
    for signer in try signers() {
      let signed = try await Samples.transaction().signed(by: signer)
      let sender = try signed.recover()
      #expect(sender.account == signer.account)
      #expect(sender.accessKey == nil)
      #expect(try SignedTempoTransaction(parsing: signed.serialized) == signed)
      #expect(!signer.isAccessKey)
    }
  }

  @Test func anAccessKeyWrapsItsSignatureOfATransactionAndNothingElse() async throws {
    let account = try Samples.key(1).address
    for signer in try signers().map({ $0.asAccessKey(of: account) }) {
      #expect(signer.isAccessKey)
      let signed = try await Samples.transaction().signed(by: signer)
      let sender = try signed.recover()
      #expect(sender.account == account)
      #expect(sender.accessKey == signer.keyAddress)
      #expect(signed.signature.serialized.starts(with: [0x04] + account.bytes))
      let voucher = try await signer.sign(digest)
      #expect(try voucher.signer(of: digest) == signer.keyAddress)
      #expect(try PrimitiveSignature(parsing: voucher.serialized) == voucher)
    }
  }

  /// `02` §18.3
  @Test func anAccessKeysTransactionHasTheBytesOfTheReference() async throws {
    let memo = "0xef1ed712011ece072f76bd8b82350e000000000000000000001128fb265e760d"
    var transaction = try Samples.transaction()
    let data = try TIP20ABI.transferWithMemoCalldata(
      to: try Samples.key(3).address, amount: 1_000_000, memo: try Hash32(hex: memo))
    transaction.calls = [Call(to: TempoAddress.pathUSD, data: data)]
    let account = try Samples.key(1).address
    let signer = TempoSigner.secp256k1(try Samples.key(3)).asAccessKey(of: account)
    let signed = try await transaction.signed(by: signer)
    #expect(
      KeychainSignature.innerDigest(transaction.signingHash(), account: account).hex
        == "0xe85c258202183c0ed3ef9840f3486c4674bc60d05036532a47f3200fb0f795b7")
    #expect(signed.serialized.count == 302)
    #expect(signed.hash.hex == "0x1af67a8f95cb547e2bf223ecff99fde628a6f7f36ab2e27629cc9058c16ec391")
    #expect(
      try signed.expiringNonceHash().hex
        == "0xc9136d9598663f11232b9221729dcdb80c737f23068e5bdb605407b33059f29d")
  }

  @Test func anAnswerOfAnotherKeyOrFormIsRefused() async throws {
    let key = try Samples.key(1)
    let other = try Samples.key(2)
    let answers: [@Sendable (Hash32) throws -> [UInt8]] = [
      { other.sign($0).bytes65 }, { key.sign(Keccak256.hash($0.bytes)).bytes65 },
      { [0x04] + key.address.bytes + key.sign($0).bytes65 }, { _ in [] },
      { _ in [UInt8](repeating: 0, count: 65) },
      { digest in
        var bytes = key.sign(digest).bytes65
        bytes[64] -= 27
        return bytes
      },
      { key.sign($0).bytes65 + [0x77] },
    ]
    for answer in answers {
      let signer = TempoSigner(Wallet(address: key.address, answer: answer))
      await #expect(throws: TempoError.self) { try await signer.sign(digest) }
      await #expect(throws: TempoError.self) { try await signer.signSecp256k1(digest) }
    }
    let unexpected = TempoSigner(LocalSigner(key: key), keyType: .p256)
    await #expect(throws: TempoError.signature(.unsupportedKind)) { try await unexpected.sign(digest) }
  }

  @Test func aWalletsMarkerIsTakenOff() async throws {
    let key = try Samples.key(1)
    let wallet = Wallet(address: key.address) { key.sign($0).bytes65 + [UInt8](repeating: 0x77, count: 32) }
    #expect(try await TempoSigner(wallet).sign(digest) == .secp256k1(key.sign(digest)))
  }

  @Test func onlySecp256k1SignsWhereNothingElseIsTakenAndOthersAreNotAsked() async throws {
    let asked = Mutex(0)
    let p256 = try P256PrivateKey([UInt8](repeating: 9, count: 32))
    let wallet = Wallet(address: p256.address) { digest in
      asked.withLock { $0 += 1 }
      return try P256Signer(key: p256).signature(over: digest).serialized
    }
    let signer = TempoSigner(wallet, keyType: .p256)
    await #expect(throws: TempoError.signature(.unsupportedKind)) { try await signer.signSecp256k1(digest) }
    #expect(asked.withLock { $0 } == 0)
    #expect(
      try await TempoSigner.secp256k1(try Samples.key(1)).signSecp256k1(digest) == Samples.key(1).sign(digest)
    )
  }

  @Test func requestsNameTheKeyThatWillSign() throws {
    let account = try Samples.key(1).address
    let p256 = TempoSigner.p256(try P256PrivateKey([UInt8](repeating: 9, count: 32)))
    let own = try Samples.transaction().rpcRequest(signedBy: p256)
    #expect(own["keyType"]?.stringValue == "p256")
    #expect(own["from"]?.stringValue == p256.account.hex)
    #expect(own["keyId"] == nil)
    let delegated = try Samples.transaction().rpcRequest(signedBy: p256.asAccessKey(of: account))
    #expect(delegated["from"]?.stringValue == account.hex)
    #expect(delegated["keyId"]?.stringValue == p256.keyAddress.hex)
  }

  @Test func aPasskeysOriginMustBePlain() throws {
    let key = try P256PrivateKey([UInt8](repeating: 9, count: 32))
    for origin in ["https://a\"b", "https://a\\b", "https://ü.example", "a b", "a\u{0}"] {
      #expect(throws: TempoError.invalidField("origin")) {
        try HeadlessPasskey(key: key, relyingParty: "a", origin: origin)
      }
    }
  }

  @Test func secretsAreNotPrinted() throws {
    for signer in try signers() {
      var dumped = ""
      dump(signer, to: &dumped)
      for text in ["\(signer)", String(reflecting: signer), dumped] { #expect(!text.contains("090909")) }
    }
  }
}
