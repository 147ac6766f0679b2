import EVM
import MPPCore
import Tempo
import TempoDevnet
import Testing

/// `02` §9.5, §9.6: access keys that sign, and authorizations that come along in transactions.
@Suite struct KeysInTransactions {
  let h: Harness
  let w: AccessScene
  let id: Address

  init() throws {
    h = try Harness()
    w = try AccessScene(h)
    id = w.key.address
  }

  @Test func aFeeBeyondTheLimitIsNotMined() async throws {
    try await h.send(
      w.sponsored(
        [w.pay(1)], authorization: w.authorization { $0.limits = .list([AccessScene.Terms.limit(1_000)]) }))
    let before = try await h.dump()
    let error = try await h.refusal(w.selfPaid([w.pay(0)]))
    #expect(
      error?.message
        == "keychain validation failed: AccountKeychainError(SpendingLimitExceeded(SpendingLimitExceeded))")
    #expect(try await h.dump() == before)
  }

  @Test func anAccessKeyCannotAuthorizeAnother() async throws {
    try await w.begun()
    let other = try w.authorization { $0.keyID = h.stranger.address }
    #expect(
      try await h.refusal(w.sponsored([w.pay(1)], authorization: other))?.message
        == "access keys cannot authorize other keys, only the root key can authorize new keys")
  }

  @Test func theRootsAuthorizationIsBroughtByTheRootOrByItsKey() async throws {
    let free = try w.authorization {
      $0.expiry = .empty
      $0.isAdmin = RLP.uint(1 as UInt64)
    }
    #expect(try await h.send(w.sponsored([w.pay(1)], authorization: free)).succeeded)
    let other = try w.authorization { $0.keyID = h.stranger.address }
    #expect(
      try await h.refusal(w.sponsored([w.pay(1)], authorization: other))?.message
        == "keychain validation failed: root-signed key authorization must use root transaction signature")
    // What the administrator's key has signed itself it may bring.
    let own = try w.authorization(signedBy: w.key) {
      $0.keyID = h.stranger.address
      $0.account = .address(w.account)
    }
    #expect(try await h.send(w.sponsored([w.pay(1)], authorization: own)).succeeded)
    #expect(h.devnet.accessKey(h.stranger.address, of: w.account)?.isRevoked == false)
  }

  @Test func anAdministratorCannotBeRestricted() async throws {
    let restrictions: [(inout AccessScene.Terms) -> Void] = [
      { _ in },
      {
        $0.expiry = .empty
        $0.limits = .list([])
      },
      {
        $0.expiry = .empty
        $0.scopes = .list([])
      },
    ]
    for restriction in restrictions {
      let grant = try w.authorization {
        restriction(&$0)
        $0.isAdmin = RLP.uint(1 as UInt64)
      }
      #expect(
        try await h.refusal(w.sponsored([w.pay(1)], authorization: grant))?.message
          == "keychain validation failed: admin key authorizations cannot carry expiry, limits, or call scopes"
      )
    }
    let free = try w.authorization {
      $0.expiry = .empty
      $0.isAdmin = RLP.uint(1 as UInt64)
    }
    #expect(try await h.send(w.sponsored([w.pay(1)], authorization: free)).succeeded)
    #expect(h.devnet.accessKey(id, of: w.account)?.isAdmin == true)
  }

  @Test func aKeyThatHasRevokedItselfSpendsNoMore() async throws {
    let free = try w.authorization {
      $0.expiry = .empty
      $0.isAdmin = RLP.uint(1 as UInt64)
    }
    let revoke = try w.call(AccountKeychainABI.revokeKey, [.address(id)])
    let receipt = try await h.send(w.sponsored([revoke, w.pay(1)], authorization: free))
    #expect(receipt.revertName == "KeyAlreadyRevoked")
    // The revocation went with the batch.
    #expect(h.devnet.accessKey(id, of: w.account)?.isRevoked == false)
    #expect(try await h.send(w.sponsored([w.pay(1), revoke])).succeeded)
    #expect(h.devnet.accessKey(id, of: w.account)?.isRevoked == true)
  }

  @Test func theRootKeyCanBringAKeyAlong() async throws {
    let receipt = try await h.send(w.pay(1), from: h.payer) {
      $0.keyAuthorization = try? w.usual()
    }
    #expect(receipt.logs == [try w.keyAuthorized(), try w.paid(1), try h.feeLog(h.payer)])
    #expect(try await w.limit() == [3_000_000, 0])
  }

  @Test func anUnknownKeyIsRefused() async throws {
    #expect(
      try await h.refusal(w.sponsored([w.pay(1)]))?.message
        == "keychain validation failed: AccountKeychainError(KeyNotFound(KeyNotFound))")
  }

  @Test func theTypeOfTheKeyIsPartOfIt() async throws {
    let asP256 = try w.authorization { $0.keyType = 1 }
    #expect(
      try await h.refusal(w.sponsored([w.pay(1)], authorization: asP256))?.message
        .contains("SignatureTypeMismatch") == true)
    try await h.send(w.authorizeKey(id, type: 1), from: h.payer)
    #expect(
      try await h.refusal(w.sponsored([w.pay(1)]))?.message.contains("SignatureTypeMismatch") == true)
  }

  @Test func aP256KeySignsAsAccessKey() async throws {
    let passkey = try P256PrivateKey([UInt8](repeating: 5, count: 32))
    try await h.send(
      w.authorizeKey(
        passkey.address, type: 1,
        limits: [.tuple([.address(TempoAddress.pathUSD), .uint(7 as UInt64), .uint(0 as UInt64)])]),
      from: h.payer)
    let transaction = h.transaction([try w.pay(7)]) { $0.feePayer = .awaitingFeePayer }
    let inner = KeychainSignature.innerDigest(transaction.signingHash(), account: w.account)
    let signature = try passkey.sign(inner, prehash: false)
    let envelope =
      [4] + w.account.bytes + [1] + signature.r.bytes + signature.s.bytes + passkey.publicKey.x.bytes
      + passkey.publicKey.y.bytes + [0]
    let handOff = try transaction.signed(SignatureEnvelope(parsing: envelope)).handOff(sender: w.account)
    let raw = try h.cosigned(handOff, sender: h.payer, by: h.sponsor)
    let receipt = try await h.send(raw)
    #expect(receipt.succeeded)
    #expect(receipt.sender == w.account)
    let shown = try await h.rpc("eth_getTransactionByHash", .string(receipt.hash.hex))
    #expect(shown["signature"]?["keyId"]?.stringValue == passkey.address.hex)
    #expect(shown["signature"]?["signature"]?["type"] == "p256")
  }

  @Test func tooManyLimitsOrScopes() async throws {
    let limits = (0..<257).map { number in
      RLPItem.list([
        .address(Address(truncating: UInt256(UInt64(number + 1)).word)), RLP.uint(1 as UInt64),
      ])
    }
    let transaction = HandWritten(h)
    func raw(_ fields: [RLPItem]) -> [UInt8] {
      let authorization = RLPItem.list(
        [RLP.uint(1337 as UInt64), .empty, .address(id), RLP.uint(w.expiry)] + fields)
      let signature = h.payer.privateKey.sign(Keccak256.hash(RLP.encode(authorization)))
      return transaction.raw(
        calls: [try? w.pay(1)].compactMap(\.self), extra: [.list([authorization, .bytes(signature.bytes65)])])
    }
    #expect(
      try await h.refusal(raw([.list(limits)]))?.message
        == "Too many token limits in key authorization: 257 exceeds maximum allowed 256")
    let scopes = (0..<65).map { number in
      RLPItem.list([.address(Address(truncating: UInt256(UInt64(number + 1)).word)), .list([])])
    }
    #expect(
      try await h.refusal(raw([.empty, .list(scopes)]))?.message.contains(
        "too many call scopes in key authorization") == true)
  }

  @Test func anAccessKeyCannotCreate() async throws {
    try await h.send(w.authorizeKey(id), from: h.payer)
    #expect(
      try await h.refusal(w.sponsored([Call(to: nil)]))?.message == "access keys cannot create contracts")
  }

  @Test func theRunningTransactionsKeyCanBeRead() async throws {
    let current = ABIFunction("getTransactionKey", returns: [.address])
    try await h.send(w.authorizeKey(id), from: h.payer)
    let request: JSONValue = [
      "from": .string(w.account.hex), "keyId": .string(id.hex),
      "calls": [
        ["to": .string(TempoAddress.keychain.hex), "data": .string(Hex.encode(try current.encode([])))]
      ],
    ]
    #expect(try await h.rpc("eth_call", request).stringValue == id.word.hex)
    #expect(try await w.read(current, []) == [.address(.zero)])
  }

  @Test func f6SimulationsKeepTheKeysLimits() async throws {
    try await w.begun()
    func request(_ amount: UInt128, _ key: Address) throws -> JSONValue {
      [
        "from": .string(w.account.hex), "keyId": .string(key.hex), "keyType": "secp256k1",
        "calls": [
          [
            "to": .string(TempoAddress.pathUSD.hex), "data": .string(Hex.encode(try w.pay(amount).data)),
          ]
        ],
      ]
    }
    let error = try await h.failure("eth_call", request(2_000_001, id))
    #expect(error?.code == 3)
    #expect(error?.data == "0x8a9e71ea")
    #expect(try await h.failure("eth_call", request(2_000_000, id)) == nil)
    #expect(try await w.limit() == [2_000_000, 0])
    #expect(
      try await h.failure("eth_call", request(1, h.stranger.address))?.message.contains("KeyNotFound") == true
    )
  }

  @Test func theVerifierTellsLiveKeys() async throws {
    let verifyKeychain = SignatureVerifierABI.verifyKeychain
    let digest = Keccak256.hash(utf8: "a message")
    func verify(_ function: ABIFunction, _ account: Address, _ signature: [UInt8]) async throws -> JSONValue {
      let data = try function.encode([.address(account), .bytes32(digest), .bytes(signature)])
      return try await h.rpc(
        "eth_call",
        ["to": .string(TempoAddress.signatureVerifier.hex), "data": .string(Hex.encode(data))])
    }
    let inner = w.key.sign(KeychainSignature.innerDigest(digest, account: w.account)).bytes65
    let wrapped = [4] + w.account.bytes + inner
    let yes = JSONValue.string(UInt256(1 as UInt64).word.hex)
    let no = JSONValue.string(Hash32.zero.hex)
    #expect(try await verify(verifyKeychain, w.account, wrapped) == no)
    try await h.send(w.authorizeKey(id), from: h.payer)
    #expect(try await verify(verifyKeychain, w.account, wrapped) == yes)
    #expect(try await verify(verifyKeychain, h.stranger.address, wrapped) == no)
    #expect(try await verify(SignatureVerifierABI.verifyKeychainAdmin, w.account, wrapped) == no)
    let plain = h.payer.privateKey.sign(digest).bytes65
    #expect(try await verify(SignatureVerifierABI.verify, w.account, plain) == yes)
    #expect(try await verify(SignatureVerifierABI.verify, h.stranger.address, plain) == no)
    // A recovery byte of 0 or 1 is read as 27 or 28.
    let low = Array(plain.dropLast()) + [plain[64] - 27]
    #expect(try await verify(SignatureVerifierABI.verify, w.account, low) == yes)
    let lowWrapped = Array(wrapped.dropLast()) + [wrapped[85] - 27]
    #expect(try await verify(verifyKeychain, w.account, lowWrapped) == yes)
    let failures: [(ABIFunction, [UInt8], String)] = [
      (verifyKeychain, plain, "InvalidFormat"), (SignatureVerifierABI.verify, wrapped, "InvalidFormat"),
      (SignatureVerifierABI.verify, [], "InvalidFormat"),
      (SignatureVerifierABI.verify, HighS.twin(of: plain), "InvalidSignature"),
    ]
    for (function, signature, name) in failures {
      let data = try function.encode([.address(w.account), .bytes32(digest), .bytes(signature)])
      let error = try await h.failure(
        "eth_call",
        ["to": .string(TempoAddress.signatureVerifier.hex), "data": .string(Hex.encode(data))])
      #expect(error?.message == "execution reverted: \(name)")
    }
  }
}
