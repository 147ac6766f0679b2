import EVM
import MPPCore
import Tempo
import TempoDevnet
import Testing

/// `03` §15 D: access keys, with exact limits and balances in flat gas.
@Suite struct AccessKeyAcceptance {
  let h: Harness
  let w: AccessScene

  init() throws {
    h = try Harness()
    w = try AccessScene(h)
    #expect(w.key.address.hex == "0x3325a78425f17a7e487eb5666b2bfd93abb06c70")
  }

  @Test func d1AuthorizeAndUseAtOnce() async throws {
    let receipt = try await w.begun()
    #expect(receipt.succeeded)
    #expect(receipt.sender == h.payer.address)
    #expect(
      receipt.logs == [
        try w.keyAuthorized(), try w.spent(1_000_000, 2_000_000), try w.paid(1_000_000),
        try h.feeLog(h.sponsor),
      ])
    #expect(try await w.limit() == [2_000_000, 0])
    #expect(h.units(h.payer) == 999_999_000_000)
    #expect(h.units(h.sponsor) == 999_999_999_000)
    #expect(h.units(w.key.address) == 0)
  }

  @Test func d2TheLimitIsUsedUp() async throws {
    try await w.begun()
    #expect(try await h.send(w.sponsored([w.pay(1_500_000)])).succeeded)
    #expect(try await w.limit() == [500_000, 0])
    let refused = try await h.send(w.sponsored([w.pay(600_000)]))
    #expect(refused.revertName == "SpendingLimitExceeded")
    #expect(refused.logs == [try h.feeLog(h.sponsor)])
    #expect(try await w.limit() == [500_000, 0])
    #expect(h.units(h.sponsor) == 999_999_997_000)
  }

  @Test func d3TheFeeIsSpentToo() async throws {
    try await w.begun()
    let exact = try await h.send(w.selfPaid([w.pay(1_000_000)]))
    #expect(
      exact.logs == [
        try w.spent(1_000, 1_999_000), try w.spent(1_000_000, 999_000), try w.paid(1_000_000),
        try h.feeLog(h.payer),
      ])
    #expect(try await w.limit() == [999_000, 0])
  }

  @Test func d3TheUnusedFeeComesBackSilently() async throws {
    try await w.begun()
    let roomy = try await h.send(w.selfPaid([w.pay(1_000_000)], gas: 100_000))
    #expect(
      roomy.logs == [
        try w.spent(2_000, 1_998_000), try w.spent(1_000_000, 998_000), try w.paid(1_000_000),
        try h.feeLog(h.payer),
      ])
    #expect(try await w.limit() == [999_000, 0])
  }

  @Test func d4AnUnlistedTokenHasNoLimit() async throws {
    try await w.begun()
    let call = Call(to: TempoAddress.betaUSD, data: try w.pay(1).data)
    let receipt = try await h.send(w.sponsored([call]))
    #expect(receipt.revertName == "SpendingLimitExceeded")
  }

  @Test func d5AnAuthorizationWorksOnce() async throws {
    let authorization = try w.usual()
    try await h.send(w.sponsored([w.pay(1_000_000)], authorization: authorization))
    let error = try await h.refusal(w.sponsored([w.pay(1)], authorization: authorization))
    #expect(
      error?.message
        == "keychain precompile error: Account keychain error: KeyAlreadyExists(KeyAlreadyExists)")
    #expect(error?.code == -32000)
  }

  @Test func d6AnExpiredKeyIsNotMined() async throws {
    try await w.begun()
    h.devnet.clock.advance(seconds: 3_596)
    #expect(try await h.refusal(w.sponsored([w.pay(1)])) == nil)
    h.devnet.clock.advance(seconds: 1)
    #expect(
      try await h.refusal(w.sponsored([w.pay(1)]))?.message
        == "Access key expired: expiry 1800003600 <= min allowed 1800003600")
    h.devnet.clock.advance(seconds: 3)
    let raw = try w.sponsored([w.pay(1)])
    #expect(
      try await h.refusal(raw)?.message
        == "keychain validation failed: AccountKeychainError(KeyExpired(KeyExpired))")
    #expect(try await h.rpc("eth_getTransactionReceipt", .string(Keccak256.hash(raw).hex)) == .null)
    #expect(try await w.limit() == [0, 0])
  }

  @Test func d7RevocationIsFinal() async throws {
    try await w.begun()
    let revoke = try w.call(AccountKeychainABI.revokeKey, [.address(w.key.address)])
    let receipt = try await h.send(revoke, from: h.payer)
    let revoked = try w.log(
      AccountKeychainABI.keyRevoked, [.address(h.payer.address), .address(w.key.address)])
    #expect(receipt.logs == [revoked, try h.feeLog(h.payer)])
    #expect(
      try await h.refusal(w.sponsored([w.pay(1)]))?.message
        == "keychain validation failed: AccountKeychainError(KeyAlreadyRevoked(KeyAlreadyRevoked))")
    let again = try w.authorization { $0.expiry = RLP.uint(Harness.t0 + 9_000) }
    #expect(
      try await h.refusal(w.sponsored([w.pay(1)], authorization: again))?.message.contains(
        "KeyAlreadyRevoked")
        == true)
    #expect(try await h.send(w.authorizeKey(w.key.address), from: h.payer).revertName == "KeyAlreadyRevoked")
    #expect(try await h.send(revoke, from: h.payer).revertName == "KeyNotFound")
    #expect(
      try await w.keyInfo() == [
        .uint(0 as UInt64), .address(.zero), .uint(0 as UInt64), .bool(false), .bool(true),
      ])
  }

  @Test func d8ScopesBindFunctionAndRecipient() async throws {
    let memo = try Hash32([UInt8](repeating: 9, count: 32))
    let authorization = try w.authorization {
      $0.scopes = .list([AccessScene.Scope(recipients: [h.payee.address]).item])
    }
    let plain = try await h.send(w.sponsored([w.pay(1)], authorization: authorization))
    #expect(plain.revertName == "CallNotAllowed")
    #expect(plain.logs == [try w.keyAuthorized(), try h.feeLog(h.sponsor)])
    let stranger = try await h.send(
      w.sponsored([h.transfer(1, to: h.stranger.address, memo: memo)]))
    #expect(stranger.revertName == "CallNotAllowed")
    #expect(stranger.logs == [try h.feeLog(h.sponsor)])
    #expect(h.units(h.sponsor) == Harness.initial - 2 * Harness.fee)
    #expect(try await h.send(w.sponsored([h.transfer(1, to: h.payee.address, memo: memo)])).succeeded)
    // The first argument is an address: more than 20 bytes never match, nor does calldata without it.
    let data = try h.transfer(1, to: h.payee.address, memo: memo).data
    for broken in [data[..<4] + [1] + data[5...], Array(data[..<35])] {
      let call = Call(to: TempoAddress.pathUSD, data: Array(broken))
      #expect(try await h.send(w.sponsored([call])).revertName == "CallNotAllowed")
    }
  }

  @Test func d9NothingRunsBeforeAllCallsAreInScope() async throws {
    let memo = try Hash32([UInt8](repeating: 9, count: 32))
    let authorization = try w.authorization {
      $0.scopes = .list([AccessScene.Scope(recipients: [h.payee.address]).item])
    }
    let receipt = try await h.send(
      w.sponsored(
        [h.transfer(1, to: h.payee.address, memo: memo), w.pay(1)], authorization: authorization))
    #expect(receipt.revertName == "CallNotAllowed")
    #expect(receipt.logs == [try w.keyAuthorized(), try h.feeLog(h.sponsor)])
    #expect(h.units(h.payee) == Harness.initial)
    let trace = try await h.rpc("devnet_trace", .string(receipt.hash.hex))
    #expect(trace["failedCall"] == 1)
  }

  @Test func d10TheKeyOutlivesARevert() async throws {
    let authorization = try w.authorization()
    let receipt = try await h.send(
      w.sponsored([w.pay(Harness.initial + 1)], authorization: authorization))
    #expect(receipt.revertName == "InsufficientBalance")
    #expect(receipt.logs == [try w.keyAuthorized(), try h.feeLog(h.sponsor)])
    #expect(
      try await w.keyInfo() == [
        .uint(0 as UInt64), .address(w.key.address), .uint(w.expiry), .bool(false), .bool(false),
      ])
    #expect(try await h.send(w.sponsored([w.pay(1)])).succeeded)
  }

  @Test func d11AuthorizationsThatAreNotTheAccounts() async throws {
    let foreign = try w.authorization(signedBy: h.stranger.privateKey)
    #expect(
      try await h.refusal(w.sponsored([w.pay(1)], authorization: foreign))?.message
        == "KeyAuthorization must be signed by root account \(h.payer.address.hex), but was signed by "
        + h.stranger.address.hex)
    let anywhere = try w.authorization { $0.chainID = 0 }
    #expect(
      try await h.refusal(w.sponsored([w.pay(1)], authorization: anywhere))?.message
        == "KeyAuthorization chain_id mismatch: expected 1337, got 0")
    let other = try w.authorization { $0.account = .address(h.stranger.address) }
    #expect(
      try await h.refusal(w.sponsored([w.pay(1)], authorization: other))?.message
        .contains("must be signed by root account \(h.stranger.address.hex)") == true)
    let late = try w.authorization { $0.expiry = RLP.uint(Harness.t0 + 3) }
    #expect(
      try await h.refusal(w.sponsored([w.pay(1)], authorization: late))?.message
        == "KeyAuthorization expired: expiry 1800000003 <= min allowed 1800000003")
  }

  @Test func d11AKeychainSignatureOfVersionOne() async throws {
    let transaction = h.transaction([try w.pay(1)])
    let items = try RLP.decode(transaction.signingPayload.dropFirst()).list()
    let envelope = [3] + h.payer.address.bytes + w.key.sign(transaction.signingHash()).bytes65
    let error = try await h.refusal([0x76] + RLP.encode(.list(items + [.bytes(envelope)])))
    #expect(error?.message == "legacy V1 keychain signature is no longer accepted, use V2 (type 0x04)")
  }

  @Test func d12AKeyCannotManageKeys() async throws {
    try await w.begun()
    let revoke = try w.call(AccountKeychainABI.revokeKey, [.address(w.key.address)])
    for call in [try w.authorizeKey(h.stranger.address), revoke] {
      let receipt = try await h.send(w.sponsored([call]))
      #expect(receipt.revertName == "UnauthorizedCaller")
    }
  }

  @Test func d13AKeyOpensAChannelAndSignsItsVouchers() async throws {
    let open = ChannelReserveCall.Open(
      payee: h.payee.address, operator: .zero, token: TempoAddress.pathUSD, deposit: 2_000_000,
      salt: .zero, authorizedSigner: w.key.address)
    let unsigned = h.transaction([try h.reserve(.open(open))])
    let raw = try w.sponsored(unsigned.calls, authorization: w.usual()) {
      $0.validAfter = unsigned.validAfter
    }
    let receipt = try await h.send(raw)
    #expect(receipt.logs[1] == (try w.spent(2_000_000, 1_000_000)))
    #expect(receipt.logs[2] == (try h.transferLog(h.payer.address, TempoAddress.channelReserve, 2_000_000)))
    let event = try #require(try ChannelReserveEvent(log: receipt.logs[3]))
    guard case .opened(let opened) = event.kind else {
      Issue.record("not an opening")
      return
    }
    let scene = ChannelScene(
      h: h, open.descriptor(payer: h.payer.address, expiringNonceHash: opened.expiringNonceHash))
    #expect(scene.id == event.channelID)
    let digest = try Voucher(channelID: scene.id, cumulativeAmount: 500_000)
      .digest(domain: VoucherDomain(chainID: 1337))
    #expect(try await scene.settle(500_000, signature: w.key.sign(digest).bytes65).succeeded)
    scene.expectState(500_000, 2_000_000)
  }

  @Test func d14OnlyTheIncreaseOfAnAllowanceIsSpent() async throws {
    func approve(_ amount: UInt64) throws -> Call {
      Call(
        to: TempoAddress.pathUSD,
        data: try TIP20Call.approve(spender: h.stranger.address, amount: UInt256(amount)).calldata())
    }
    try await h.send(w.sponsored([approve(1_000_000)], authorization: w.usual()))
    #expect(try await w.limit() == [2_000_000, 0])
    try await h.send(w.sponsored([approve(400_000)]))
    #expect(try await w.limit() == [2_000_000, 0])
    try await h.send(w.sponsored([approve(500_000)]))
    #expect(try await w.limit() == [1_900_000, 0])
  }

  @Test func d15PeriodsKeepTheirGrid() async throws {
    let authorization = try w.authorization {
      $0.limits = .list([AccessScene.Terms.limit(1_000_000, period: 60)])
    }
    #expect(try await h.send(w.sponsored([w.pay(1_000_000)], authorization: authorization)).succeeded)
    #expect(try await w.limit() == [0, Harness.t0 + 60])
    h.devnet.clock.advance(seconds: 59)
    #expect(try await h.send(w.sponsored([w.pay(1)])).revertName == "SpendingLimitExceeded")
    h.devnet.clock.advance(seconds: 1)
    #expect(try await w.limit() == [1_000_000, Harness.t0 + 120])
    #expect(try await h.send(w.sponsored([w.pay(1_000_000)])).succeeded)
    #expect(try await w.limit() == [0, Harness.t0 + 120])
    h.devnet.clock.advance(seconds: 125)
    #expect(try await h.send(w.sponsored([w.pay(1_000_000)])).succeeded)
    #expect(try await w.limit() == [0, Harness.t0 + 240])
  }

  @Test func d16TheRootKeySetsAnotherLimit() async throws {
    try await w.begun()
    let call = try w.call(
      AccountKeychainABI.updateSpendingLimit,
      [.address(w.key.address), .address(TempoAddress.pathUSD), .uint(7 as UInt64)])
    let receipt = try await h.send(call, from: h.payer)
    #expect(receipt.logs.count == 2)
    #expect(
      receipt.logs[0].topics == [
        Keccak256.hash(utf8: "SpendingLimitUpdated(address,address,address,uint256)"), h.payer.address.word,
        w.key.address.word, TempoAddress.pathUSD.word,
      ])
    #expect(receipt.logs[0].data == UInt256(7 as UInt64).bytes32)
    #expect(try await w.limit() == [7, 0])
    #expect(try await h.send(w.sponsored([w.pay(8)])).revertName == "SpendingLimitExceeded")
    #expect(try await h.send(w.sponsored([w.pay(7)])).succeeded)
  }

  @Test func d17AnEmptyListOfLimitsMeansNoSpending() async throws {
    let memo = try Hash32([UInt8](repeating: 9, count: 32))
    let authorization = try w.authorization {
      $0.limits = .list([])
      $0.scopes = .list([AccessScene.Scope(recipients: [h.payee.address]).item])
    }
    let receipt = try await h.send(
      w.sponsored([h.transfer(1, to: h.payee.address, memo: memo)], authorization: authorization))
    #expect(receipt.revertName == "SpendingLimitExceeded")
    #expect(receipt.logs == [try w.keyAuthorized(), try h.feeLog(h.sponsor)])
    #expect(try await w.keyInfo()[3] == .bool(true))
  }
}
