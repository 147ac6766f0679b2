import EVM
import HTTPTypes
import MPPCore
import MPPServer
import MPPTempo
import Tempo
import TempoDevnet
import Testing

@testable import MPPTempoServer

extension Harness {
  /// What `HEAD` is answered with, and the only challenge of the answer.
  func asked(_ credential: String? = nil) async throws -> (response: PaymentResponse, challenge: Challenge) {
    let response = try #require(await send(credential, method: .head).response)
    let list = try Challenge.parse(header: try #require(response.headers[.wwwAuthenticate])).challenges
    try #require(list.count == 1)
    return (response, list[0])
  }

  /// A proof of an account for a fresh challenge, or a given one.
  func proof(
    of account: DevnetAccount, for given: Challenge? = nil, signedBy key: Secp256k1PrivateKey? = nil
  ) async throws -> String {
    let challenge: Challenge
    if let given { challenge = given } else { challenge = try await asked().challenge }
    let proof = ZeroAmountProof(
      account: account.address, chainID: devnet.chainID, challengeID: challenge.id, realm: challenge.realm)
    let signature = (key ?? account.privateKey).sign(proof.digest).bytes65
    return Self.answer(challenge, .proof(signature), account.address, devnet.chainID)
  }

  static func answer(
    _ challenge: Challenge, _ payload: ChargePayload, _ account: Address, _ chainID: UInt64
  ) -> String {
    Credential(
      challenge: challenge, payload: payload.jsonValue,
      source: UnverifiedSource("did:pkh:eip155:\(chainID):\(account.checksummed)")
    ).serialized()
  }

  /// The snapshot that `HEAD` gets for a proof; nil for a bare 204.
  func snapshot(
    _ credential: String, sourceLocation: SourceLocation = #_sourceLocation
  ) async throws -> SessionSnapshot? {
    let outcome = await send(credential, method: .head)
    guard case .management(let response) = outcome else {
      Issue.record("refused: \(Self.text(outcome))", sourceLocation: sourceLocation)
      throw Refused(problem: Self.problem(outcome))
    }
    #expect(response.status == 204, sourceLocation: sourceLocation)
    #expect(response.body.isEmpty, sourceLocation: sourceLocation)
    #expect(response.headers[.cacheControl] == "no-store", sourceLocation: sourceLocation)
    #expect(response.headers[ProtocolHeaders.paymentReceipt] == nil, sourceLocation: sourceLocation)
    let id = response.headers[ProtocolHeaders.paymentSession]
    guard let value = response.headers[ProtocolHeaders.paymentSessionSnapshot] else {
      #expect(id == nil, sourceLocation: sourceLocation)
      return nil
    }
    let snapshot = try SessionSnapshot(headerValue: value)
    #expect(id == snapshot.channelID.hex, sourceLocation: sourceLocation)
    return snapshot
  }
}
