import EVM
import MPPCore
import MPPTempo
import MarketplaceSupport
import Testing

/// Non-canonical: the same thing, written in another way.
extension HostileRequestTests {
  @Test func nonCanonicalBase64() async throws {
    try await fire([
      Attack("non-canonical: padding in the middle", "malformed-credential") { stage in
        var token = try await stage.voucher()
        token.insert("=", at: token.index(token.endIndex, offsetBy: -8))
        return token
      },
      Attack("non-canonical: bits after the last byte", "malformed-credential") { stage in
        // White space until the last group has one byte, whose four spare bits are set.
        var json = try await Self.json(stage.voucher())
        while json.utf8.count % 3 != 1 { json += " " }
        let token = Self.token(json)
        let last = try #require(token.last)
        let changed: Character? = ["A": "B", "Q": "R", "g": "h", "w": "x"][last]
        return token.dropLast() + String(try #require(changed))
      },
      // Padding is allowed (`01` §2.1), and is no new credential.
      Attack("non-canonical: spent and padded", "session/insufficient-balance") { stage in
        var json = try Self.json(try await Self.spent(stage))
        while json.utf8.count % 3 != 1 { json += " " }
        return Self.token(json) + "=="
      },
      Attack("non-canonical: spent, with too much padding", "session/insufficient-balance") { stage in
        try await Self.spent(stage) + "===="
      },
      Attack("non-canonical: spent, request of the challenge padded", "session/insufficient-balance") {
        stage in
        try Self.request(in: try await Self.spent(stage)) { $0 + "==" }
      },
    ])
  }

  @Test func nonCanonicalJSON() async throws {
    func respelled(
      _ name: String, _ code: String, _ change: @escaping @Sendable (String) throws -> String
    ) -> Attack {
      Attack("non-canonical: \(name)", code) { stage in
        try Self.request(in: try await Self.spent(stage)) { text in
          let json = String(decoding: try Base64URL.decode(text), as: UTF8.self)
          return Base64URL.encode(Array(try change(json).utf8))
        }
      }
    }
    let spent = "session/insufficient-balance"
    try await fire([
      // The id covers the canonical text of the object that is echoed: another spelling of it is the same challenge, and nothing new.
      respelled("spent, request with unsorted keys", spent) { json in
        guard case .object(let members) = try JSONValue(parsing: json) else { throw TestFailure("no object") }
        return JSONValue.object(members.reversed()).serialized()
      },
      respelled("spent, request with white space", spent) { $0.replacing("{", with: "{ ") },
      respelled("spent, request with an escaped letter", spent) { json in
        json.replacing("\"amount\"", with: "\"\\u0061mount\"")
      },
      respelled("request with a price twice", "malformed-credential") { json in
        json.replacing("\"amount\":", with: "\"amount\":\"1\",\"amount\":")
      },
      respelled("request with the price as a number", "invalid-challenge") { json in
        json.replacing("\"amount\":\"10000\"", with: "\"amount\":10000")
      },
      respelled("request with a leading zero in the price", "invalid-challenge") { json in
        json.replacing("\"amount\":\"10000\"", with: "\"amount\":\"010000\"")
      },
      Attack("non-canonical: an amount twice", "malformed-credential") { stage in
        let text = try await Self.json(stage.voucher())
        return Self.token(
          text.replacing("\"cumulativeAmount\":", with: "\"cumulativeAmount\":\"1\",\"cumulativeAmount\":"))
      },
      // The order of a credential's own members means nothing, and makes no new credential.
      Attack("non-canonical: spent, with unsorted keys", "session/insufficient-balance") { stage in
        let text = try Self.json(try await Self.spent(stage))
        guard case .object(let members) = try JSONValue(parsing: text) else { throw TestFailure("no object") }
        return Self.token(JSONValue.object(members.reversed()).serialized())
      },
    ])
  }

  @Test func nonCanonicalAmounts() async throws {
    let zeros = String(repeating: "0", count: 1_000)
    try await fire([
      // Leading zeros are allowed, and are no new amount.
      Attack("non-canonical: spent, with leading zeros", "session/insufficient-balance") { stage in
        try await stage.credential(stage.payer.voucher(stage.channel, Marketplace.price)) {
          $0["cumulativeAmount"] = .string("000" + Marketplace.price.description)
        }
      },
      Attack("non-canonical: a thousand leading zeros", "verification-failed") { stage in
        try await stage.voucher { $0["cumulativeAmount"] = .string(zeros + stage.next.description) }
      },
      Attack("non-canonical: a plus sign", "invalid-payload") { stage in
        try await stage.voucher { $0["cumulativeAmount"] = .string("+" + stage.next.description) }
      },
      Attack("non-canonical: white space", "invalid-payload") { stage in
        try await stage.voucher { $0["cumulativeAmount"] = .string(" " + stage.next.description) }
      },
      Attack("non-canonical: digits of another script", "invalid-payload") { stage in
        try await stage.voucher { $0["cumulativeAmount"] = "٢٠٠٠٠" }
      },
    ])
  }

  /// Each would open a channel if it were read as what it means.
  @Test func nonCanonicalTransactions() async throws {
    func opening(
      _ name: String, salt: UInt64, _ change: @escaping @Sendable ([UInt8]) throws -> [UInt8]
    ) -> Attack {
      Attack("non-canonical: \(name)", "verification-failed") { stage in
        try await stage.credential(stage.payer.opening(of: stage.shop, salt: salt).payload) { members in
          let bytes = try Hex.decode(members["transaction"]?.stringValue ?? "")
          members["transaction"] = .string(Hex.encode(try change(bytes)))
        }
      }
    }
    func field(_ index: Int, _ change: @escaping @Sendable ([UInt8]) -> [UInt8])
      -> @Sendable ([UInt8]) throws
      -> [UInt8]
    {
      { bytes in
        guard case .list(var items) = try RLP.decode(bytes.dropFirst()), case .bytes(let value) = items[index]
        else { throw TestFailure("no transaction") }
        items[index] = .bytes(change(value))
        return bytes.prefix(1) + RLP.encode(.list(items))
      }
    }
    try await fire([
      opening("length of the list with a leading zero", salt: 80) { bytes in
        try #require(bytes[1] == 0xf9)
        return [bytes[0], 0xfa, 0] + bytes.dropFirst(2)
      },
      opening("chain id with a leading zero", salt: 81, field(0) { [0] + $0 }),
      opening("gas with a leading zero", salt: 82, field(3) { [0] + $0 }),
      opening("nonce zero as a byte", salt: 83, field(7) { _ in [0] }),
      opening("validBefore with a leading zero", salt: 84, field(8) { [0] + $0 }),
      opening("trailing byte", salt: 85) { $0 + [0] },
    ])
  }

  /// A credential with the voucher of the opening, whose price is spent.
  private static func spent(_ stage: HostileStage) async throws -> String {
    try await stage.credential(stage.payer.voucher(stage.channel, Marketplace.price))
  }

  /// A credential whose echoed `request` is written in another way.
  private static func request(
    in credential: String, _ change: (String) throws -> String
  ) throws -> String {
    let text = try json(credential)
    guard let match = text.firstMatch(of: /"request":"([^"]*)"/) else { throw TestFailure("no request") }
    let changed = try change(String(match.1))
    try #require(changed != String(match.1), "nothing was changed")
    return token(
      text[..<match.range.lowerBound] + "\"request\":\"\(changed)\"" + text[match.range.upperBound...])
  }
}
