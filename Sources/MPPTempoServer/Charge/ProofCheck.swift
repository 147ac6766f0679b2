import EVM
import MPPCore
import MPPServer
import MPPTempo
import Tempo
import TempoRPC

/// Looks at proofs of an account (`06` §1.10, P1 to P6). A proof is used once per challenge and account, until the challenge expires;
/// several signatures exist for one proof, so the claim never looks at the bytes.
struct ProofCheck: Sendable {
  /// Knows which access keys stand for an account.
  let chain: ChainReader
  let ledger: LedgerReader
  let isReusable: Bool

  /// The account that signed, by itself or by a key that stands for it now.
  func account(_ signature: [UInt8], _ call: ChargeCall) async throws -> Address {
    guard call.source != nil else { throw ChargeProblem.proofWithoutSource }
    guard let account = call.statedAccount else { throw ChargeProblem.proofSource }
    let proof = ZeroAmountProof(
      account: account, chainID: call.terms.chainID, challengeID: call.challengeID, realm: call.realm)
    try await check(signature, proof, call.now)
    return account
  }

  func checkUnused(_ account: Address, _ call: ChargeCall) async throws {
    guard !isReusable else { return }
    guard try await !ledger.isClaimed(call.proofKey(account), now: call.now) else {
      throw ChargeProblem.proofUsed
    }
  }

  /// The account's own signature needs no chain; an access key's standing only the chain knows.
  private func check(_ signature: [UInt8], _ proof: ZeroAmountProof, _ now: Timestamp) async throws {
    let signer: ZeroAmountProof.Signer
    do throws(TempoError) {
      signer = try proof.verify(signature: signature)
    } catch {
      throw ChargeProblem.proofSignature
    }
    guard case .accessKey(let key) = signer else { return }
    do {
      let standing = try await chain.accessKey(key, of: proof.account)
      guard standing.isActive(at: UInt64(clamping: now.seconds)) else { throw ChargeProblem.proofSignature }
    } catch let error as ChainError {
      guard error.code == .reverted || error.code == .rejected else {
        throw error.problem("the access key")
      }
      throw ChargeProblem.proofSignature
    }
  }
}

extension ReplayClaims {
  /// Uses a proof up. Durable on return.
  /// - Throws: `PaymentProblem` when it was used before; `StoreError`.
  func useProof(of account: Address, _ call: ChargeCall) async throws {
    guard
      try await claim(call.proofKey(account), until: call.end.adding(milliseconds: 1), now: call.now)
    else { throw ChargeProblem.proofUsed }
  }
}
