import EVM
import HTTPTypes
import Hummingbird
import MPPCore
import MPPHummingbird
import MPPTempo
import MarketplaceSupport
import PeerSupport
import Synchronization
import Tempo
import TempoDevnet
import Testing

/// 09 C where it is about what a server tells whoever proves an account.
@Suite("Findings: the channel of a bootstrap", .timeLimit(.minutes(1)))
struct BootstrapLookupTests {
  private final class Known: Sendable {
    private let channel = Mutex<Hash32?>(nil)
    var id: Hash32? { channel.withLock { $0 } }
    func set(_ id: Hash32) { channel.withLock { $0 = id } }
  }

  @Test(
    "Bootstrap compares chain, escrow, payee and token as every lookup does, and the payer with the proof")
  func findingC22() async throws {
    try await Marketplace.run { market in
      let known = Known()
      let escrow = market.devnet.accounts[4].address.checksummed
      let shop = try await market.shop { options in
        // An application that names the same channel for everybody and everything.
        options.tempo = { $0.bootstrap = .channel { _, _ in known.id } }
        options.routes = { router, payments, _ in
          router.group("token").add(
            middleware: try payments.gate(
              offers: [.session("0.01", per: "request", currency: TempoAddress.alphaUSD.hex)])
          ).get { _, _ in "token" }
          router.group("escrow").add(
            middleware: try payments.gate(
              offers: [
                .session(
                  "0.01", per: "request",
                  options: [.init(key: "escrowContract", value: .string(escrow))])
              ])
          ).get { _, _ in "escrow" }
        }
      }
      let buyer = HandBuyer(market, shop)
      let channel = try await buyer.opened()
      known.set(channel.id)
      let thief = HandBuyer(market, shop, account: 2)
      for (who, target, isShown) in [
        (buyer, "/ping", true), (buyer, "/token", false), (buyer, "/escrow", false), (thief, "/ping", false),
      ] {
        let answer = try await Self.bootstrap(who, target)
        #expect(answer.status == 204, "\(target): \(answer)")
        let shown = answer.headers[ProtocolHeaders.paymentSession]
        #expect(shown == (isShown ? channel.id.hex : nil), "\(target)")
        #expect((answer.headers[ProtocolHeaders.paymentSessionSnapshot] != nil) == isShown, "\(target)")
      }
    }
  }

  /// `HEAD`, and once more with a proof of the buyer's account.
  private static func bootstrap(_ buyer: HandBuyer, _ target: String) async throws -> RawResponse {
    let challenge = try await buyer.challenge(target, method: "HEAD")
    let account = buyer.payer.account
    let proof = ZeroAmountProof(
      account: account.address, chainID: buyer.market.devnet.chainID, challengeID: challenge.id,
      realm: challenge.realm)
    let payload = ChargePayload.proof(account.privateKey.sign(proof.digest).bytes65)
    let credential = Credential(
      challenge: challenge, payload: payload.jsonValue, source: UnverifiedSource(buyer.payer.source)
    ).serialized()
    return try await buyer.http.exchange("HEAD", target, headers: [("Authorization", credential)])
  }
}
