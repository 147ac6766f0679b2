import EVM
import MPPCore
import MPPServer
import MPPTempo
import MPPTesting
import PeerSupport
import Tempo
import TempoDevnet
import Testing

@testable import MPPTempoServer

/// Who proves an account, and who does not, whatever his client would have refused to sign (`06` §1.10, P2 to P5).
@Suite("Proofs: keys that are not valid")
struct ProofKeyTests {
  private static let foreign = "Proof signature does not match source"

  /// A server that asks who it is, and accounts whose proofs are made by hand.
  private struct Scene {
    let harness: ChargeHarness

    init() async throws { harness = try await ChargeHarness(price: "0") }

    var devnet: Devnet { harness.devnet }

    func source(_ account: Address) -> String {
      "did:pkh:eip155:\(devnet.chainID):\(account.checksummed)"
    }

    func proof(
      of account: Address, _ challenge: Challenge, chainID: UInt64? = nil, realm: String? = nil,
      id: String? = nil
    ) -> ZeroAmountProof {
      ZeroAmountProof(
        account: account, chainID: chainID ?? devnet.chainID, challengeID: id ?? challenge.id,
        realm: realm ?? challenge.realm)
    }

    func send(_ challenge: Challenge, _ signature: [UInt8], source: String?) async -> PaymentOutcome {
      await harness.send(harness.credential(challenge, .proof(signature), source: .some(source)))
    }

    /// Refused for this reason; nothing was written, and nothing is used up.
    func expectRefused(
      _ challenge: Challenge, _ signature: [UInt8], source: String?, _ note: String,
      reason: String = ProofKeyTests.foreign, sourceLocation: SourceLocation = #_sourceLocation
    ) async {
      let (claims, commits) = (harness.store.claimCount, harness.store.commitCount)
      let problem = Harness.problem(await send(challenge, signature, source: source))
      #expect(problem?.code == .verificationFailed, "\(note)", sourceLocation: sourceLocation)
      #expect(
        problem?.detail == "Payment verification failed: \(reason).", "\(note)",
        sourceLocation: sourceLocation)
      #expect(harness.store.claimCount == claims, "\(note)", sourceLocation: sourceLocation)
      #expect(harness.store.commitCount == commits, "\(note)", sourceLocation: sourceLocation)
    }

    /// Taken, and the payer is the account of the source.
    func expectProved(
      _ challenge: Challenge, _ signature: [UInt8], _ account: Address, _ note: String,
      sourceLocation: SourceLocation = #_sourceLocation
    ) async throws {
      let payment = try harness.proceed(
        await send(challenge, signature, source: source(account)), sourceLocation: sourceLocation)
      await payment.delivered()
      #expect(payment.source?.text == source(account), "\(note)", sourceLocation: sourceLocation)
    }

    // MARK: Access keys

    func register(_ key: TempoSigner, of account: DevnetAccount, expiry: UInt64? = nil) async throws {
      var options = DevnetSendOptions()
      options.keyAuthorization = try await KeyAuthorization(
        chainID: devnet.chainID, keyType: key.keyType, keyID: key.keyAddress, expiry: expiry
      ).signed(by: .secp256k1(account.privateKey))
      let data = try TIP20ABI.transferCalldata(to: account.address, amount: 1)
      try await send(Call(to: TempoAddress.pathUSD, data: data), from: account, options)
    }

    func revoke(_ key: TempoSigner, of account: DevnetAccount) async throws {
      let data = try AccountKeychainABI.revokeKey.encode([.address(key.keyAddress)])
      try await send(Call(to: TempoAddress.keychain, data: data), from: account, DevnetSendOptions())
    }

    private func send(_ call: Call, from account: DevnetAccount, _ options: DevnetSendOptions) async throws {
      let receipt = try await devnet.signAndSend(call, from: account, options: options)
      try #require(receipt?.succeeded == true)
    }
  }

  /// As our clients send it, and bare, as others do.
  private static func sign(
    _ proof: ZeroAmountProof, by key: TempoSigner, isWrapped: Bool, for account: Address? = nil
  ) async throws -> [UInt8] {
    guard isWrapped else { return try await key.sign(proof.digest).serialized }
    return try await key.asAccessKey(of: account ?? proof.account).signForAccount(proof.digest).serialized
  }

  @Test(
    "An access key proves an account while that account has it: not before, not for another account that has it too, not revoked, not from its last second on",
    arguments: KeyKind.allCases, [true, false])
  func accessKeys(_ kind: KeyKind, isWrapped: Bool) async throws {
    let scene = try await Scene()
    let key = try kind.signer(seed: 0x31)
    let (one, other) = (scene.devnet.accounts[0], scene.devnet.accounts[2])
    let expiry = UInt64(scene.devnet.clock.now.seconds) + 200
    var challenge = try await scene.harness.challenge()
    func signature(_ account: DevnetAccount) async throws -> [UInt8] {
      try await Self.sign(scene.proof(of: account.address, challenge), by: key, isWrapped: isWrapped)
    }
    func refused(_ account: DevnetAccount, _ note: String, signature bytes: [UInt8]? = nil) async throws {
      let made = try await signature(account)
      await scene.expectRefused(challenge, bytes ?? made, source: scene.source(account.address), note)
    }
    try await refused(one, "a stranger's key")
    try await scene.register(key, of: other, expiry: expiry)
    try await refused(one, "a key of another account")
    try await scene.register(key, of: one)
    for (claimed, signed) in [(one, other), (other, one)] {
      try await refused(claimed, "what the key proved for the other", signature: try await signature(signed))
    }
    let wrapped = try await Self.sign(
      scene.proof(of: one.address, challenge), by: key, isWrapped: true, for: other.address)
    try await refused(one, "wrapped for the other", signature: wrapped)
    try await scene.expectProved(challenge, try await signature(one), one.address, "the one")
    try await scene.expectProved(challenge, try await signature(other), other.address, "the other")

    try await scene.revoke(key, of: one)
    challenge = try await scene.harness.challenge()
    try await refused(one, "revoked")
    try await scene.expectProved(challenge, try await signature(other), other.address, "still the other's")

    scene.devnet.clock.advance(seconds: 199)
    challenge = try await scene.harness.challenge()
    try await scene.expectProved(challenge, try await signature(other), other.address, "its last second")
    scene.devnet.clock.advance(seconds: 1)
    challenge = try await scene.harness.challenge()
    try await refused(other, "expired")
  }

  @Test("A forged signature proves no account, whatever kind of key it has", arguments: KeyKind.allCases)
  func forged(_ kind: KeyKind) async throws {
    let scene = try await Scene()
    let own = try kind.signer(seed: 0x41)
    let challenge = try await scene.harness.challenge()
    let source = scene.source(own.account)
    for (name, bytes) in try await forgeries(kind, own, scene, challenge) {
      await scene.expectRefused(challenge, bytes, source: source, "\(kind.rawValue): \(name)")
    }
    let honest = try await own.sign(scene.proof(of: own.account, challenge).digest).serialized
    try await scene.expectProved(challenge, honest, own.account, kind.rawValue)
  }

  private func forgeries(
    _ kind: KeyKind, _ own: TempoSigner, _ scene: Scene, _ challenge: Challenge
  ) async throws -> [(String, [UInt8])] {
    let account = own.account
    let forger = try kind.signer(seed: 0x42)
    let proof = scene.proof(of: account, challenge)
    let good = try await own.sign(proof.digest).serialized
    let theirs = try await forger.sign(proof.digest).serialized
    let (r, s, order) = kind.numbers(of: good)
    func changed(_ bytes: [UInt8], _ change: (inout [UInt8]) throws -> Void) rethrows -> [UInt8] {
      var copy = bytes
      try change(&copy)
      return copy
    }
    let high = try changed(good) { bytes in
      let low = UInt256(try Hash32(bytes[s..<s + 32]))
      bytes.replaceSubrange(s..<s + 32, with: try UInt256(order).subtracting(low).word.bytes)
      if kind == .secp256k1 { bytes[64] = 55 - bytes[64] }
    }
    let marker = [UInt8](repeating: 0x77, count: 32)
    let (mine, another): ([UInt8], [UInt8]) = ([0x04] + account.bytes, [0x04] + forger.account.bytes)
    var all: [(String, [UInt8])] = [
      ("by another key", theirs), ("high s", high),
      ("another r", changed(good) { $0[r + 31] ^= 1 }), ("another s", changed(good) { $0[s + 31] ^= 1 }),
      ("a byte more", good + [0]), ("a byte less", Array(good.dropLast())), ("with a marker", good + marker),
      ("wrapped by the account for itself", mine + good), ("wrapped for another account", another + theirs),
    ]
    if kind != .secp256k1 {
      // The key is carried along: whoever signs can name any.
      let point = theirs.count - (kind == .passkey ? 64 : 65)
      all.append(
        ("under the account's own key", changed(theirs) { $0[point..<point + 64] = good[point..<point + 64] })
      )
    }
    if kind == .p256 || kind == .hashedP256 {
      all.append(("with the other prehash", changed(good) { $0[129] ^= 1 }))
    }
    let others = [
      ("of another chain", scene.proof(of: account, challenge, chainID: 4217)),
      ("of another realm", scene.proof(of: account, challenge, realm: "other.example")),
      ("of another challenge", scene.proof(of: account, challenge, id: "another")),
      ("of another account", scene.proof(of: forger.account, challenge)),
    ]
    for (name, other) in others { all.append((name, try await own.sign(other.digest).serialized)) }
    return all
  }

  @Test("A source that is malformed, of another chain or missing is refused, though the signature is right")
  func sources() async throws {
    let scene = try await Scene()
    let account = scene.harness.payer.account
    let challenge = try await scene.harness.challenge()
    let signature = account.privateKey.sign(scene.proof(of: account.address, challenge).digest).bytes65
    let (chain, text) = (scene.devnet.chainID, account.address.checksummed)
    let wrong: [String] = [
      "did:pkh:eip155:1:\(text)", "did:pkh:eip155:\(chain)0:\(text)", "did:pkh:eip155:0\(chain):\(text)",
      "did:pkh:eip155:+\(chain):\(text)", "did:pkh:eip155::\(text)", "did:pkh:eip155:\(chain):",
      "did:pkh:eip155:\(chain)", "did:pkh:eip155:\(chain):0x\(text.dropFirst(2).uppercased())",
      "did:pkh:eip155:\(chain):\(text.dropFirst(2))", "did:pkh:eip155:\(chain):\(text)0",
      "did:pkh:eip155:\(chain):\(text.dropLast())", "did:pkh:eip155:\(chain):\(text):", "did:key:abc",
      "did:pkh:solana:\(chain):\(text)", "DID:PKH:EIP155:\(chain):\(text)", text,
      " did:pkh:eip155:\(chain):\(text)", "did:pkh:eip155:\(chain):\(text) ",
    ]
    for source in wrong {
      await scene.expectRefused(
        challenge, signature, source: source, source, reason: "Proof credential source is invalid")
    }
    await scene.expectRefused(
      challenge, signature, source: nil, "none", reason: "Proof credential must include a source")
    try await scene.expectProved(challenge, signature, account.address, "the right one")
  }
}
