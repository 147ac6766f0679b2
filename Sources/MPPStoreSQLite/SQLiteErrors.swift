#if SQLite
  import GRDB
  import MPPServer

  /// What SQLite's errors mean to the ledger.
  enum SQLiteErrors {
    static func storeError(_ error: any Error, _ path: String) -> StoreError {
      if let error = error as? StoreError { return error }
      guard let error = error as? DatabaseError else {
        return StoreError(.unavailable, "\(path) cannot be used", underlying: String(describing: error))
      }
      let text = "SQLite \(error.extendedResultCode.rawValue): \(error.message ?? "")"
      switch error.resultCode {
      case .SQLITE_CORRUPT, .SQLITE_NOTADB:
        return StoreError(.corrupt, "\(path) is damaged; restore it from a copy", underlying: text)
      case .SQLITE_FULL:
        return StoreError(.full, "no room for \(path)", underlying: text)
      case .SQLITE_BUSY, .SQLITE_LOCKED:
        return StoreError(.unavailable, "\(path) is locked by another program", underlying: text)
      default:
        return StoreError(.unavailable, "\(path) cannot be read or written", underlying: text)
      }
    }
  }
#endif
