import EVM
import MPPCore
import Tempo
import TempoDevnet
import Testing

/// `03` §15 A: payments and admission, with exact balances in flat gas.
@Suite struct PaymentAcceptance {
  let memo: Hash32
  let h: Harness

  init() throws {
    h = try Harness()
    memo = try Hash32([UInt8](repeating: 0xab, count: 32))
  }

  var payment: Call {
    get throws { try h.transfer(1_000_000, to: h.payee.address, memo: memo) }
  }

  @Test func a1UnsponsoredTransferWithMemo() async throws {
    let receipt = try await h.send(try payment, from: h.payer)
    let memoLog = try TIP20Event.transferWithMemo(
      from: h.payer.address, to: h.payee.address, amount: 1_000_000, memo: memo
    ).log(token: TempoAddress.pathUSD)
    #expect(receipt.succeeded)
    #expect(
      receipt.logs == [
        try h.transferLog(h.payer.address, h.payee.address, 1_000_000), memoLog, try h.feeLog(h.payer),
      ])
    #expect(receipt.feePayer == h.payer.address)
    #expect(h.units(h.payer) == 999_998_999_000)
    #expect(h.units(h.payee) == 1_000_001_000_000)
    #expect(h.units(TempoAddress.feeManager) == 1_000)
  }

  @Test func a2SponsoredTransferWithMemo() async throws {
    let receipt = try await h.send(h.sponsoredRaw([try payment], from: h.payer, by: h.sponsor))
    #expect(receipt.succeeded)
    let memoLog = try TIP20Event.transferWithMemo(
      from: h.payer.address, to: h.payee.address, amount: 1_000_000, memo: memo
    ).log(token: TempoAddress.pathUSD)
    #expect(
      receipt.logs == [
        try h.transferLog(h.payer.address, h.payee.address, 1_000_000), memoLog, try h.feeLog(h.sponsor),
      ])
    #expect(receipt.feePayer == h.sponsor.address)
    #expect(h.units(h.payer) == 999_999_000_000)
    #expect(h.units(h.sponsor) == 999_999_999_000)
    #expect(h.units(h.payee) == 1_000_001_000_000)
  }

  @Test func a3TheSameBytesAgainAreAReplay() async throws {
    let raw = try h.sponsoredRaw([try payment], from: h.payer, by: h.sponsor)
    try await h.send(raw)
    let before = try await h.dump()
    let error = try await h.refusal(raw)
    #expect(error?.message.contains("ExpiringNonceReplay") == true)
    #expect(try await h.dump() == before)
  }

  @Test func a4AnotherSponsorOfTheSameTransactionIsAReplay() async throws {
    let unsigned = h.transaction([try payment]) { $0.feePayer = .awaitingFeePayer }
    let handOff = try unsigned.signed(with: h.payer.privateKey).handOff(sender: h.payer.address)
    try await h.send(h.cosigned(handOff, sender: h.payer, by: h.sponsor))
    let error = try await h.refusal(h.cosigned(handOff, sender: h.payer, by: h.stranger))
    #expect(error?.message.contains("ExpiringNonceReplay") == true)
  }

  @Test func a5TheWindowOfAnExpiringNonce() async throws {
    func raw(_ ahead: UInt64) throws -> [UInt8] {
      try h.raw([try payment], from: h.payer) { $0.validBefore = Harness.t0 + ahead }
    }
    #expect(try await h.refusal(raw(31))?.message.contains("too far in the future") == true)
    #expect(try await h.refusal(raw(30)) == nil)
    #expect(try await h.refusal(raw(4)) == nil)
    #expect(try await h.refusal(raw(3))?.message.contains("too close") == true)
  }

  /// `03` §16.6: A5 with the window of T11.
  @Test func a5TheWindowFromT11On() async throws {
    let h = try Harness { $0.expiryWindow = 300 }
    func raw(_ ahead: UInt64) throws -> [UInt8] {
      try h.raw([try payment], from: h.payer) { $0.validBefore = Harness.t0 + ahead }
    }
    #expect(try await h.refusal(raw(301))?.message.contains("too far in the future") == true)
    #expect(try await h.refusal(raw(300)) == nil)
    #expect(try await h.refusal(raw(3))?.message.contains("too close") == true)
  }

  @Test func a6AnExpiredTransaction() async throws {
    let raw = try h.raw([try payment], from: h.payer)
    h.devnet.clock.advance(seconds: 25)
    let error = try await h.refusal(raw)
    #expect(error?.message.contains("transaction expired") == true)
    #expect(error?.code == -32000)
  }

  @Test func a7ASponsorCannotBeTheSender() async throws {
    let error = try await h.refusal(h.sponsoredRaw([try payment], from: h.payer, by: h.payer))
    #expect(error?.message.contains("fee payer cannot resolve to sender") == true)
  }

  @Test func a8ABatchIsAtomic() async throws {
    let receipt = try await h.send(
      try payment, try payment, h.transfer(5, to: TempoAddress.alphaUSD), from: h.payer)
    #expect(!receipt.succeeded)
    #expect(receipt.logs == [try h.feeLog(h.payer)])
    #expect(receipt.revertName == "InvalidRecipient")
    let trace = try await h.rpc("devnet_trace", .string(receipt.hash.hex))
    let selector = Keccak256.hash(utf8: "InvalidRecipient()").bytes.prefix(4)
    #expect(trace["revertData"]?.stringValue == Hex.encode(Array(selector)))
    #expect(h.units(h.payer) == 999_999_999_000)
    #expect(h.units(h.payee) == Harness.initial)
  }

  @Test func a9ASenderWithoutFunds() async throws {
    h.devnet.setBalance(.zero, of: h.payer.address)
    let raw = try h.raw([try payment], from: h.payer)
    let error = try await h.refusal(raw)
    #expect(error?.message.contains("insufficient funds") == true)
    #expect(error?.code == -32003)
    #expect(try await h.rpc("eth_getTransactionReceipt", .string(Keccak256.hash(raw).hex)) == .null)
    #expect(h.units(h.payee) == Harness.initial)
  }

  @Test func a10AFeeTokenThatIsNotADollar() async throws {
    let euro = try Address(hex: "0x20c0000000000000000000000000000000000042")
    let h = try Harness {
      $0.extraTokens = [DevnetToken(address: euro, name: "Euro", symbol: "EUR", currency: "EUR")]
    }
    let error = try await h.refusal(h.raw([try payment], from: h.payer) { $0.feeToken = euro })
    #expect(error?.code == -32003)
    #expect(error?.data?["name"]?.stringValue == "FeeTokenNotUsdError")
    let nothing = try await h.refusal(
      h.raw([try payment], from: h.payer) { $0.feeToken = TempoAddress.feeManager })
    #expect(nothing?.data?["name"]?.stringValue == "FeeTokenNotTip20Error")
  }

  @Test func a11KeyedNonces() async throws {
    func raw(_ nonce: UInt64) throws -> [UInt8] {
      try h.raw([try payment], from: h.payer) {
        $0.nonceKey = 7
        $0.nonce = nonce
      }
    }
    let first = try await h.send(raw(0))
    #expect(first.logs.first?.address == TempoAddress.nonceManager)
    // Written out, so that a wrong event cannot hide in what both sides share.
    #expect(
      first.logs.first?.topics == [
        Keccak256.hash(utf8: "NonceIncremented(address,uint256,uint64)"), h.payer.address.word,
        UInt256(7 as UInt64).word,
      ])
    #expect(first.logs.first?.data == UInt256(1 as UInt64).bytes32)
    #expect(try await h.refusal(raw(0))?.message.contains("nonce too low") == true)
    #expect(try await h.refusal(raw(2))?.message.contains("nonce too high") == true)
    #expect(try await h.send(raw(1)).succeeded)
  }

  @Test func a14ARecoveryByteOfZeroIsNormalised() async throws {
    let signed = try h.transaction([try payment]).signed(with: h.payer.privateKey)
    var raw = signed.serialized
    raw[raw.count - 1] -= 27
    let receipt = try await h.send(raw)
    #expect(receipt.hash == signed.hash)
    #expect(receipt.sender == h.payer.address)
  }

  @Test func a15AHighSignatureIsRefused() async throws {
    let signed = try h.transaction([try payment]).signed(with: h.payer.privateKey)
    let envelope = HighS.twin(of: Array(signed.serialized.suffix(65)))
    let error = try await h.refusal(signed.serialized.dropLast(65) + envelope)
    #expect(error?.message == "invalid transaction signature")
  }

  @Test func a17ProtocolNonceIsSharedBetweenTypes() async throws {
    let call = try payment
    for nonce: UInt64 in 0..<4 {
      if nonce % 2 == 0 {
        let transaction = EIP1559Transaction(
          chainID: 1337, nonce: nonce, maxPriorityFeePerGas: 0, maxFeePerGas: 24_000_000_000, gas: 60_000,
          to: call.to, data: call.data)
        #expect(try await h.send(transaction.signed(with: h.payer.privateKey).serialized).succeeded)
      } else {
        let receipt = try await h.send(call, from: h.payer) {
          $0.nonceKey = 0
          $0.nonce = nonce
          $0.validBefore = nil
          $0.validAfter = nil
        }
        #expect(receipt.succeeded)
      }
    }
    #expect(h.devnet.nonce(of: h.payer.address) == 4)
    #expect(h.units(h.payer) == Harness.initial - 4 * 1_001_000)
  }

  @Test func a18TooManyCalls() async throws {
    let call = try payment
    let error = try await h.refusal(HandWritten(h).raw(calls: Array(repeating: call, count: 33)))
    #expect(error?.message == "Too many calls in AA transaction: 33 exceeds maximum allowed 32")
  }

  @Test func a19AHeldTransferIsNotAPayment() async throws {
    try await h.rpc(
      "devnet_setTokenPolicy", .string(TempoAddress.pathUSD.hex), .string(h.payee.address.hex),
      ["holdIncoming": true])
    let receipt = try await h.send(try payment, from: h.payer)
    #expect(receipt.succeeded)
    #expect(
      receipt.logs[0] == (try h.transferLog(h.payer.address, TempoAddress.receivePolicyGuard, 1_000_000)))
    #expect(receipt.logs[1].topics[2] == TempoAddress.receivePolicyGuard.word)
    #expect(h.units(h.payee) == Harness.initial)
  }
}

/// Malleated signatures.
enum HighS {
  /// `r ‖ n − s ‖ the other v`.
  static func twin(of signature: [UInt8]) -> [UInt8] {
    let order: [UInt8] =
      [UInt8](repeating: 0xff, count: 15) + [
        0xfe, 0xba, 0xae, 0xdc, 0xe6, 0xaf, 0x48, 0xa0, 0x3b, 0xbf, 0xd2, 0x5e, 0x8c, 0xd0, 0x36, 0x41, 0x41,
      ]
    var result = signature
    var borrow = 0
    for index in (0..<32).reversed() {
      let difference = Int(order[index]) - Int(signature[32 + index]) - borrow
      borrow = difference < 0 ? 1 : 0
      result[32 + index] = UInt8((difference + 256) % 256)
    }
    result[64] = signature[64] == 27 ? 28 : 27
    return result
  }
}

/// Transactions that the SDK refuses to build: put together from RLP here.
struct HandWritten {
  let h: Harness
  var chainID: UInt64 = 1337
  var priorityFee: UInt64 = 0
  var maxFee: UInt64 = 24_000_000_000
  var gas: UInt64 = 100_000
  var nonceKey = ExpiringNonce.key
  var nonce: UInt64 = 0
  var validBefore: RLPItem?
  var validAfter: RLPItem = .empty
  var feeToken: RLPItem = .empty
  var slot: RLPItem = .empty

  init(_ h: Harness) { self.h = h }

  func items(_ calls: [Call]) -> [RLPItem] {
    let calls = calls.map { call in
      RLPItem.list([.bytes(call.to?.bytes ?? []), RLP.uint(call.value), .bytes(call.data)])
    }
    return [
      RLP.uint(chainID), RLP.uint(priorityFee), RLP.uint(maxFee), RLP.uint(gas), .list(calls), .list([]),
      RLP.uint(nonceKey), RLP.uint(nonce), validBefore ?? RLP.uint(h.now + 25), validAfter, feeToken, slot,
      .list([]),
    ]
  }

  func raw(calls: [Call], extra: [RLPItem] = []) -> [UInt8] {
    let items = items(calls) + extra
    let digest = Keccak256.hash([0x76] + RLP.encode(.list(items)))
    return [0x76] + RLP.encode(.list(items + [.bytes(h.payer.privateKey.sign(digest).bytes65)]))
  }
}
