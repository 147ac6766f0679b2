import Crypto
import EVM
import MPPCore
import Tempo
import TempoDevnet
import Testing

/// `03` §15 A16 and B15: signatures on P-256, bare and inside a WebAuthn assertion.
@Suite struct Passkeys {
  let h: Harness
  let key: P256PrivateKey

  init() throws {
    h = try Harness()
    key = try P256PrivateKey([UInt8](repeating: 1, count: 32))
  }

  private func bare(_ digest: Hash32, prehash: Bool) throws -> [UInt8] {
    let signature = try key.sign(digest, prehash: prehash)
    let point = key.publicKey.x.bytes + key.publicKey.y.bytes
    return [1] + signature.r.bytes + signature.s.bytes + point + [prehash ? 1 : 0]
  }

  private func assertion(
    _ digest: Hash32, flags: UInt8 = 0x05, type: String = "webauthn.get", challenge: Hash32? = nil
  ) throws -> [UInt8] {
    let authenticator = [UInt8](repeating: 7, count: 32) + [flags, 0, 0, 0, 0]
    let text = Base64URL.encode((challenge ?? digest).bytes)
    let client = Array(#"{"type":"\#(type)","challenge":"\#(text)","origin":"https://example.com"}"#.utf8)
    let message = SHA256.hash(data: authenticator + Array(SHA256.hash(data: client)))
    let signature = try key.sign(Hash32(Array(message)))
    let point = key.publicKey.x.bytes + key.publicKey.y.bytes
    return [2] + authenticator + client + signature.r.bytes + signature.s.bytes + point
  }

  @Test func a16SendersWithPasskeys() async throws {
    try await h.rpc("tempo_fundAddress", .string(key.address.hex))
    let funds = h.units(key.address)
    #expect(funds == Harness.initial)
    func raw(_ sign: (Hash32) throws -> [UInt8]) throws -> [UInt8] {
      let transaction = h.transaction([try h.transfer(10, to: h.payee.address)])
      // By hand, because the SDK builds no bad envelopes.
      let items = try RLP.decode(transaction.signingPayload.dropFirst()).list()
      let envelope = try sign(transaction.signingHash())
      return [0x76] + RLP.encode(.list(items + [.bytes(envelope)]))
    }
    for bytes in [
      try raw { try bare($0, prehash: false) }, try raw { try bare($0, prehash: true) },
      try raw { try assertion($0) },
    ] {
      let receipt = try await h.send(bytes)
      #expect(receipt.succeeded)
      #expect(receipt.sender == key.address)
    }
    #expect(h.units(key.address) == funds - 3 * (10 + Harness.fee))
    for bytes in [
      try raw { try assertion($0, challenge: .zero) }, try raw { try assertion($0, flags: 0x85) },
      try raw { try assertion($0, flags: 0x00) }, try raw { try assertion($0, type: "webauthn.create") },
      try raw { _ in try bare(.zero, prehash: false) },
    ] {
      #expect(try await h.refusal(bytes)?.message == "invalid transaction signature")
    }
  }

  @Test func b15VouchersByAPasskey() async throws {
    let (scene, _) = try await ChannelScene.opened(h, authorizedSigner: key.address)
    let domain = VoucherDomain(chainID: 1337)
    func digest(_ amount: UInt128) throws -> Hash32 {
      try Voucher(channelID: scene.id, cumulativeAmount: amount).digest(domain: domain)
    }
    #expect(try await scene.settle(100, signature: bare(digest(100), prehash: false)).succeeded)
    #expect(try await scene.settle(200, signature: bare(digest(200), prehash: true)).succeeded)
    #expect(try await scene.settle(300, signature: assertion(digest(300))).succeeded)
    var padded = try bare(digest(400), prehash: true)
    padded[129] = 2
    for signature in [
      padded, try bare(digest(401), prehash: false), try bare(digest(400), prehash: false) + [0],
      try assertion(digest(400), challenge: digest(401)),
      [4] + h.payer.address.bytes + (try scene.voucher(400)),
    ] {
      #expect(try await scene.settle(400, signature: signature).revertName == "InvalidSignature")
    }
    scene.expectState(300, 10_000_000)
  }
}
