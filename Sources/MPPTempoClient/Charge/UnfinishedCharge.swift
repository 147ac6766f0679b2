import EVM
package import MPPClient
package import MPPCore
import MPPTempo

/// A charge of a journal that is paid, or may be, and whose answer never counted. The next equal request presents it before anything
/// new is signed.
package struct UnfinishedCharge: Sendable, Hashable {
  /// `0x` and 64 hex digits; a sponsor's signature changes it.
  package let transaction: String
  /// Base units of ``token``.
  package let amount: Amount
  /// `0x` and 40 hex digits.
  package let token: String
  package let chainID: UInt64
  /// `0x` and 40 hex digits, as the credential spells it; nil when it names nobody.
  package let payer: String?

  /// Those that a journal holds. The chain is not asked: some may be over by now.
  package static func all(in journal: any PaymentJournal) async throws -> [UnfinishedCharge] {
    try await journal.records(kind: ChargeJournal.recordKind).compactMap { record in
      let entry = try ChargeEntry(decoding: record.body)
      guard entry.state == .signed else { return nil }
      let source = (try? Credential(parsing: entry.credential))?.source
      return UnfinishedCharge(
        transaction: entry.hash.hex, amount: entry.amount, token: entry.token, chainID: entry.chainID,
        payer: source.flatMap { AccountSource(strict: $0) }?.address.hex)
    }
  }
}
