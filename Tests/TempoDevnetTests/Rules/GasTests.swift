import EVM
import MPPCore
import Tempo
import Testing

@testable import TempoDevnet

/// `03` §8: what every operation costs in the schedule, to the unit.
@Suite struct Gas {
  let h: Harness
  let fresh = Address(high: 0xaa, middle: 0, low: 0xaa)

  init() throws { h = try Harness { $0.gasModel = .schedule } }

  /// Of a transaction with an expiring nonce and a bare secp256k1 signature (`02` §7.3).
  private func intrinsic(_ calls: [Call]) -> UInt64 {
    let calldata = calls.flatMap(\.data).reduce(0 as UInt64) { $0 + ($1 == 0 ? 4 : 16) }
    return 21_000 + 13_000 + 2_600 * UInt64(calls.count - 1) + calldata
  }

  /// Gas beyond the intrinsic.
  private func execution(_ calls: Call..., from account: DevnetAccount? = nil) async throws -> UInt64 {
    let receipt = try await h.send(h.raw(calls, from: account ?? h.payer) { $0.gas = 5_000_000 })
    #expect(receipt.succeeded, "\(receipt.revertName ?? "")")
    return receipt.gasUsed - intrinsic(calls)
  }

  private func token(_ signature: String, _ words: UInt256...) -> Call {
    Call(to: TempoAddress.pathUSD, data: ABI.selector(signature) + Words.encode(words))
  }

  @Test func theWorkedExamples() async throws {
    let memo = try Hash32(hex: "0xef1ed712011ece072f76bd8b82350e000000000000000000001128fb265e760d")
    let a3 = try Address(hex: "0x3325a78425F17a7E487Eb5666b2bFd93aBb06c70")
    let pay = try h.transfer(1_000_000, to: a3, memo: memo)
    let first = try await h.send(h.raw([pay], from: h.payer) { $0.gas = 600_000 })
    let second = try await h.send(h.raw([pay], from: h.payer) { $0.gas = 600_000 })
    #expect(first.gasUsed == 304_988)
    #expect(second.gasUsed == 54_988)
  }

  @Test func operationsOfTokens() async throws {
    let payee = UInt256(h.payee.address.word)
    let payer = UInt256(h.payer.address.word)
    #expect(try await execution(token("transfer(address,uint256)", payee, 1)) == 18_000)
    #expect(try await execution(token("transferWithMemo(address,uint256,bytes32)", payee, 1, 7)) == 20_000)
    #expect(
      try await execution(token("transfer(address,uint256)", UInt256(fresh.word), 1)) == 18_000 + 250_000)
    let approve = token("approve(address,uint256)", UInt256(h.stranger.address.word), 100)
    #expect(try await execution(approve) == 8_000 + 250_000)
    #expect(try await execution(approve) == 8_000)
    let take = token("transferFrom(address,address,uint256)", payer, payee, 1)
    #expect(try await execution(take, from: h.stranger) == 22_000)
    let takeWithMemo = token("transferFromWithMemo(address,address,uint256,bytes32)", payer, payee, 1, 7)
    #expect(try await execution(takeWithMemo, from: h.stranger) == 24_000)
    let issuer = h.devnet.accounts[0]
    #expect(try await execution(token("mint(address,uint256)", payee, 1), from: issuer) == 20_000)
    #expect(try await execution(token("burn(uint256)", 1), from: issuer) == 20_000)
    #expect(try await execution(token("name()")) == 3_000)
    #expect(try await execution(Call(to: fresh)) == 3_000)
  }

  @Test func operationsOfChannels() async throws {
    func opened(_ salt: UInt64) async throws -> (UInt64, ChannelScene) {
      let open = ChannelReserveCall.Open(
        payee: h.payee.address, operator: .zero, token: TempoAddress.pathUSD, deposit: 10_000_000,
        salt: UInt256(salt).word, authorizedSigner: .zero)
      let call = try h.reserve(.open(open))
      let transaction = h.transaction([call]) { $0.gas = 1_000_000 }
      let receipt = try await h.send(transaction.signed(with: h.payer.privateKey).serialized)
      let hash = transaction.expiringNonceHash(sender: h.payer.address)
      let descriptor = open.descriptor(payer: h.payer.address, expiringNonceHash: hash)
      return (receipt.gasUsed - intrinsic([call]), ChannelScene(h: h, descriptor))
    }
    // The first channel of a token also makes the reserve a holder of it.
    #expect(try await opened(1).0 == 27_000 + 2 * 250_000)
    let (gas, scene) = try await opened(2)
    #expect(gas == 27_000 + 250_000)
    func run(_ call: ChannelReserveCall, from account: DevnetAccount) async throws -> UInt64 {
      try await execution(h.reserve(call), from: account)
    }
    let settle = ChannelReserveCall.settle(
      scene.descriptor, cumulativeAmount: 10, signature: try scene.voucher(10))
    #expect(try await run(settle, from: h.payee) == 28_000)
    #expect(try await run(.topUp(scene.descriptor, additionalDeposit: 5), from: h.payer) == 25_000)
    #expect(try await run(.requestClose(scene.descriptor), from: h.payer) == 8_000)
    let close = ChannelReserveCall.close(
      scene.descriptor, cumulativeAmount: 20, captureAmount: 20, signature: try scene.voucher(20))
    #expect(try await run(close, from: h.payee) == 45_000)
    // A storage credit is left for the next one.
    let (cheap, last) = try await opened(3)
    #expect(cheap == 27_000)
    try await h.send(h.raw([h.reserve(.requestClose(last.descriptor))], from: h.payer) { $0.gas = 1_000_000 })
    h.devnet.clock.advance(seconds: 900)
    #expect(try await run(.withdraw(last.descriptor), from: h.payer) == 30_000)
  }

  @Test func aPasskeysVoucherCostsItsVerification() async throws {
    let key = try P256PrivateKey([UInt8](repeating: 1, count: 32))
    let open = ChannelReserveCall.Open(
      payee: h.payee.address, operator: .zero, token: TempoAddress.pathUSD, deposit: 10, salt: .zero,
      authorizedSigner: key.address)
    let transaction = h.transaction([try h.reserve(.open(open))]) { $0.gas = 1_000_000 }
    try await h.send(transaction.signed(with: h.payer.privateKey).serialized)
    let hash = transaction.expiringNonceHash(sender: h.payer.address)
    let scene = ChannelScene(
      h: h, open.descriptor(payer: h.payer.address, expiringNonceHash: hash))
    let digest = try Voucher(channelID: scene.id, cumulativeAmount: 5)
      .digest(domain: VoucherDomain(chainID: 1337))
    let signature = try key.sign(digest)
    let envelope =
      [1] + signature.r.bytes + signature.s.bytes + key.publicKey.x.bytes + key.publicKey.y.bytes + [0]
    let settle = ChannelReserveCall.settle(scene.descriptor, cumulativeAmount: 5, signature: envelope)
    #expect(try await execution(h.reserve(settle), from: h.payee) == 28_000 + 5_000)
  }

  @Test func operationsOfTheExchangeAndTheFeeManager() async throws {
    let swap = SwapExactAmountOut(
      tokenIn: TempoAddress.alphaUSD, tokenOut: TempoAddress.pathUSD, amountOut: 10, maxAmountIn: 10)
    let call = Call(to: TempoAddress.dex, data: try swap.calldata())
    #expect(try await execution(call) == 40_000)
    let set = Call(
      to: TempoAddress.feeManager,
      data: try FeeManagerABI.setUserToken.encode([.address(TempoAddress.pathUSD)]))
    #expect(try await execution(set) == 20_000 + 250_000)
    #expect(try await execution(set) == 20_000)
  }

  @Test func operationsOfTheKeychain() async throws {
    let w = try AccessScene(h)
    let limits: [ABIValue] = [
      .tuple([.address(TempoAddress.pathUSD), .uint(5 as UInt64), .uint(0 as UInt64)])
    ]
    // The key, and two words of its limit.
    #expect(try await execution(w.authorizeKey(fresh, limits: limits)) == 15_000 + 3 * 250_000)
    let revoke = try w.call(AccountKeychainABI.revokeKey, [.address(fresh)])
    #expect(try await execution(revoke) == 8_000)
  }

  @Test func operationsOfTheLegacyContract() async throws {
    let scene = LegacyScene(h: h, escrow: Addresses.legacyEscrows[0])
    #expect(try await execution(scene.approve(10_000_000)) == 8_000 + 250_000)
    // The contract as a holder, and four words of a channel.
    #expect(try await execution(scene.openCall()) == 60_000 + 250_000 + 4 * 250_000)
    let settle = try scene.call(
      LegacyEscrowABI.settle, [.bytes32(scene.id), .uint(5 as UInt64), .bytes(try scene.voucher(5))])
    #expect(try await execution(settle, from: h.payee) == 40_000)
    _ = try await execution(scene.approve(7))
    let topUp = try scene.call(LegacyEscrowABI.topUp, [.bytes32(scene.id), .uint(7 as UInt64)])
    #expect(try await execution(topUp) == 40_000)
    let request = try scene.call(LegacyEscrowABI.requestClose, [.bytes32(scene.id)])
    #expect(try await execution(request) == 10_000)
    h.devnet.clock.advance(seconds: 900)
    let withdraw = try scene.call(LegacyEscrowABI.withdraw, [.bytes32(scene.id)])
    #expect(try await execution(withdraw) == 45_000)
  }

  @Test func whatARevertedBatchHasStoredCostsOnlyUpToTheFailure() async throws {
    let good = try h.transfer(1, to: fresh)
    let bad = try h.transfer(1, to: TempoAddress.alphaUSD)
    let calls = [good, bad]
    let receipt = try await h.send(h.raw(calls, from: h.payer) { $0.gas = 1_000_000 })
    #expect(receipt.revertName == "InvalidRecipient")
    #expect(receipt.gasUsed == intrinsic(calls) + 18_000 + 250_000 + 18_000)
    let whole = try h.transfer(Harness.initial, to: fresh)
    let failed = try await h.send(h.raw([whole], from: h.payer) { $0.gas = 1_000_000 })
    #expect(failed.revertName == "InsufficientBalance")
    #expect(failed.gasUsed == intrinsic([whole]) + 18_000)
  }

  @Test func noncesHaveTheirPrices() async throws {
    let call = try h.transfer(1, to: h.payee.address)
    let base = intrinsic([call]) - 13_000 + 18_000
    var expected: [(UInt256, UInt64, UInt64)] = [(0, 0, 250_000), (0, 1, 0), (7, 0, 250_000), (7, 1, 5_200)]
    expected.append((.max, 0, 13_000))
    for (key, nonce, price) in expected {
      let receipt = try await h.send(
        h.raw([call], from: h.payer) {
          $0.gas = 1_000_000
          $0.nonceKey = key
          $0.nonce = nonce
        })
      #expect(receipt.gasUsed == base + price, "key \(key) nonce \(nonce)")
    }
  }

  @Test func manyBytesHaveAFloor() async throws {
    let call = Call(to: fresh, data: [UInt8](repeating: 1, count: 4_000))
    let receipt = try await h.send(h.raw([call], from: h.payer) { $0.gas = 1_000_000 })
    // Ten for each of 16,000 tokens is more than four for each, the nonce and the call.
    #expect(receipt.gasUsed == 21_000 + 160_000)
    let short = try h.raw([call], from: h.payer) { $0.gas = 180_999 }
    #expect(
      try await h.refusal(short)?.message == "gas floor (181000) exceeds the gas limit (180999)")
  }
}
