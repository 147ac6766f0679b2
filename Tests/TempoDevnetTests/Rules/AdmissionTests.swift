import EVM
import MPPCore
import Tempo
import TempoDevnet
import Testing

/// `03` §6: every refusal with its text and code, and the order of the checks.
@Suite struct Admission {
  let h: Harness
  init() throws { h = try Harness() }

  private func payment() throws -> Call { try h.transfer(1, to: h.payee.address) }

  private func expectRefused(_ raw: [UInt8], _ code: Int64, _ text: String) async throws {
    let before = try await h.dump()
    let error = try await h.refusal(raw)
    #expect(error?.code == code, "\(text): \(String(describing: error))")
    #expect(error?.message.contains(text) == true, "\(String(describing: error))")
    #expect(try await h.dump() == before)
  }

  @Test func undecodableBytes() async throws {
    let good = try h.raw([payment()], from: h.payer)
    var handWritten = HandWritten(h)
    var bad: [[UInt8]] = [
      [], [0x76], [0x78] + good.dropFirst(), [0x01, 0xc0], [0x03, 0xc0], [0xc0], good + [0],
      Array(good.dropLast()), [0x76] + RLP.encode(.list([])), [0x76, 0xf8, 0x01, 0x80],
    ]
    handWritten.slot = .bytes([0])  // a hand-off
    bad.append(handWritten.raw(calls: [try payment()]))
    handWritten.slot = .address(h.payer.address)
    bad.append(handWritten.raw(calls: [try payment()]))
    handWritten.slot = .empty
    handWritten.validAfter = .bytes([0])  // not minimal
    bad.append(handWritten.raw(calls: [try payment()]))
    for raw in bad { try await expectRefused(raw, -32602, "failed to decode signed transaction") }
    let huge = [UInt8](repeating: 0x76, count: 256 * 1024 + 1)
    try await expectRefused(huge, -32602, "failed to decode signed transaction")
  }

  @Test func structuralRules() async throws {
    var handWritten = HandWritten(h)
    try await expectRefused(handWritten.raw(calls: []), -32602, "calls list cannot be empty")
    let creation = Call(to: nil)
    try await expectRefused(handWritten.raw(calls: [try payment(), creation]), -32602, "only the first call")
    handWritten.validAfter = RLP.uint(h.now + 25)
    try await expectRefused(handWritten.raw(calls: [try payment()]), -32602, "valid_before must be greater")
  }

  @Test func signatures() async throws {
    let signed = try h.transaction([payment()]).signed(with: h.payer.privateKey)
    for last: UInt8 in [2, 29, 35] {
      try await expectRefused(signed.serialized.dropLast() + [last], -32000, "invalid transaction signature")
    }
    let zero = Array(signed.serialized.dropLast(65)) + [UInt8](repeating: 0, count: 64) + [27]
    try await expectRefused(zero, -32000, "invalid transaction signature")
  }

  @Test func formOfTheTransaction() async throws {
    let call = try payment()
    var wrongChain = HandWritten(h)
    wrongChain.chainID = 4217
    try await expectRefused(wrongChain.raw(calls: [call]), -32000, "invalid chain ID")
    var subblock = HandWritten(h)
    subblock.nonceKey = try UInt256(bigEndian: [0x5b] + [UInt8](repeating: 0, count: 31))
    try await expectRefused(subblock.raw(calls: [call]), -32000, "subblock nonce key prefix")
    try await expectRefused(
      HandWritten(h).raw(calls: [Call(to: h.payee.address, value: 1)]), -32000,
      "value transfer in Tempo Transaction not allowed")
    var cheap = HandWritten(h)
    cheap.maxFee = 19_999_999_999
    try await expectRefused(cheap.raw(calls: [call]), -32000, "gas price is less than basefee")
    var tip = HandWritten(h)
    tip.priorityFee = 30_000_000_000
    try await expectRefused(tip.raw(calls: [call]), -32000, "priority fee is greater than max fee")
    var gas = HandWritten(h)
    gas.gas = 30_000_001
    try await expectRefused(
      gas.raw(calls: [call]), -32000,
      "transaction gas limit (30000001) is greater than the cap (30000000)")
    gas.gas = 49_999
    try await expectRefused(
      gas.raw(calls: [call]), -32000, "call gas cost (50000) exceeds the gas limit (49999)")
  }

  @Test func ethereumTransactions() async throws {
    func raw(_ change: (inout EIP1559Transaction) -> Void) throws -> [UInt8] {
      var transaction = EIP1559Transaction(
        chainID: 1337, nonce: 0, maxPriorityFeePerGas: 0, maxFeePerGas: 24_000_000_000, gas: 60_000,
        to: TempoAddress.pathUSD, data: try payment().data)
      change(&transaction)
      let signature = h.payer.privateKey.sign(transaction.signingHash())
      let items = [
        RLP.uint(transaction.chainID), RLP.uint(transaction.nonce), .empty,
        RLP.uint(transaction.maxFeePerGas), RLP.uint(transaction.gas),
        .bytes(transaction.to?.bytes ?? []), RLP.uint(transaction.value), .bytes(transaction.data),
        .list([]), RLP.uint(UInt64(signature.yParity)), RLP.uint(UInt256(signature.r)),
        RLP.uint(UInt256(signature.s)),
      ]
      return [2] + RLP.encode(.list(items))
    }
    try await expectRefused(raw { $0.value = 1 }, -32000, "value transfer not allowed")
    try await expectRefused(raw { $0.chainID = 1 }, -32000, "invalid chain ID")
    try await expectRefused(raw { $0.nonce = 1 }, -32000, "nonce too high")
    #expect(try await h.refusal(raw { _ in }) == nil)
    try await expectRefused(raw { _ in }, -32000, "nonce too low: next nonce 1, tx nonce 0")
  }

  @Test func sponsors() async throws {
    var handWritten = HandWritten(h)
    handWritten.slot = .list([.empty, .empty, RLP.uint(1 as UInt64)])
    let raw = handWritten.raw(calls: [try payment()])
    // The sender signed another preimage, so somebody unknown is the sender: the sponsor is looked at first.
    let error = try await h.refusal(raw)
    #expect(error?.message.contains("fee payer signature recovery failed") == true)
    #expect(error?.code == -32000)
  }

  @Test func aSponsorWithoutFundsIsRefused() async throws {
    h.devnet.setBalance(.zero, of: h.sponsor.address)
    let raw = try h.sponsoredRaw([payment()], from: h.payer, by: h.sponsor)
    try await expectRefused(raw, -32003, "insufficient funds for gas * price + value: have 0 want 2400")
  }

  @Test func times() async throws {
    let call = try payment()
    try await expectRefused(
      try h.raw([call], from: h.payer) { $0.validAfter = Harness.t0 + 10 }, -32000,
      "transaction not valid yet: current block timestamp 1800000000 < validAfter 1800000010")
    try await expectRefused(
      try h.raw([call], from: h.payer) {
        $0.nonceKey = 0
        $0.validBefore = Harness.t0 + 500
        $0.validAfter = Harness.t0 + 121
      }, -32000, "'valid_after' 1800000121 is too far in the future (max allowed: 1800000120)")
    try await expectRefused(
      try h.raw([call], from: h.payer) { $0.validBefore = Harness.t0 + 3 }, -32000,
      "'valid_before' 1800000003 is too close to current time (min allowed: 1800000003)")
  }

  @Test func expiringNonceForm() async throws {
    var handWritten = HandWritten(h)
    handWritten.nonce = 1
    try await expectRefused(
      handWritten.raw(calls: [try payment()]), -32000, "expiring nonce transaction must have nonce == 0")
    handWritten.nonce = 0
    handWritten.validBefore = .empty
    try await expectRefused(
      handWritten.raw(calls: [try payment()]), -32000,
      "expiring nonce transaction requires valid_before to be set")
  }

  @Test func aPausedFeeToken() async throws {
    try await h.rpc("devnet_setPaused", .string(TempoAddress.pathUSD.hex), true)
    try await expectRefused(
      try h.raw([payment()], from: h.payer), -32003, "is paused and cannot be used for fees")
  }

  @Test func chainComesBeforeTimeAndTimeBeforeFunds() async throws {
    h.devnet.setBalance(.zero, of: h.payer.address)
    var handWritten = HandWritten(h)
    handWritten.validBefore = RLP.uint(Harness.t0 - 1)
    try await expectRefused(handWritten.raw(calls: [try payment()]), -32000, "transaction expired")
    handWritten.chainID = 1
    try await expectRefused(handWritten.raw(calls: [try payment()]), -32000, "invalid chain ID")
  }

  @Test func theFeeTokenFollowsTheTransfers() async throws {
    let call = Call(to: TempoAddress.betaUSD, data: try payment().data)
    let receipt = try await h.send(call, from: h.payer)
    #expect(receipt.succeeded)
    #expect(h.units(h.payer, TempoAddress.betaUSD) == Harness.initial - 1 - Harness.fee)
    #expect(h.units(h.payer) == Harness.initial)
  }

  @Test func aTokenThatCannotPayIsNotInferred() async throws {
    let euro = try Address(hex: "0x20c0000000000000000000000000000000000042")
    let h = try Harness {
      $0.extraTokens = [DevnetToken(address: euro, name: "Euro", symbol: "EUR", currency: "EUR")]
    }
    let receipt = try await h.send(Call(to: euro, data: try payment().data), from: h.payer)
    #expect(receipt.logs.last == (try h.feeLog(h.payer)))
    #expect(h.units(h.payer, euro) == Harness.initial - 1)
    #expect(h.units(h.payer) == Harness.initial - Harness.fee)
  }

  @Test func aSponsorsTokenIsNotInferredFromTheCalls() async throws {
    // The sponsor has signed for no token: pathUSD, whatever is transferred.
    var handWritten = HandWritten(h)
    let call = Call(to: TempoAddress.betaUSD, data: try payment().data)
    handWritten.slot = .bytes([0])
    let items = handWritten.items([call])
    let preimage = [0x76] + RLP.encode(.list(items))
    let sender = h.payer.privateKey.sign(Keccak256.hash(preimage)).bytes65
    var sponsored = items
    sponsored[11] = .address(h.payer.address)
    let sponsor = h.sponsor.privateKey.sign(Keccak256.hash([0x78] + RLP.encode(.list(sponsored))))
    sponsored[11] = .list([
      RLP.uint(UInt64(sponsor.yParity)), RLP.uint(UInt256(sponsor.r)), RLP.uint(UInt256(sponsor.s)),
    ])
    let receipt = try await h.send([0x76] + RLP.encode(.list(sponsored + [.bytes(sender)])))
    #expect(receipt.succeeded)
    #expect(receipt.logs.last == (try h.feeLog(h.sponsor)))
    #expect(h.units(h.sponsor) == Harness.initial - Harness.fee)
  }

  @Test func anUnusedReplayHashIsForgottenAfterItsWindow() async throws {
    let raw = try h.raw([payment()], from: h.payer)
    try await h.send(raw)
    h.devnet.clock.advance(seconds: 26)
    h.devnet.mine()
    let state = try await h.dump()
    #expect(!state.contains("expiring/"))
    // Forgotten, but expired: it can never come back.
    try await expectRefused(raw, -32000, "transaction expired")
  }
}
