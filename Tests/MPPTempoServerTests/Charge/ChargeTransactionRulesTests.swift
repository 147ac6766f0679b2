import EVM
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

/// What an unsponsored payment must be, beyond paying what was asked: something whose end is known soon (`docs/compatibility.md`).
@Suite("Charges: transactions that are taken")
struct ChargeTransactionRulesTests {
  private static let noCall = "Invalid transaction: no matching payment call found"

  /// Plans an honest payment, changes it, signs it; nothing of it is sent or recorded.
  private func refused(_ reason: String, _ change: (inout TempoTransaction) throws -> Void) async throws {
    let harness = try await ChargeHarness()
    let challenge = try await harness.challenge()
    var transaction = try await harness.payer.planner.plan(
      calls: try harness.calls(challenge), from: harness.payer.account.address,
      feeToken: TempoAddress.pathUSD)
    try change(&transaction)
    let signed = try harness.payer.sign(transaction)
    expectRefusal(
      await harness.send(harness.credential(challenge, .transaction(signed.serialized))),
      .verificationFailed, "Payment verification failed: \(reason).")
    #expect(harness.devnet.requestCount("eth_sendRawTransaction") == 0)
    #expect(harness.store.commitCount == 0)
  }

  @Test("A nonce that could be waited for is refused")
  func withoutExpiringNonce() async throws {
    try await refused(Self.noCall) { $0.nonceKey = .zero }
    try await refused(Self.noCall) { $0.nonceKey = UInt256(7) }
  }

  @Test("A payment without an end is refused")
  func withoutValidBefore() async throws {
    try await refused(Self.noCall) {
      $0.nonceKey = .zero
      $0.validBefore = nil
    }
  }

  @Test("A payment that is valid for longer than a quarter of an hour, not yet, or no longer, is refused")
  func validity() async throws {
    try await refused("The transaction is valid for too long") {
      $0.validBefore = ($0.validBefore ?? 0) + 900
    }
    try await refused("The transaction is not valid yet") { $0.validAfter = ($0.validBefore ?? 0) - 1 }
    try await refused("The transaction has expired") { $0.validBefore = ($0.validBefore ?? 0) - 26 }
  }

  @Test("Calldata that the encoder never writes is refused, whoever pays the fee")
  func nonCanonicalCalldata() async throws {
    try await refused(Self.noCall) { $0.calls[0].data.append(0) }
    try await refused(Self.noCall) { $0.calls[0].data[4] = 1 }
  }
}
