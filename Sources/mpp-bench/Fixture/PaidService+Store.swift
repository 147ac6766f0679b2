import BenchSupport
import MPPServer
import MPPStoreSQLite

extension PaidService {
  enum Store: String, Sendable, CaseIterable { case memory, sqlite }

  static func ledger(_ store: Store, file: String) throws -> Ledger {
    switch store {
    case .memory: try Ledger(MemoryStore(), allowVolatileLedger: true)
    case .sqlite: try .sqlite(at: file)
    }
  }

  init(_ store: Store, file: String, channels count: Int) async throws {
    try await self.init(ledger: try Self.ledger(store, file: file), channels: count)
  }
}
