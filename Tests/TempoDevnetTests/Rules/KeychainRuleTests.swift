import EVM
import MPPCore
import Tempo
import TempoDevnet
import Testing

/// `02` §9.5: which check of the keychain comes first, and what its getters say.
@Suite struct KeychainRules {
  let h: Harness
  let w: AccessScene
  let id: Address

  init() throws {
    h = try Harness()
    w = try AccessScene(h)
    id = w.key.address
  }

  private func limit(_ amount: UInt256, _ token: Address = TempoAddress.pathUSD) -> ABIValue {
    .tuple([.address(token), .uint(amount), .uint(0 as UInt64)])
  }

  private func scope(
    _ target: Address, _ rules: [([UInt8], [Address])] = []
  ) -> ABIValue {
    .tuple([
      .address(target),
      .array(
        rules.map { .tuple([.fixedBytes($0.0), .array($0.1.map(ABIValue.address))]) }),
    ])
  }

  private func revert(_ call: Call) async throws -> String? {
    try await h.send(call, from: h.payer).revertName
  }

  @Test func theRootKeyAddsAKey() async throws {
    let call = try w.authorizeKey(id, limits: [limit(5)])
    let receipt = try await h.send(call, from: h.payer)
    #expect(receipt.logs == [try w.keyAuthorized(), try h.feeLog(h.payer)])
    #expect(try await w.limit() == [5, 0])
    #expect(try await h.send(w.sponsored([w.pay(5)])).succeeded)
  }

  @Test func whatAnAuthorizationMustNotSay() async throws {
    let transfer: [UInt8] = [0xa9, 0x05, 0x9c, 0xbb]
    let path = TempoAddress.pathUSD
    let cases: [(Call, String)] = [
      (try w.authorizeKey(.zero, expiry: 0), "ZeroPublicKey"),
      (try w.authorizeKey(id, type: 3, expiry: Harness.t0), "ExpiryInPast"),
      (try w.authorizeKey(id, type: 3, limits: [limit(1), limit(1)]), "InvalidSignatureType"),
      (try w.authorizeKey(id, limits: [limit(1), limit(2)], scopes: [scope(path)]), "InvalidSpendingLimit"),
      (try w.authorizeKey(id, limits: [limit(1)], scopes: [scope(path)]), "InvalidCallScope"),
      (try w.authorizeKey(id, limits: [limit(.max)], scopes: [scope(path)]), "InvalidCallScope"),
      (
        try w.authorizeKey(id, limits: [limit(UInt256(quantity: "0x1" + String(repeating: "0", count: 32)))]),
        "InvalidSpendingLimit"
      ),
      (try w.authorizeKey(id, allowsAnyCall: false, scopes: [scope(.zero)]), "InvalidCallScope"),
      (try w.authorizeKey(id, allowsAnyCall: false, scopes: [scope(path), scope(path)]), "InvalidCallScope"),
      (
        try w.authorizeKey(
          id, allowsAnyCall: false, scopes: [scope(path, [(transfer, []), (transfer, [])])]),
        "InvalidCallScope"
      ),
      (
        try w.authorizeKey(id, allowsAnyCall: false, scopes: [scope(path, [(transfer, [.zero])])]),
        "InvalidCallScope"
      ),
      (
        try w.authorizeKey(
          id, allowsAnyCall: false,
          scopes: [scope(path, [(transfer, [h.payee.address, h.payee.address])])]), "InvalidCallScope"
      ),
      (
        try w.authorizeKey(
          id, allowsAnyCall: false, scopes: [scope(path, [([1, 2, 3, 4], [h.payee.address])])]),
        "InvalidCallScope"
      ),
      (
        try w.authorizeKey(
          id, allowsAnyCall: false,
          scopes: [scope(h.stranger.address, [(transfer, [h.payee.address])])]), "InvalidCallScope"
      ),
    ]
    for (index, (call, name)) in cases.enumerated() {
      #expect(try await revert(call) == name, "case \(index)")
    }
    #expect(try await w.keyInfo()[2] == .uint(0 as UInt64))
    #expect(try await revert(w.authorizeKey(id)) == nil)
    #expect(try await revert(w.authorizeKey(id, type: 3)) == "KeyAlreadyExists")
  }

  @Test func theFirstFormNamesItsSuccessor() async throws {
    let call = try w.call(
      AccountKeychainABI.authorizeKeyBeforeT3,
      [.address(id), .uint(0 as UInt64), .uint(w.expiry), .bool(false), .array([])])
    let receipt = try await h.send(call, from: h.payer)
    #expect(receipt.revertName == "LegacyAuthorizeKeySelectorChanged")
    #expect(receipt.revertData?.prefix(8) == [0x58, 0x06, 0xc0, 0xfd, 0x98, 0x0a, 0x60, 0x25])
    let old = try w.call(
      AccountKeychainABI.getRemainingLimit, [.address(w.account), .address(id), .address(.zero)])
    #expect(try await revert(old) == "UnknownFunctionSelector")
  }

  @Test func onlyTheAccountItselfManagesItsKeys() async throws {
    // Through multicall the caller is another contract.
    let inner = try w.authorizeKey(id)
    let data = try ABIFunction("aggregate3", [.array(.tuple([.address, .bool, .bytes]))]).encode([
      .array([.tuple([.address(TempoAddress.keychain), .bool(true), .bytes(inner.data)])])
    ])
    let receipt = try await h.send(Call(to: TempoAddress.multicall3, data: data), from: h.payer)
    #expect(receipt.succeeded)
    #expect(try await w.keyInfo()[2] == .uint(0 as UInt64))
    // Another account's call of the same kind is about its own keys.
    #expect(try await h.send(inner, from: h.stranger).succeeded)
    #expect(try await w.keyInfo()[2] == .uint(0 as UInt64))
  }

  @Test func keysThatAreNotThereCannotBeChanged() async throws {
    let revoke = try w.call(AccountKeychainABI.revokeKey, [.address(id)])
    let limit = try w.call(
      AccountKeychainABI.updateSpendingLimit,
      [.address(id), .address(TempoAddress.pathUSD), .uint(1 as UInt64)])
    for call in [revoke, limit] { #expect(try await revert(call) == "KeyNotFound") }
    try await h.send(w.authorizeKey(id), from: h.payer)
    #expect(try await revert(revoke) == nil)
    #expect(try await revert(revoke) == "KeyNotFound")
    #expect(try await revert(limit) == "KeyAlreadyRevoked")
    let other = try Address(hex: "0x00000000000000000000000000000000000000dd")
    try await h.send(w.authorizeKey(other), from: h.payer)
    h.devnet.clock.advance(seconds: 3_600)
    let late = try w.call(
      AccountKeychainABI.updateSpendingLimit,
      [.address(other), .address(TempoAddress.pathUSD), .uint(1 as UInt64)])
    #expect(try await revert(late) == "KeyExpired")
  }

  @Test func aNewLimitTurnsLimitsOnAndKeepsThePeriod() async throws {
    try await h.send(
      w.sponsored(
        [w.pay(10)],
        authorization: w.authorization { $0.limits = .list([AccessScene.Terms.limit(10, period: 60)]) }))
    let update = try w.call(
      AccountKeychainABI.updateSpendingLimit,
      [.address(id), .address(TempoAddress.pathUSD), .uint(3 as UInt64)])
    try await h.send(update, from: h.payer)
    #expect(try await w.limit() == [3, Harness.t0 + 60])
    try await h.send(w.sponsored([w.pay(3)]))
    h.devnet.clock.advance(seconds: 60)
    #expect(try await w.limit() == [3, Harness.t0 + 120])

    let other = try Secp256k1PrivateKey([UInt8](repeating: 4, count: 32))
    try await h.send(w.authorizeKey(other.address), from: h.payer)
    #expect(try await h.send(w.sponsored([w.pay(1)], by: other)).succeeded)
    try await h.send(
      w.call(
        AccountKeychainABI.updateSpendingLimit,
        [.address(other.address), .address(TempoAddress.alphaUSD), .uint(3 as UInt64)]), from: h.payer)
    #expect(
      try await h.send(w.sponsored([w.pay(1)], by: other)).revertName == "SpendingLimitExceeded")
  }

  @Test func scopesCanBeSetAndRemoved() async throws {
    func allowed() async throws -> [ABIValue] {
      try await w.read(AccountKeychainABI.getAllowedCalls, [.address(w.account), .address(id)])
    }
    let remove = ABIFunction("removeAllowedCalls", [.address, .address])
    #expect(try await allowed() == [.bool(true), .array([])])
    try await h.send(w.authorizeKey(id), from: h.payer)
    #expect(try await allowed() == [.bool(false), .array([])])
    #expect(
      try await revert(w.call(AccountKeychainABI.setAllowedCalls, [.address(id), .array([])]))
        == "InvalidCallScope")
    let first = scope(TempoAddress.pathUSD, [([0xa9, 0x05, 0x9c, 0xbb], [h.payee.address])])
    let second = scope(TempoAddress.alphaUSD)
    try await h.send(
      w.call(AccountKeychainABI.setAllowedCalls, [.address(id), .array([first, second])]), from: h.payer)
    #expect(try await allowed() == [.bool(true), .array([first, second])])
    #expect(try await h.send(w.sponsored([w.pay(1)])).succeeded)
    #expect(try await h.send(w.sponsored([w.pay(1, to: h.stranger.address)])).revertName == "CallNotAllowed")
    try await h.send(w.call(remove, [.address(id), .address(TempoAddress.pathUSD)]), from: h.payer)
    #expect(try await allowed() == [.bool(true), .array([second])])
    #expect(try await h.send(w.sponsored([w.pay(1)])).revertName == "CallNotAllowed")
    try await h.send(w.call(remove, [.address(id), .address(TempoAddress.alphaUSD)]), from: h.payer)
    #expect(try await allowed() == [.bool(true), .array([])])
  }

  @Test func anEmptyListOfCallsMeansNoCall() async throws {
    let receipt = try await h.send(
      w.sponsored([w.pay(1)], authorization: w.authorization { $0.scopes = .list([]) }))
    #expect(receipt.revertName == "CallNotAllowed")
  }

  @Test func aBurnedWitnessVoidsTheAuthorization() async throws {
    let witness = try Hash32([UInt8](repeating: 0x77, count: 32))
    let authorization = try w.authorization { $0.witness = .hash(witness) }
    let burn = try w.call(AccountKeychainABI.burnKeyAuthorizationWitness, [.bytes32(witness)])
    try await h.rpc("evm_snapshot")
    let receipt = try await h.send(w.sponsored([w.pay(1)], authorization: authorization))
    #expect(
      receipt.logs[0].topics == [
        Keccak256.hash(utf8: "KeyAuthorizationWitness(address,bytes32)"), w.account.word, witness,
      ])
    #expect(receipt.logs[1] == (try w.keyAuthorized()))
    #expect(h.devnet.revert(to: 1))
    #expect(try await revert(burn) == nil)
    #expect(try await revert(burn) == "KeyAuthorizationWitnessAlreadyBurned")
    #expect(
      try await h.refusal(w.sponsored([w.pay(1)], authorization: authorization))?.message
        .contains("KeyAuthorizationWitnessAlreadyBurned") == true)
    #expect(
      try await w.read(
        ABIFunction("isKeyAuthorizationWitnessBurned", [.address, .bytes32], returns: [.bool]),
        [.address(w.account), .bytes32(witness)]) == [.bool(true)])
  }

  @Test func anAdministratorManagesOtherKeys() async throws {
    let authorize = ABIFunction("authorizeAdminKey", [.address, .uint8, .bytes32])
    let own = try w.call(authorize, [.address(w.account), .uint(0 as UInt64), .bytes32(.zero)])
    #expect(try await revert(own) == "InvalidKeyId")
    let call = try w.call(authorize, [.address(id), .uint(0 as UInt64), .bytes32(.zero)])
    let receipt = try await h.send(call, from: h.payer)
    #expect(receipt.logs[0] == (try w.keyAuthorized(expiry: .max)))
    #expect(receipt.logs[1].topics[0] == Keccak256.hash(utf8: "AdminKeyAuthorized(address,address)"))
    let other = try Address(hex: "0x00000000000000000000000000000000000000dd")
    #expect(try await h.send(w.sponsored([w.authorizeKey(other)])).succeeded)
    let update = try w.call(
      AccountKeychainABI.updateSpendingLimit,
      [.address(id), .address(TempoAddress.pathUSD), .uint(1 as UInt64)])
    #expect(try await revert(update) == "InvalidKeyId")
    let isAdmin = try await w.read(
      AccountKeychainABI.isAdminKey, [.address(w.account), .address(id)])
    #expect(isAdmin == [.bool(true)])
    // It may also sign authorizations that ride in its own transactions.
    let third = try Address(hex: "0x00000000000000000000000000000000000000ee")
    let inline = try w.authorization(signedBy: w.key) {
      $0.keyID = third
      $0.account = .address(w.account)
    }
    #expect(try await h.send(w.sponsored([w.pay(1)], authorization: inline)).succeeded)
  }
}
