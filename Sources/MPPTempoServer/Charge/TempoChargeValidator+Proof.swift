import EVM
import MPPCore
import MPPServer

extension TempoChargeValidator {
  /// Proves an account where nothing is to be paid (`06` §1.10, P1 to P6).
  func proof(_ signature: [UInt8], _ call: ChargeCall) async throws -> Payment {
    guard call.terms.amount == .zero else { throw ChargeProblem.proofNeedsZero }
    let account = try await proofs.account(signature, call)
    try await checkPayer(account, .proof)
    try await proofs.checkUnused(account, call)
    return .proof(account)
  }
}
