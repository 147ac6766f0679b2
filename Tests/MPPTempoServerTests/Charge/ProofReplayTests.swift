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

/// What is used up is that this account answered this challenge, never some bytes that say so (`06` §1.10 P6).
@Suite("Proofs: one proof, one use")
struct ProofReplayTests {
  private static let used = "Payment verification failed: Proof credential has already been used."

  /// A proof that was delivered, and any other answer to the same challenge by the same account.
  private func expectUsed(
    _ harness: ChargeHarness, _ first: String, _ others: [(String, String)]
  ) async throws {
    try await harness.deliver(await harness.send(first))
    for (name, other) in others + [("the very same", first)] {
      let problem = Harness.problem(await harness.send(other))
      #expect(problem?.code == .verificationFailed, "\(name)")
      #expect(problem?.detail == Self.used, "\(name)")
    }
  }

  @Test("In every form a signature can have, whichever is used first", arguments: 0..<7)
  func forms(_ number: Int) async throws {
    let harness = try await ChargeHarness(price: "0")
    let root = harness.payer.account
    let key = try Secp256k1PrivateKey([UInt8](repeating: 0x33, count: 32))
    let (delegate, passkey) = (TempoSigner.secp256k1(key), try KeyKind.passkey.signer(seed: 0x34))
    for access in [delegate, passkey] { try await register(access, of: root, harness.devnet) }
    let challenge = try await harness.challenge()
    let proof = ZeroAmountProof(
      account: root.address, chainID: harness.devnet.chainID, challengeID: challenge.id,
      realm: challenge.realm)
    let own = root.privateKey.sign(proof.digest).bytes65
    var parity = own
    parity[64] -= 27
    let bare = key.sign(proof.digest).bytes65
    let forms: [(String, [UInt8])] = [
      ("v 27 or 28", own), ("v 0 or 1", parity), ("a bare access key", bare),
      (
        "a wrapped access key",
        try await delegate.asAccessKey(of: root.address).signForAccount(proof.digest).serialized
      ),
      ("a wrapped access key of the first version", [0x03] + root.address.bytes + bare),
      (
        "a wrapped passkey",
        try await passkey.asAccessKey(of: root.address).signForAccount(proof.digest).serialized
      ),
      ("a passkey, once more", try await passkey.sign(proof.digest).serialized),
    ]
    let credentials = forms.map { ($0.0, harness.credential(challenge, .proof($0.1))) }
    let first = credentials[number]
    try await expectUsed(harness, first.1, credentials.filter { $0.0 != first.0 })
  }

  private func register(_ key: TempoSigner, of account: DevnetAccount, _ devnet: Devnet) async throws {
    var options = DevnetSendOptions()
    options.keyAuthorization = try await KeyAuthorization(
      chainID: devnet.chainID, keyType: key.keyType, keyID: key.keyAddress
    ).signed(by: .secp256k1(account.privateKey))
    let call = Call(
      to: TempoAddress.pathUSD, data: try TIP20ABI.transferCalldata(to: account.address, amount: 1))
    try #require(try await devnet.signAndSend(call, from: account, options: options)?.succeeded == true)
  }

  @Test("In every spelling of the header, whichever is used first", arguments: 0..<11)
  func spellings(_ number: Int) async throws {
    let harness = try await ChargeHarness(price: "0")
    let challenge = try await harness.challenge()
    let account = harness.payer.account
    let proof = ZeroAmountProof(
      account: account.address, chainID: harness.devnet.chainID, challengeID: challenge.id,
      realm: challenge.realm)
    let signature = account.privateKey.sign(proof.digest).bytes65
    let credential = harness.credential(challenge, .proof(signature))
    let all = try Self.spellings(harness, try Credential(parsing: credential))
    try #require(Set(all.map(\.1)).count == 11)
    try await expectUsed(harness, all[number].1, all)
  }

  /// One credential in texts that all say the same.
  private static func spellings(
    _ harness: ChargeHarness, _ credential: Credential
  ) throws -> [(String, String)] {
    let json = credential.jsonValue
    let text = json.serialized()
    let lower = "did:pkh:eip155:\(harness.devnet.chainID):\(harness.payer.account.address.hex)"
    let digits = String(try #require(json["payload"]?["signature"]?.stringValue).dropFirst(2))
    func header(_ text: String) -> String { "Payment " + Base64URL.encode(Array(text.utf8)) }
    func replacing(_ old: String, _ new: String) -> String {
      header(text.split(separator: old, omittingEmptySubsequences: false).joined(separator: new))
    }
    // One byte more than a multiple of three, so that the padding is two characters long.
    let filling = String(repeating: " ", count: (4 - text.utf8.count % 3) % 3)
    let rest = String(text.dropFirst())
    let token = String(header(text).dropFirst(8))
    // Only question marks are spelt with the characters in which the alphabets differ.
    let marked = Base64.encode(Array(("{\"more\":\"???\"," + rest).utf8))
    try #require(marked.contains("/"))
    return [
      ("as our clients write it", header(text)),
      ("the account in lower case", replacing(harness.payer.source, lower)),
      ("the signature in upper case", replacing(digits, digits.uppercased())),
      ("members in another order", header(reversed(json).serialized())),
      ("a further member", header("{\"more\":[1,{}]," + rest)),
      ("spaces in the text", header("{ " + rest + filling + "\n")),
      ("a name with an escape", replacing("\"proof\"", "\"\\u0070roof\"")),
      ("padded", header(text + filling) + "=="),
      ("the other alphabet", "Payment " + marked),
      ("the scheme in lower case", "payment " + token),
      ("more spaces behind the scheme", "Payment   " + token),
    ]
  }

  private static func reversed(_ value: JSONValue) -> JSONValue {
    guard case .object(let members) = value else { return value }
    return .object(members.reversed().map { .init(key: $0.key, value: reversed($0.value)) })
  }
}
