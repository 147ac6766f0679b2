import HTTPTypes
import MPPCore
import MPPTempo
import MarketplaceSupport
import PeerSupport
import TempoDevnet
import Testing

/// Buys by hand over a real socket: it signs and sends whatever a test wants.
struct HandBuyer: Sendable {
  let market: Marketplace
  let shop: Shop
  let payer: Payer

  init(_ market: Marketplace, _ shop: Shop, account: Int = 1, seed: UInt64 = 1) {
    self.market = market
    self.shop = shop
    payer = Payer(market.devnet, market.devnet.accounts[account], seed: seed)
  }

  var http: RawHTTP { RawHTTP(port: shop.port) }

  func challenge(
    _ target: String = "/ping", method: String = "GET", headers: [(String, String)] = []
  ) async throws -> Challenge {
    let answer = try await http.exchange(method, target, headers: headers)
    let header = try #require(answer.headers[.wwwAuthenticate], "\(answer)")
    let challenges = try Challenge.parse(header: header).challenges
    return try #require(challenges.first)
  }

  func header(
    _ payload: SessionPayload, _ challenge: Challenge, source: String? = nil
  ) -> (String, String) {
    (
      "Authorization",
      Credential(
        challenge: challenge, payload: payload.jsonValue, source: UnverifiedSource(source ?? payer.source)
      ).serialized()
    )
  }

  /// One request with this payload under a fresh challenge.
  func send(
    _ payload: SessionPayload, _ method: String = "GET", _ target: String = "/ping", source: String? = nil,
    body: String? = nil
  ) async throws -> RawResponse {
    let challenge = try await challenge()
    return try await http.exchange(
      method, target, headers: [header(payload, challenge, source: source)], body: body)
  }

  /// A channel on chain and in the books, `first` of it accepted, nothing spent.
  func opened(deposit: UInt128 = 1_000_000, first: UInt128 = 10_000) async throws -> OpenChannel {
    let channel = try await payer.open(
      deposit: deposit, payee: market.devnet.accounts[shop.options.account].address)
    let answer = try await send(channel.openPayload(first), "POST", body: "")
    try #require(answer.status == 204, "\(answer)")
    return channel
  }
}

/// The last part of a problem's type; nil when the answer is no problem document.
func problemKind(_ answer: RawResponse) throws -> String? {
  guard answer.headers[.contentType] == "application/problem+json" else { return nil }
  let type = try JSONValue(parsing: answer.body)["type"]?.stringValue
  return type.map { String($0.dropFirst("https://paymentauth.org/problems/".count)) }
}

/// A refusal of the payment path: a problem document, not to be cached, with a fresh challenge.
func expectRefusal(
  _ answer: RawResponse, _ kind: String, status: Int = 402,
  sourceLocation: SourceLocation = #_sourceLocation
) throws {
  #expect(answer.status == status, "\(answer)", sourceLocation: sourceLocation)
  #expect(try problemKind(answer) == kind, "\(answer)", sourceLocation: sourceLocation)
  #expect(answer.headers[.cacheControl] == "no-store", sourceLocation: sourceLocation)
  #expect(answer.headers[.wwwAuthenticate] != nil, sourceLocation: sourceLocation)
}
