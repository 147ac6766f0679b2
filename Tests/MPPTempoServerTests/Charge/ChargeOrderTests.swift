import EVM
import HTTPTypes
import MPPCore
import MPPServer
import MPPTempo
import MPPTesting
import PeerSupport
import Tempo
import TempoDevnet
import TempoRPC
import Testing

@testable import MPPTempoServer

/// A credential with two faults is refused for the one that is looked at first (`06` §1.9, §1.10).
@Suite("Charges: the order of the checks")
struct ChargeOrderTests {
  /// Two faults in one credential, and the reason that is told.
  struct Pair: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let reason: String
    var members: [JSONValue.Member] = []
    var isFree = false
    var isSponsored = false
    let make: @Sendable (ChargeHarness, Challenge) async throws -> String

    init(
      _ name: String, _ reason: String, modes: String? = nil, isFree: Bool = false,
      isSponsored: Bool = false,
      _ make: @escaping @Sendable (ChargeHarness, Challenge) async throws -> String
    ) {
      testDescription = name
      self.reason = reason
      if let modes { members = [.init(key: "supportedModes", value: .array([.string(modes)]))] }
      self.isFree = isFree
      self.isSponsored = isSponsored
      self.make = make
    }
  }

  private static let noCall = "Invalid transaction: no matching payment call found"
  private static let noTransfer = "no matching transfer found"
  private static let notBound = "memo is not bound to this challenge"
  private static let badSource = "did:key:abc"
  private static let unknown = Hash32(prefixOf: [UInt8](repeating: 7, count: 32))

  /// A transfer to the payee; with the memo of another server, and of a unit less, when it is told to.
  private static func call(
    _ harness: ChargeHarness, _ challenge: Challenge, isShort: Bool = false, isForeign: Bool = false
  ) throws -> Call {
    let server = isForeign ? "other.example" : ChargeHarness.realm
    return Call(
      to: TempoAddress.pathUSD,
      data: try TIP20ABI.transferWithMemoCalldata(
        to: harness.payee, amount: ChargeHarness.price - (isShort ? 1 : 0),
        memo: AttributionMemo(serverID: server, challengeID: challenge.id).memo))
  }

  private static func mined(_ harness: ChargeHarness, _ call: Call) async throws -> Hash32 {
    let signed = try await harness.payer.signed([call])
    let receipt = try await harness.payer.planner.client.sendRawTransactionSync(signed.serialized)
    try #require(receipt.succeeded)
    return signed.hash
  }

  private static func stranger(_ harness: ChargeHarness) -> String {
    "did:pkh:eip155:\(harness.devnet.chainID):\(harness.devnet.accounts[3].address.checksummed)"
  }

  private static func hash(
    _ harness: ChargeHarness, _ challenge: Challenge, _ hash: Hash32, source: String?? = nil
  ) -> String {
    harness.credential(challenge, .hash(hash), source: source)
  }

  /// A pulled payment of this call, changed before it is signed.
  private static func pulled(
    _ harness: ChargeHarness, _ challenge: Challenge, _ call: Call, source: String?? = nil,
    _ change: (inout TempoTransaction) -> Void = { _ in }
  ) async throws -> String {
    var transaction = try await harness.payer.signed([call]).transaction
    change(&transaction)
    let signed = try harness.payer.sign(transaction)
    return harness.credential(challenge, .transaction(signed.serialized), source: source)
  }

  private static func handedOver(
    _ harness: ChargeHarness, _ challenge: Challenge, _ call: Call, gas: UInt64? = nil
  ) async throws -> String {
    let signed = try await harness.payer.handedOver([call]) { if let gas { $0.gas = gas } }
    return harness.credential(challenge, .transaction(signed.serialized))
  }

  private static func proof(_ harness: ChargeHarness, _ challenge: Challenge) -> [UInt8] {
    let account = harness.payer.account
    let proof = ZeroAmountProof(
      account: account.address, chainID: harness.devnet.chainID, challengeID: challenge.id,
      realm: challenge.realm)
    return account.privateKey.sign(proof.digest).bytes65
  }

  static let pushes: [Pair] = [
    Pair("C2 before H2: free, and a bad source", zeroNeedsProof, isFree: true) {
      hash($0, $1, unknown, source: badSource)
    },
    Pair("H1 before H2: not offered, and a bad source", hashMode, modes: "pull") {
      hash($0, $1, unknown, source: badSource)
    },
    Pair("H2 before H3: a bad source, and an unknown hash", hashSource) {
      hash($0, $1, unknown, source: badSource)
    },
    Pair("H2 before H4: a bad source, and too little", hashSource) {
      hash($0, $1, try await mined($0, try call($0, $1, isShort: true)), source: badSource)
    },
    Pair("H2 before H5: a bad source, and another memo", hashSource) {
      hash($0, $1, try await mined($0, try call($0, $1, isForeign: true)), source: badSource)
    },
    Pair("H2 before H7: a bad source, and used", hashSource) { harness, challenge in
      let paid = try await harness.pushed(challenge)
      try await harness.deliver(await harness.send(hash(harness, challenge, paid)))
      return hash(harness, challenge, paid, source: badSource)
    },
    Pair("H4 before H5: too little, and another memo", noTransfer) {
      hash($0, $1, try await mined($0, try call($0, $1, isShort: true, isForeign: true)))
    },
    Pair("H4 before H5: another's, and another memo", noTransfer) {
      hash($0, $1, try await mined($0, try call($0, $1, isForeign: true)), source: stranger($0))
    },
    Pair("H4 before H6: no transfer, and reverted", noTransfer) { harness, challenge in
      let paid = try await harness.pushed(challenge)
      harness.devnet.faults.inject(
        .method("eth_getTransactionReceipt"), .patchResult(["status": "0x0", "logs": []]), count: nil)
      return hash(harness, challenge, paid)
    },
    Pair("H5 before H6: another memo, and reverted", notBound) { harness, challenge in
      let paid = try await mined(harness, try call(harness, challenge, isForeign: true))
      harness.devnet.faults.inject(
        .method("eth_getTransactionReceipt"), .patchResult(["status": "0x0"]), count: nil)
      return hash(harness, challenge, paid)
    },
  ]

  static let pulls: [Pair] = [
    Pair("C2 before T2: free, and not of Tempo", zeroNeedsProof, isFree: true) {
      $0.credential($1, .transaction([0x02, 0xc0]))
    },
    Pair("T1 before T2: not offered, and not of Tempo", transactionMode, modes: "push") {
      $0.credential($1, .transaction([0x02, 0xc0]))
    },
    Pair("T2 before T3: not of Tempo, and unreadable", transactionType) {
      $0.credential($1, .transaction([0x02]))
    },
    Pair("T3 before T5: not signed, and too little", unsigned) { harness, challenge in
      let signed = try await harness.payer.signed([try call(harness, challenge, isShort: true)])
      return harness.credential(challenge, .transaction(Array(signed.serialized.dropLast())))
    },
    Pair("T4 before T5: not sponsored, and too little", notSponsored) {
      try await handedOver($0, $1, try call($0, $1, isShort: true))
    },
    Pair("T5 before T6: too little, and another memo", noCall) {
      try await pulled($0, $1, try call($0, $1, isShort: true, isForeign: true))
    },
    Pair("T5 before the source: too little, and another's", noCall) {
      try await pulled($0, $1, try call($0, $1, isShort: true), source: stranger($0))
    },
    Pair("T5 before T7: too little, and too much gas for a sponsor", noCall, isSponsored: true) {
      try await handedOver($0, $1, try call($0, $1, isShort: true), gas: 9_000_000)
    },
    Pair("T6 before the source: another memo, and another's", notBound) {
      try await pulled($0, $1, try call($0, $1, isForeign: true), source: stranger($0))
    },
    Pair("T6 before T7: another memo, and too much gas for a sponsor", notBound, isSponsored: true) {
      try await handedOver($0, $1, try call($0, $1, isForeign: true), gas: 9_000_000)
    },
    Pair("T6 before T7: another memo, and dead", notBound) { harness, challenge in
      let now = UInt64(harness.devnet.clock.now.seconds)
      return try await pulled(harness, challenge, try call(harness, challenge, isForeign: true)) {
        $0.validBefore = now
      }
    },
    Pair("T6 before T7: another memo, and no money", notBound) { harness, challenge in
      let made = try await pulled(harness, challenge, try call(harness, challenge, isForeign: true))
      harness.devnet.setBalance(.zero, of: harness.payer.account.address, token: TempoAddress.pathUSD)
      return made
    },
    Pair("The source before T7: another's, and dead", source) { harness, challenge in
      let now = UInt64(harness.devnet.clock.now.seconds)
      return try await pulled(
        harness, challenge, try call(harness, challenge), source: stranger(harness)
      ) { $0.validBefore = now }
    },
    Pair("Its end before the dry run: dead, and no money", "The transaction has expired") {
      harness, challenge in
      let now = UInt64(harness.devnet.clock.now.seconds)
      let made = try await pulled(harness, challenge, try call(harness, challenge)) { $0.validBefore = now }
      harness.devnet.setBalance(.zero, of: harness.payer.account.address, token: TempoAddress.pathUSD)
      return made
    },
  ]

  static let proofs: [Pair] = [
    Pair("P1 before P2: a price, and no source", proofNeedsZero) {
      $0.credential($1, .proof(proof($0, $1)), source: .some(nil))
    },
    Pair("P1 before P4: a price, and no signature", proofNeedsZero) { $0.credential($1, .proof([1])) },
    Pair("P2 before P4: no source, and no signature", proofWithoutSource, isFree: true) {
      $0.credential($1, .proof([1]), source: .some(nil))
    },
    Pair("P3 before P4: a bad source, and no signature", proofSource, isFree: true) {
      $0.credential($1, .proof([1]), source: badSource)
    },
    Pair("P5 before P6: another's, and used", proofSignature, isFree: true) { harness, challenge in
      let used = harness.credential(challenge, .proof(proof(harness, challenge)))
      try await harness.deliver(await harness.send(used))
      var other = proof(harness, challenge)
      other[10] ^= 1
      return harness.credential(challenge, .proof(other))
    },
  ]

  private static let zeroNeedsProof = "Zero-amount challenges require a proof credential"
  private static let hashMode = "Hash credentials are not supported for this challenge"
  private static let hashSource = "Hash credential source is invalid"
  private static let transactionMode = "Transaction credentials are not supported for this challenge"
  private static let transactionType = "Only Tempo (0x76/0x78) transactions are supported"
  private static let unsigned =
    "Transaction must be signed by the sender before fee payer co-signing"
  private static let notSponsored = "Invalid transaction: the fee of this charge is not sponsored"
  private static let source = "Credential source is not the sender of the transaction"
  private static let proofNeedsZero = "Proof credentials are only valid for zero-amount challenges"
  private static let proofWithoutSource = "Proof credential must include a source"
  private static let proofSource = "Proof credential source is invalid"
  private static let proofSignature = "Proof signature does not match source"

  @Test("Of two faults the earlier one is told", arguments: pushes + pulls + proofs)
  func pair(_ pair: Pair) async throws {
    let devnet = try Harness.chain()
    let harness = try await ChargeHarness(
      devnet: devnet, price: pair.isFree ? "0" : "0.01", members: pair.members
    ) { if pair.isSponsored { $0.feePayer = FeePayerOptions(signer: devnet.sponsor.signer) } }
    let challenge = try await harness.challenge()
    let credential = try await pair.make(harness, challenge)
    try await harness.server.ledger.flush()
    let (sent, written) = (devnet.requestCount("eth_sendRawTransaction"), harness.store.commitCount)
    expectRefusal(
      await harness.send(credential), .verificationFailed, "Payment verification failed: \(pair.reason).")
    #expect(devnet.requestCount("eth_sendRawTransaction") == sent)
    #expect(harness.store.commitCount == written)
  }

  @Test("Before the method: MAC, then route, then expiry, then payload, then its own checks")
  func gate() async throws {
    let harness = try await ChargeHarness(
      members: [.init(key: "supportedModes", value: .array([.string("pull")]))])
    let other = try harness.server.route(.get, "/other", offers: [.charge("0.02")])
    let challenge = try await harness.challenge()
    let nonsense: JSONValue = ["type": "hash", "hash": "0x12"]
    func credential(_ payload: JSONValue, source: String?) -> Credential {
      Credential(challenge: challenge, payload: payload, source: source.map(UnverifiedSource.init))
    }
    func code(_ text: String, _ route: Route? = nil) async -> PaymentProblem.Code? {
      let request = PaymentRequest(
        method: .get, target: route == nil ? "/r" : "/other", headers: [.authorization: text])
      return Harness.problem(await harness.server.authorize(request, for: route ?? harness.route))?.code
    }
    let unreadable = credential(nonsense, source: Self.badSource)
    // The payload before what the method thinks of it.
    #expect(await code(unreadable.serialized()) == .invalidPayload)
    harness.devnet.clock.advance(seconds: 301)
    #expect(await code(unreadable.serialized()) == .paymentExpired)
    #expect(await code(unreadable.serialized(), other) == .invalidChallenge)
    let forged = try Self.withAnotherID(unreadable)
    let answer = await harness.send(forged)
    #expect(Harness.problem(answer)?.code == .invalidChallenge)
    #expect(Harness.problem(answer)?.detail.contains("does not match this route") == false)
    #expect(await code(forged, other) == .invalidChallenge)
  }

  private static func withAnotherID(_ credential: Credential) throws -> String {
    func replace(_ value: JSONValue, _ key: String, _ change: (JSONValue) -> JSONValue) -> JSONValue {
      guard case .object(let members) = value else { return value }
      return .object(members.map { .init(key: $0.key, value: $0.key == key ? change($0.value) : $0.value) })
    }
    let json = replace(credential.jsonValue, "challenge") { challenge in
      replace(challenge, "id") { _ in .string(String(repeating: "A", count: 43)) }
    }
    return "Payment " + Base64URL.encode(Array(json.serialized().utf8))
  }
}
