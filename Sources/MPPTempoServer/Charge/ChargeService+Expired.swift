import EVM
import MPPCore
import MPPServer
import MPPTempo
import Tempo
import TempoRPC

extension ChargeService {
  /// Whether the payment of an expired challenge is on record, or may be under way: it was presented in time, so it is answered
  /// to the end. A look into the ledger only.
  func isPaid(_ payload: ChargePayload, _ call: ChargeCall) async -> Bool {
    do {
      switch payload {
      case .proof: return false
      case .hash(let hash): return try await isOnRecord(hash, call)
      case .transaction(let bytes):
        let transaction = try ChargeTransaction(parsing: bytes, call)
        if let intent = try await intents.load(.init(.charge, transaction.identity)) {
          return try await isOnRecord(intent.hash, call)
        }
        return try await isOnRecord(transaction.signed.hash, call)
      }
    } catch {
      return false
    }
  }

  private func isOnRecord(_ hash: Hash32, _ call: ChargeCall) async throws -> Bool {
    guard let record = try await records.load(ChargeRecord.key(hash)) else { return false }
    try Self.check(record, call, record.payer)
    switch record.phase {
    case .broadcasting, .settled, .delivering: return true
    case .delivered, .void: return false
    }
  }
}
