import MPPCore
import MPPServer

/// The chain that a ledger's channels, or its payments, are on: written at the first start, compared at every later one.
///
/// Contracts have the same addresses on every Tempo chain. On another one all channels of a ledger would look gone, and be booked as
/// ended for good.
struct LedgerChain: LedgerRecord {
  static let kind = RecordKind.chain
  private static let schema: UInt8 = 1

  let chainID: UInt64

  init(chainID: UInt64) { self.chainID = chainID }

  init(decoding bytes: [UInt8]) throws {
    var reader = try RecordReader(bytes, newest: Self.schema)
    chainID = try reader.integer(UInt64.self)
    try reader.finish()
  }

  func encoded() throws -> [UInt8] {
    var writer = RecordWriter(schema: Self.schema, capacity: 24)
    writer.integer(chainID)
    return writer.finish()
  }

  /// Durable on return. Channels and charges may be on chains of their own.
  ///
  /// - Parameter known: the chain of a record that is there already, from before chains were written down.
  /// - Throws: `ConfigurationError` when the ledger belongs to another chain; `StoreError`.
  static func check(
    _ ledger: Ledger, _ family: IntentRecord.Family, is chainID: UInt64, known: UInt64? = nil
  ) async throws {
    let table = try ledger.table(LedgerChain.self)
    let key = RecordKey(kind: kind, id: [family == .channels ? 1 : 2])
    let (kept, _) = try await table.update(key) { stored in
      (stored ?? LedgerChain(chainID: known ?? chainID), ())
    }
    guard kept.chainID == chainID else {
      throw ConfigurationError(
        .chain,
        "the ledger belongs to chain \(kept.chainID), and this server to chain \(chainID): give each a ledger of its own"
      )
    }
  }
}
