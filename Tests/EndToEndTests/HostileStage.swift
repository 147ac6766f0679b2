import EVM
import Hummingbird
import MPPCore
import MPPHummingbird
import MPPServer
import MPPTempo
import MarketplaceSupport
import Tempo
import TempoDevnet

/// What hostile requests are made of: a shop, an honest channel, and everything around it.
struct HostileStage: Sendable {
  let market: Marketplace
  let shop: Shop
  /// Same realm, other secret.
  let foreign: Shop
  /// Same secret, other realm.
  let elsewhere: Shop
  /// Owns `channel`: one price accepted and spent.
  let payer: HandPayer
  let channel: HandChannel
  /// Somebody else with a channel of the same shop.
  let stranger: HandPayer
  let strangers: HandChannel

  init(_ market: Marketplace) async throws {
    self.market = market
    shop = try await market.shop { options in
      options.routes = { router, payments, log in
        router.group("dear").add(middleware: try payments.gate(offers: [.session("0.02", per: "request")]))
          .get { _, _ -> String in
            log.serve()
            return "dear"
          }
      }
    }
    foreign = try await market.shop {
      $0.ledger = nil
      $0.secrets = ["another secret, also of 32 bytes and more"]
    }
    elsewhere = try await market.shop {
      $0.ledger = nil
      $0.realm = "elsewhere.test"
    }
    payer = HandPayer(market, account: 2)
    stranger = HandPayer(market, account: 3)
    channel = try await payer.open(at: shop)
    strangers = try await stranger.open(at: shop)
  }

  /// The next honest amount.
  var next: Amount { Amount(units: 2 * Marketplace.price.units) }

  /// A credential with the honest next voucher, changed.
  func voucher(
    source: String?? = .none, _ change: (inout [JSONValue.Member]) throws -> Void = { _ in }
  ) async throws -> String {
    try await credential(payer.voucher(channel, next), source: source, change)
  }

  func credential(
    _ payload: SessionPayload, source: String?? = .none,
    _ change: (inout [JSONValue.Member]) throws -> Void = { _ in }
  ) async throws -> String {
    guard case .object(var members) = payload.jsonValue else { throw TestFailure("no object") }
    try change(&members)
    return payer.credential(
      try await payer.challenge(of: shop), .object(members), source: source ?? payer.source)
  }

  /// A signature over the honest next voucher, from its parts.
  func signature(_ make: (RecoverableSignature) throws -> [UInt8]) throws -> JSONValue {
    .string(Hex.encode(try make(payer.sign(channel.id, next))))
  }
}

extension [JSONValue.Member] {
  /// Sets or, with `nil`, removes a member.
  subscript(_ key: String) -> JSONValue? {
    get { first { $0.key == key }?.value }
    set {
      removeAll { $0.key == key }
      if let newValue { append(JSONValue.Member(key: key, value: newValue)) }
    }
  }
}
