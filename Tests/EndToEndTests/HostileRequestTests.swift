import EVM
import HTTPTypes
import MPPCore
import MPPTempo
import MarketplaceSupport
import Tempo
import TempoDevnet
import Testing

@Suite("Hostile requests over real sockets", .timeLimit(.minutes(1)))
struct HostileRequestTests {
  /// Fires all attacks at one shop: each is answered as it deserves, none moves money, and an honest request
  /// is served afterwards.
  func fire(_ attacks: [Attack]) async throws {
    try await Marketplace.run { market in
      let stage = try await HostileStage(market)
      let before = try await Self.books(stage.shop)
      let transactions = market.devnet.receipts().count
      let served = stage.shop.log.served
      for attack in attacks {
        let faults = try await attack.faults(stage)
        #expect(faults == [])
        let after = try await Self.books(stage.shop)
        if after != before { Issue.record("\(attack.name) changed the books: \(before) → \(after)") }
      }
      #expect(market.devnet.receipts().count == transactions)
      #expect(stage.shop.log.served == served)
      let honest = try await stage.payer.pay(
        stage.payer.voucher(stage.channel, stage.next), to: stage.shop)
      #expect(honest.status == 200, "\(honest)")
      #expect(try await stage.shop.record(stage.channel.id).spent == stage.next)
      #expect(try await market.audit(stage.shop) == [])
    }
  }

  /// The money of every channel; what was read from the chain may be newer.
  private static func books(_ shop: Shop) async throws -> [String] {
    try await shop.records().map { record in
      "\(record.channelID): accepted \(record.accepted), spent \(record.spent), held \(record.held), "
        + "units \(record.units), deposit \(record.deposit), settled \(record.settled), \(record.phase)"
    }
  }

  @Test func malformedCredentials() async throws {
    let deep = String(repeating: "[", count: 40_000)
    try await fire([
      Attack("not base64", "malformed-credential") { _ in "Payment !!!" },
      Attack("not JSON", "malformed-credential") { _ in Self.token("hello") },
      Attack("empty object", "malformed-credential") { _ in Self.token("{}") },
      Attack("array", "malformed-credential") { _ in Self.token("[]") },
      Attack("deep JSON", "malformed-credential") { _ in Self.token(deep) },
      Attack("deep JSON in the payload", "malformed-credential") { stage in
        let text = try await Self.json(stage.voucher())
        return Self.token(text.replacing("\"payload\":{", with: "\"x\":\(deep),\"payload\":{"))
      },
      Attack("two members of one name", "malformed-credential") { stage in
        let text = try await Self.json(stage.voucher())
        return Self.token(text.replacing("\"payload\":{", with: "\"payload\":{},\"payload\":{"))
      },
      Attack("trailing bytes", "malformed-credential") { stage in
        Self.token(try await Self.json(stage.voucher()) + "x")
      },
      Attack("over the limit", "malformed-credential") { _ in
        "Payment " + String(repeating: "A", count: 66_000)
      },
      Attack("no token", "payment-required") { _ in "Payment" },
      Attack("another scheme", "payment-required") { _ in "Bearer abc" },
      Attack("two in one field", "bad-request", status: 400) { stage in
        let one = try await stage.voucher()
        return "\(one), \(one)"
      },
      Attack(shot: "two fields", "bad-request", status: 400) { stage in
        let one = try await stage.voucher()
        return .init(one, one)
      },
    ])
  }

  @Test func challengesThatAreNotForThisRequest() async throws {
    try await fire([
      Attack("other secret", "invalid-challenge") { stage in
        let challenge = try await stage.payer.challenge(of: stage.foreign)
        return stage.payer.credential(challenge, try stage.payer.voucher(stage.channel, stage.next))
      },
      Attack("other realm", "invalid-challenge") { stage in
        let challenge = try await stage.payer.challenge(of: stage.elsewhere)
        return stage.payer.credential(challenge, try stage.payer.voucher(stage.channel, stage.next))
      },
      Attack("another route of the same price", "invalid-challenge") { stage in
        let challenge = try await stage.payer.challenge(of: stage.shop, "/other")
        return stage.payer.credential(challenge, try stage.payer.voucher(stage.channel, stage.next))
      },
      Attack(shot: "a cheaper route", "invalid-challenge") { stage in
        let challenge = try await stage.payer.challenge(of: stage.shop)
        let credential = stage.payer.credential(
          challenge, try stage.payer.voucher(stage.channel, stage.next))
        return .init(credential, target: "/dear")
      },
      Attack("price lowered by hand", "invalid-challenge") { stage in
        let text = try await Self.json(stage.voucher())
        let challenge = try await stage.payer.challenge(of: stage.shop)
        let request = challenge.request.value().serialized().replacing("10000", with: "1")
        return Self.token(
          text.replacing(
            /"request":"[^"]*"/, with: "\"request\":\"\(Base64URL.encode(Array(request.utf8)))\""))
      },
      Attack("expiry moved by hand", "invalid-challenge") { stage in
        let text = try await Self.json(stage.voucher())
        return Self.token(
          text.replacing(/"expires":"[^"]*"/, with: "\"expires\":\"2099-01-01T00:00:00.000Z\""))
      },
      Attack("no expiry", "invalid-challenge") { stage in
        let text = try await Self.json(stage.voucher())
        return Self.token(text.replacing(/"expires":"[^"]*",/, with: ""))
      },
      Attack("expired", "payment-expired") { stage in
        let credential = try await stage.voucher()
        stage.market.clock.advance(seconds: 301)
        return credential
      },
      Attack("replayed", "session/insufficient-balance") { stage in
        // The voucher of the opening, whose price is spent.
        try await stage.credential(stage.payer.voucher(stage.channel, Marketplace.price))
      },
    ])
  }

  @Test func payloadsOfTheWrongShape() async throws {
    func changed(
      _ name: String, _ code: String, _ key: String, _ value: JSONValue?
    ) -> Attack {
      Attack(name, code) { try await $0.voucher { $0[key] = value } }
    }
    try await fire([
      Attack("payload is null", "invalid-payload") { stage in
        stage.payer.credential(
          try await stage.payer.challenge(of: stage.shop), .null, source: stage.payer.source)
      },
      Attack("payload is a text", "invalid-payload") { stage in
        stage.payer.credential(
          try await stage.payer.challenge(of: stage.shop), "voucher", source: stage.payer.source)
      },
      changed("no action", "invalid-payload", "action", nil),
      changed("unknown action", "invalid-payload", "action", "refund"),
      changed("action is a number", "invalid-payload", "action", 1),
      changed("no channel", "invalid-payload", "channelId", nil),
      changed("channel too short", "invalid-payload", "channelId", "0x1234"),
      changed("amount is a number", "invalid-payload", "cumulativeAmount", 20_000),
      changed("amount is negative", "invalid-payload", "cumulativeAmount", "-1"),
      changed("amount is hexadecimal", "invalid-payload", "cumulativeAmount", "0x4e20"),
      changed("amount is empty", "invalid-payload", "cumulativeAmount", ""),
      changed("amount is a fraction", "verification-failed", "cumulativeAmount", "0.02"),
      changed(
        "amount is above uint96", "verification-failed", "cumulativeAmount",
        "79228162514264337593543950336"),
      changed(
        "amount has a thousand digits", "verification-failed", "cumulativeAmount",
        .string(String(repeating: "9", count: 1_000))),
      changed("signature is a number", "invalid-payload", "signature", 7),
      changed("signature is not hexadecimal", "invalid-payload", "signature", "0xzz"),
      changed("no descriptor", "verification-failed", "descriptor", nil),
      changed("descriptor is a text", "verification-failed", "descriptor", "0x"),
      changed("descriptor is empty", "verification-failed", "descriptor", [:]),
    ])
  }

  @Test func vouchersOfTheWrongSignature() async throws {
    func signed(
      _ name: String, _ make: @escaping @Sendable (RecoverableSignature) throws -> [UInt8]
    ) -> Attack {
      Attack(name, "session/invalid-signature") { stage in
        try await stage.voucher { $0["signature"] = try stage.signature(make) }
      }
    }
    try await fire([
      signed("high s") { signature in
        let s = try Self.order.subtracting(signature.s)
        return signature.r.bytes + s + [27 + (1 - signature.yParity)]
      },
      signed("v 0 or 1") { $0.r.bytes + $0.s.bytes + [$0.yParity] },
      signed("v 29") { $0.r.bytes + $0.s.bytes + [29] },
      signed("other recovery id") { $0.r.bytes + $0.s.bytes + [28 - $0.yParity] },
      signed("compact, 64 bytes") { signature in
        var s = signature.s.bytes
        s[0] |= signature.yParity << 7
        return signature.r.bytes + s
      },
      signed("trailing byte") { $0.bytes65 + [0] },
      signed("leading zero") { [0] + $0.bytes65 },
      signed("cut off") { Array($0.bytes65.dropLast()) },
      signed("one byte") { _ in [1] },
      signed("zero") { _ in Array(repeating: 0, count: 65) },
      signed("keychain wrapped") { [0x03] + Array(repeating: 0x11, count: 20) + $0.bytes65 },
      signed("large") { _ in Array(repeating: 0x11, count: 20_000) },
      Attack("odd number of digits", "session/invalid-signature") { stage in
        try await stage.voucher { members in
          members["signature"] = members["signature"]?.stringValue.map { .string($0 + "0") }
        }
      },
      Attack("signed by somebody else", "session/invalid-signature") { stage in
        try await stage.voucher { members in
          let signature = try stage.stranger.sign(stage.channel.id, stage.next)
          members["signature"] = .string(Hex.encode(signature.bytes65))
        }
      },
      Attack("signed for another amount", "session/invalid-signature") { stage in
        try await stage.voucher { $0["cumulativeAmount"] = "30000" }
      },
      Attack("signed for another channel", "session/invalid-signature") { stage in
        try await stage.voucher { members in
          let signature = try stage.payer.sign(stage.strangers.id, stage.next)
          members["signature"] = .string(Hex.encode(signature.bytes65))
        }
      },
      Attack("signed for another chain", "session/invalid-signature") { stage in
        try await stage.voucher { members in
          let digest = try Voucher(
            channelID: stage.channel.id, cumulativeAmount: stage.next.units
          ).digest(domain: VoucherDomain(chainID: 4217))
          members["signature"] = .string(Hex.encode(stage.payer.account.privateKey.sign(digest).bytes65))
        }
      },
    ])
  }

  /// Order of the curve.
  private static let order = FieldOrder()

  private struct FieldOrder {
    let bytes: [UInt8] = [
      0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xfe,
      0xba, 0xae, 0xdc, 0xe6, 0xaf, 0x48, 0xa0, 0x3b, 0xbf, 0xd2, 0x5e, 0x8c, 0xd0, 0x36, 0x41, 0x41,
    ]

    func subtracting(_ value: Hash32) throws -> [UInt8] {
      var result = bytes
      var borrow = 0
      for index in stride(from: 31, through: 0, by: -1) {
        let difference = Int(bytes[index]) - Int(value.bytes[index]) - borrow
        borrow = difference < 0 ? 1 : 0
        result[index] = UInt8(difference + borrow * 256)
      }
      return result
    }
  }

  @Test func vouchersOfTheWrongChannelAmountOrSource() async throws {
    try await fire([
      Attack("channel of somebody else", "verification-failed") { stage in
        try await stage.voucher { $0["channelId"] = .string(stage.strangers.id.hex) }
      },
      Attack("descriptor of somebody else", "verification-failed") { stage in
        try await stage.voucher { $0["descriptor"] = stage.strangers.descriptor.jsonValue }
      },
      Attack("both of somebody else", "verification-failed") { stage in
        try await stage.credential(stage.payer.voucher(stage.strangers, stage.next))
      },
      Attack("a channel that was never opened", "session/channel-not-found", status: 410) { stage in
        let (channel, _) = try stage.payer.opening(of: stage.shop, salt: 99)
        return try await stage.credential(stage.payer.voucher(channel, stage.next))
      },
      Attack("above the deposit", "session/amount-exceeds-deposit") { stage in
        try await stage.credential(
          stage.payer.voucher(stage.channel, Amount(units: stage.channel.deposit.units + 1)))
      },
      Attack("below the highest", "verification-failed") { stage in
        try await stage.credential(stage.payer.voucher(stage.channel, Amount(units: 9_999)))
      },
      Attack("zero", "verification-failed") { stage in
        try await stage.credential(stage.payer.voucher(stage.channel, .zero))
      },
      Attack("no source", "verification-failed") { try await $0.voucher(source: .some(nil)) },
      Attack("source of another account", "verification-failed") { stage in
        try await stage.voucher(source: stage.stranger.source)
      },
      Attack("source of another chain", "verification-failed") { stage in
        try await stage.voucher(source: "did:pkh:eip155:1:\(stage.payer.account.address.checksummed)")
      },
      Attack("source is no account", "verification-failed") { stage in
        try await stage.voucher(source: "did:pkh:eip155:\(stage.market.devnet.chainID):me")
      },
      Attack("source is no DID", "verification-failed") { try await $0.voucher(source: "me") },
    ])
  }

  @Test func managementOfTheWrongKind() async throws {
    try await fire([
      Attack("close by somebody else", "session/invalid-signature") { stage in
        try await stage.credential(stage.payer.close(stage.channel, Marketplace.price)) { members in
          let signature = try stage.stranger.sign(stage.channel.id, Marketplace.price)
          members["signature"] = .string(Hex.encode(signature.bytes65))
        }
      },
      Attack("close below what was delivered", "verification-failed") { stage in
        try await stage.credential(stage.payer.close(stage.channel, Amount(units: 1)))
      },
      Attack("close of a channel that was never opened", "session/channel-not-found", status: 410) { stage in
        let (channel, _) = try stage.payer.opening(of: stage.shop, salt: 98)
        return try await stage.credential(stage.payer.close(channel, Marketplace.price))
      },
      Attack("open with bytes that are no transaction", "verification-failed") { stage in
        try await stage.credential(stage.payer.opening(of: stage.shop, salt: 97).payload) {
          $0["transaction"] = "0xdeadbeef"
        }
      },
      Attack("open for another chain", "verification-failed") { stage in
        try await stage.credential(
          stage.payer.opening(of: stage.shop, salt: 96) { $0.chainID = 4217 }.payload)
      },
      Attack("open with a voucher above its deposit", "session/amount-exceeds-deposit") { stage in
        try await stage.credential(
          stage.payer.opening(of: stage.shop, voucher: Amount(units: 1_000_001), salt: 95).payload)
      },
      Attack("open with a deposit below the price", "verification-failed") { stage in
        try await stage.credential(
          stage.payer.opening(of: stage.shop, deposit: Amount(units: 9_999), salt: 94).payload)
      },
      Attack("open with a voucher below the price", "verification-failed") { stage in
        try await stage.credential(
          stage.payer.opening(of: stage.shop, voucher: Amount(units: 9_999), salt: 93).payload)
      },
      Attack("open with the voucher of somebody else", "session/invalid-signature") { stage in
        let (channel, payload) = try stage.payer.opening(of: stage.shop, salt: 92)
        return try await stage.credential(payload) { members in
          let signature = try stage.stranger.sign(channel.id, Marketplace.price)
          members["signature"] = .string(Hex.encode(signature.bytes65))
        }
      },
      Attack("open with two calls", "verification-failed") { stage in
        try await stage.credential(
          stage.payer.opening(of: stage.shop, salt: 91) { $0.calls.append($0.calls[0]) }.payload)
      },
      Attack("open with trailing calldata", "verification-failed") { stage in
        try await stage.credential(
          stage.payer.opening(of: stage.shop, salt: 90) { transaction in
            transaction.calls = transaction.calls.map { Call(to: $0.to, data: $0.data + [0]) }
          }.payload)
      },
      Attack("open more than the payer has", "verification-failed") { stage in
        try await stage.credential(
          stage.payer.opening(of: stage.shop, deposit: Amount(units: 2_000_000_000_000), salt: 89).payload)
      },
      Attack("top-up of nothing", "verification-failed") { try await Self.topUp($0, .zero, sent: .zero) },
      Attack("top-up of less than it says", "verification-failed") { stage in
        try await Self.topUp(stage, Amount(units: 1_000_000), sent: Amount(units: 1))
      },
    ])
  }

  private static func topUp(_ stage: HostileStage, _ claimed: Amount, sent: Amount) async throws -> String {
    let call = ChannelReserveCall.topUp(stage.channel.descriptor, additionalDeposit: sent.units)
    let transaction = stage.payer.transaction(
      [Call(to: TempoAddress.channelReserve, data: try call.calldata())], salt: 88)
    return try await stage.credential(
      .topUp(
        SessionPayload.TopUp(
          channelID: stage.channel.id, descriptor: stage.channel.descriptor,
          transaction: transaction.signed(with: stage.payer.account.privateKey).serialized,
          additionalDeposit: claimed)))
  }

  /// The HTTP parser of the framework gives up at 80 KiB and answers by itself, before there is a request that a route or a
  /// middleware could see: without a body, so without a problem document.
  @Test func oversizedHeadersNeverReachAHandler() async throws {
    try await Marketplace.run { market in
      let stage = try await HostileStage(market)
      let shop = stage.shop
      let before = try await Self.books(shop)
      let transactions = market.devnet.receipts().count
      let served = shop.log.served
      // An honest credential, so that only its size keeps it from buying.
      let honest = try await stage.voucher()
      let response = try await RawHTTP(port: shop.port).exchange(
        "GET", "/ping",
        headers: [("X-Large", String(repeating: "A", count: 1 << 20)), ("Authorization", honest)])
      #expect((400..<500).contains(response.status), "\(response.status)")
      #expect(response.headers[ProtocolHeaders.paymentReceipt] == nil)
      #expect(shop.log.served == served)
      #expect(market.devnet.receipts().count == transactions)
      #expect(try await Self.books(shop) == before)
      #expect(try await RawHTTP(port: shop.port).exchange("GET", "/ping").status == 402)
      #expect(try await market.audit(shop) == [])
    }
  }

  // MARK: Texts

  static func token(_ json: String) -> String { "Payment " + Base64URL.encode(Array(json.utf8)) }

  /// The JSON text inside a credential.
  static func json(_ credential: String) throws -> String {
    String(decoding: try Base64URL.decode(credential.dropFirst("Payment ".count)), as: UTF8.self)
  }
}
