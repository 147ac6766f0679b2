#if SQLite
  package import GRDB

  /// What a file of this package contains: whose it is and how its tables came about.
  package struct SQLiteSchema: Sendable {
    /// Stored in the file's header (`PRAGMA application_id`): a file with another one is never touched.
    package let applicationID: Int32
    /// For error messages, for example "ledger".
    package let name: String
    /// Step n leads from version n to n + 1. Never changed once released; new ones are appended.
    package let migrations: [@Sendable (Database) throws -> Void]

    /// Stored in the header (`PRAGMA user_version`).
    package var version: Int { migrations.count }

    package init(applicationID: Int32, name: String, migrations: [@Sendable (Database) throws -> Void]) {
      self.applicationID = applicationID
      self.name = name
      self.migrations = migrations
    }
  }
#endif
