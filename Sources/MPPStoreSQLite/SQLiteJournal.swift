#if SQLite
  import Foundation
  import GRDB
  public import MPPClient
  import MPPServer

  /// A client's journal in one SQLite file: write-ahead log, `synchronous = FULL`, one thread, group commit.
  ///
  /// One process at a time; a second one gets `busy`. What a returned `write` has stored survives a power failure.
  /// Records carry a checksum: a damaged one is an error when it is read, never a wrong amount.
  public final class SQLiteJournal: PaymentJournal {
    private let file: SQLiteFile

    /// Opens or creates the file; its folder must exist.
    /// - Throws: `JournalError`: `busy`, `corrupt` (also for a file that is no journal), `newerSchema` or `storage`.
    ///   Nothing in the file is changed then.
    public init(at path: String) throws(JournalError) {
      do {
        file = try SQLiteFile(path: path, schema: SQLiteJournalSchema.schema)
      } catch {
        throw JournalError(error)
      }
    }

    /// Always `power`: a returned write survives a power failure.
    public var durability: JournalDurability { .power }

    /// All records or none, on disk on return. Not affected by cancellation.
    ///
    /// - Throws: `JournalError`: `stale` when a version is not above the stored one, and `closed`: nothing
    ///   was written then. `storage`: it may have been written.
    public func write(_ records: [JournalRecord]) async throws(JournalError) {
      let stale: String?
      do {
        stale = try await file.perform { database throws -> String? in
          try SQLiteJournalSchema.write(records, database)
        }
      } catch {
        throw JournalError(error)
      }
      if let stale { throw JournalError(.stale, stale) }
    }

    /// - Throws: `JournalError`: `corrupt` when one record of the kind is damaged; the others are not
    ///   returned either.
    public func records(kind: String) async throws(JournalError) -> [JournalRecord] {
      let rows: [JournalRecord?]
      do {
        rows = try await file.perform { try SQLiteJournalSchema.read(kind, $0) }
      } catch {
        throw JournalError(error)
      }
      let records = rows.compactMap { $0 }
      guard records.count == rows.count else {
        throw JournalError(
          .corrupt, "\(file.path) holds a damaged record of kind \(kind); restore it from a copy")
      }
      return records
    }

    /// Ends what was begun, closes the file and frees it for other processes. Idempotent; never throws.
    public func close() async throws(JournalError) { await file.close() }
  }

  extension JournalProvider {
    /// A journal in one SQLite file; see ``SQLiteJournal``.
    public static func sqlite(at path: String) -> JournalProvider {
      JournalProvider { try SQLiteJournal(at: path) }
    }
  }

  extension JournalError {
    fileprivate init(_ error: StoreError) {
      let code: Code =
        switch error.code {
        case .locked: .busy
        case .corrupt, .foreign: .corrupt
        case .newerSchema: .newerSchema
        case .closed: .closed
        default: .storage
        }
      self.init(code, "\(error)")
    }
  }
#endif
