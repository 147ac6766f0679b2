import HTTPTypes
import MPPClient
import MPPCore
import MPPTempoClient
import MarketplaceSupport
import PeerSupport
import TempoDevnet
import Testing

@testable import MPPTempoClient

/// Who is asked for a proof may pass on another server's challenge, and use the proof there (`06` §1.7).
@Suite("Proofs are for who asks")
struct ProofRelayTests {
  @Test(
    "A challenge of another host gets no signature; one of the host itself, or of the domain above it, does")
  func relayed() async throws {
    let stall = try await ChargeStall(try Devnet())
    let key = CountingKey(stall.devnet.accounts[1].privateKey)
    let client = try stall.client(as: .signer(key))
    for host in ["evil.example", "stall.example.evil.example", "evilstall.example", "example"] {
      let error = await failure { try await client.execute(.get("https://\(host)/proof")) }
      #expect(error?.code == .untrustedTerms, "\(host)")
    }
    #expect(key.count == 0)
    #expect(stall.deliveries == 0)
    for host in ["stall.example", "api.stall.example", "STALL.example:8443", "127.0.0.1:80"] {
      let scheme = host.hasPrefix("127") ? "http" : "https"
      #expect(try await client.execute(.get("\(scheme)://\(host)/proof")).status == .ok, "\(host)")
    }
    #expect(key.count == 4)
  }

  @Test("A realm that is named in the options is proved to whoever asks")
  func named() async throws {
    let stall = try await ChargeStall(try Devnet())
    let client = try stall.client { $0.proofRealms = [ChargeStall.realm] }
    #expect(try await client.execute(.get("https://gateway.example/proof")).status == .ok)
  }

  @Test(
    "Which realms are hosts",
    arguments: [
      ("shop.example", "shop.example"), ("SHOP.Example", "shop.example"),
      ("shop.example:8443", "shop.example"),
      ("https://shop.example/a?b", "shop.example"), ("10.0.0.1:80", "10.0.0.1"), ("MPP Payment", nil),
      ("shop", nil),
      ("", nil), (".", nil), ("shop.example:x", nil), ("b\u{fc}cher.example", nil), ("a..b", "a..b"),
    ] as [(String, String?)])
  func hosts(_ realm: String, _ host: String?) {
    #expect(ProofRealm.host(realm) == host)
  }

  @Test("What is no host is proved unless that is switched off")
  func opaque() throws {
    let origin = Origin(scheme: "https", host: "shop.example", port: 443)
    try ProofRealm(allowed: [], isStrict: false).check("MPP Payment", of: origin)
    try ProofRealm(allowed: ["MPP Payment"], isStrict: true).check("MPP Payment", of: origin)
    #expect(throws: PaymentClientError.self) {
      try ProofRealm(allowed: [], isStrict: true).check("MPP Payment", of: origin)
    }
  }
}
