import EVM
import MPPCore
import Tempo
import TempoDevnet
import Testing

/// `03` §15 E: 5,000,000 units every thirty days, charged by an access key, sponsored.
@Suite struct SubscriptionAcceptance {
  static let month: UInt64 = 2_592_000
  static let price: UInt128 = 5_000_000

  let h: Harness
  let w: AccessScene
  let memo: Hash32

  init() throws {
    h = try Harness()
    w = try AccessScene(h)
    memo = try Hash32([UInt8](repeating: 0xcd, count: 32))
  }

  static func authorization(_ w: AccessScene) throws -> SignedKeyAuthorization {
    try w.authorization {
      $0.expiry = RLP.uint(Harness.t0 + 120 * 86_400)
      $0.limits = .list([AccessScene.Terms.limit(5_000_000, period: month)])
      $0.scopes = .list([AccessScene.Scope(recipients: [w.h.payee.address]).item])
    }
  }

  private func charge() throws -> Call { try h.transfer(Self.price, to: h.payee.address, memo: memo) }

  @discardableResult
  private func activate() async throws -> DevnetReceipt {
    try await h.send(w.sponsored([charge()], authorization: Self.authorization(w)))
  }

  @discardableResult
  private func renew() async throws -> DevnetReceipt { try await h.send(w.sponsored([charge()])) }

  private func goTo(_ seconds: UInt64) {
    h.devnet.clock.set(Timestamp(seconds: Int64(Harness.t0 + seconds)))
  }

  @Test func e1Activation() async throws {
    let receipt = try await activate()
    let memoLog = try TIP20Event.transferWithMemo(
      from: h.payer.address, to: h.payee.address, amount: UInt256(Self.price), memo: memo
    ).log(token: TempoAddress.pathUSD)
    #expect(
      receipt.logs == [
        try w.keyAuthorized(expiry: Harness.t0 + 120 * 86_400), try w.spent(5_000_000, 0),
        try w.paid(Self.price), memoLog, try h.feeLog(h.sponsor),
      ])
    #expect(try await w.limit() == [0, Harness.t0 + Self.month])
  }

  @Test func e2OncePerPeriod() async throws {
    try await activate()
    goTo(10)
    #expect(try await renew().revertName == "SpendingLimitExceeded")
    #expect(h.units(h.sponsor) == Harness.initial - 2 * Harness.fee)
  }

  @Test func e3E4E5E6ALateRenewalKeepsTheGrid() async throws {
    try await activate()
    goTo(10)
    try await renew()
    goTo(Self.month - 1)
    #expect(try await w.limit() == [0, Harness.t0 + Self.month])
    goTo(Self.month)
    #expect(try await renew().succeeded)
    #expect(try await w.limit() == [0, Harness.t0 + 2 * Self.month])
    goTo(2 * Self.month + 432_000)
    #expect(try await renew().succeeded)
    #expect(try await w.limit() == [0, Harness.t0 + 3 * Self.month])
    #expect(h.units(h.payer) == 999_985_000_000)
    #expect(h.units(h.payee) == 1_000_015_000_000)
    #expect(h.units(h.sponsor) == 999_999_996_000)
  }

  @Test func e7AnUnsponsoredActivationUsesTheAuthorizationUp() async throws {
    let receipt = try await h.send(w.selfPaid([charge()], authorization: Self.authorization(w)))
    #expect(receipt.revertName == "SpendingLimitExceeded")
    #expect(
      receipt.logs == [
        try w.keyAuthorized(expiry: Harness.t0 + 120 * 86_400), try w.spent(1_000, 4_999_000),
        try h.feeLog(h.payer),
      ])
    #expect(h.units(h.payer) == 999_999_999_000)
    #expect(try await w.keyInfo()[1] == .address(w.key.address))
    let again = try await h.refusal(w.sponsored([charge()], authorization: Self.authorization(w)))
    #expect(again?.message.contains("KeyAlreadyExists") == true)
  }

  @Test func e7AFeeBeyondTheGrantedLimitIsNotMined() async throws {
    let small = try w.authorization { $0.limits = .list([AccessScene.Terms.limit(999)]) }
    let error = try await h.refusal(w.selfPaid([charge()], authorization: small))
    #expect(error?.message.contains("SpendingLimitExceeded") == true)
    #expect(try await w.keyInfo()[2] == .uint(0 as UInt64))
  }

  @Test func e8TheKeyExpires() async throws {
    try await activate()
    goTo(121 * 86_400)
    #expect(try await h.refusal(w.sponsored([charge()]))?.message.contains("KeyExpired") == true)
  }

  @Test func e9ThePayerRevokes() async throws {
    try await activate()
    goTo(Self.month)
    #expect(try await renew().succeeded)
    try await h.send(w.call(AccountKeychainABI.revokeKey, [.address(w.key.address)]), from: h.payer)
    #expect(try await h.refusal(w.sponsored([charge()]))?.message.contains("KeyAlreadyRevoked") == true)
  }

  @Test func e10ThePeriodBeginsWithTheBlockNotTheAnchor() async throws {
    goTo(7)
    try await activate()
    goTo(Self.month)
    #expect(try await renew().revertName == "SpendingLimitExceeded")
    goTo(Self.month + 7)
    #expect(try await renew().succeeded)
  }

  @Test func e11TheGasOfAnActivation() async throws {
    let h = try Harness { $0.gasModel = .schedule }
    let w = try AccessScene(h)
    let authorization = try Self.authorization(w)
    let call = try h.transfer(Self.price, to: h.payee.address, memo: memo)
    let rule: JSONValue = [
      "selector": "0x95777d59", "recipients": [.string(h.payee.address.hex)],
    ]
    let answer = try await h.rpc(
      "eth_estimateGas",
      [
        "from": .string(h.payer.address.hex), "keyId": .string(w.key.address.hex), "keyType": "secp256k1",
        "nonceKey": .string(UInt256.max.hexQuantity), "validBefore": .string(Hex.quantity(h.now + 25)),
        "calls": [["to": .string(TempoAddress.pathUSD.hex), "data": .string(Hex.encode(call.data))]],
        "keyAuthorization": [
          "chainId": "0x539", "keyType": "secp256k1", "keyId": .string(w.key.address.hex),
          "expiry": .string(Hex.quantity(Harness.t0 + 120 * 86_400)),
          "limits": [
            ["token": .string(TempoAddress.pathUSD.hex), "limit": "0x4c4b40", "period": "0x278d00"]
          ],
          "allowedCalls": [["target": .string(TempoAddress.pathUSD.hex), "selectorRules": [rule]]],
          "signature": ["type": "secp256k1", "r": "0x1", "s": "0x1", "yParity": "0x0"],
        ],
      ])
    let estimate = try Hex.uint64(quantity: answer.stringValue ?? "")
    #expect(estimate > 3_281_100)
    #expect(estimate < 5_000_000)
    let receipt = try await h.send(w.sponsored([call], authorization: authorization) { $0.gas = estimate })
    #expect(receipt.succeeded)
    #expect(receipt.gasUsed == estimate)
  }
}
