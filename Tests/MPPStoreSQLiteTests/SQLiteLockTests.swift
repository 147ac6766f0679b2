import Foundation
import GRDB
import MPPServer
import MPPStoreSQLite
import Testing

/// One store for one file, whatever its names are and whatever becomes of its lock file.
@Suite struct SQLiteLockTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  /// Whether another process is refused the file as `locked`.
  private func expectLockedElsewhere(_ name: String) async {
    let path = folder.file(name)
    await #expect(processExitsWith: .exitCode(42)) { [path = path as String] in
      do throws(StoreError) {
        _ = try SQLiteLedger(at: path)
      } catch {
        exit(error.code == .locked ? 42 : 1)
      }
      exit(2)
    }
  }

  @Test func aRemovedLockFileLetsNobodyIn() async throws {
    let ledger = try SQLiteLedger(at: folder.file())
    try FileManager.default.removeItem(atPath: folder.file("ledger.db.lock"))
    #expect(folder.refusal() == .locked)
    await expectLockedElsewhere("ledger.db")
    #expect(try !folder.names().contains("ledger.db.lock"), "a refused opening left its lock file")
    await ledger.close()
    #expect(folder.refusal() == nil)
  }

  @Test func aHardLinkIsTheSameLedger() async throws {
    let ledger = try SQLiteLedger(at: folder.file())
    try FileManager.default.linkItem(atPath: folder.file(), toPath: folder.file("other.db"))
    #expect(folder.refusal("other.db") == .locked)
    await expectLockedElsewhere("other.db")
    #expect(try !folder.names().contains("other.db.lock"), "a refused opening left its lock file")
    await ledger.close()
  }

  /// What is not in the file yet lies beside the name it was opened by: by the other one it would be missing.
  @Test func aLedgerWithTwoNamesIsRefused() async throws {
    try await makeLedger()
    try FileManager.default.linkItem(atPath: folder.file(), toPath: folder.file("other.db"))
    try expectUntouched(.unavailable, "by its name")
    #expect(folder.refusal("other.db") == .unavailable)
    try FileManager.default.removeItem(atPath: folder.file("other.db"))
    #expect(folder.refusal() == nil)
  }

  /// To close any descriptor of a file drops the record locks that its process has on it.
  @Test func aRefusedOpeningLeavesTheLocksOfSQLite() async throws {
    // SQLite takes its own lock when it reads a file that has a log, not when it makes one.
    try await makeLedger()
    let ledger = try SQLiteLedger(at: folder.file())
    try FileManager.default.linkItem(atPath: folder.file(), toPath: folder.file("other.db"))
    #expect(folder.refusal() == .locked)
    #expect(folder.refusal("other.db") == .locked)
    let path = folder.file()
    // Another program can switch the log off only when nobody has the file open; else the answer is the old mode, or "busy".
    await #expect(processExitsWith: .exitCode(42)) { [path = path as String] in
      do {
        let mode = try DatabaseQueue(path: path).writeWithoutTransaction {
          try String.fetchOne($0, sql: "PRAGMA journal_mode = DELETE")
        }
        exit(mode == "wal" ? 42 : 2)
      } catch {
        exit((error as? DatabaseError)?.resultCode == .SQLITE_BUSY ? 42 : 1)
      }
    }
    await ledger.close()
  }

  // MARK: What is not ours

  private func makeLedger() async throws {
    let ledger = try SQLiteLedger(at: folder.file())
    await ledger.close()
    // As a copy comes: without the lock file.
    try FileManager.default.removeItem(atPath: folder.file("ledger.db.lock"))
  }

  private func execute(_ sql: String) throws {
    let queue = try DatabaseQueue(path: folder.file())
    try queue.writeWithoutTransaction { try $0.execute(sql: sql) }
    try queue.close()
  }

  /// Refused, with nothing of the folder changed.
  private func expectUntouched(_ code: StoreError.Code, _ what: Comment) throws {
    try FileManager.default.setAttributes([.posixPermissions: 0o644], ofItemAtPath: folder.file())
    let before = try folder.inventory()
    #expect(folder.refusal() == code, what)
    #expect(try folder.inventory() == before, what)
    #expect(folder.refusal() == code, what)
  }

  @Test func whatIsNotOursIsLeftAsItIs() async throws {
    try folder.write(Data("my shopping list".utf8))
    try expectUntouched(.foreign, "text")
    try folder.write(Data("my diary".utf8), "ledger.db-journal")
    try expectUntouched(.foreign, "text with a text beside it")
    try FileManager.default.removeItem(atPath: folder.file("ledger.db-journal"))
    try FileManager.default.removeItem(atPath: folder.file())
    try execute("CREATE TABLE customers (name TEXT); INSERT INTO customers VALUES ('Ada')")
    try expectUntouched(.foreign, "database of another program")
    try FileManager.default.removeItem(atPath: folder.file())
    try await makeLedger()
    try execute("PRAGMA user_version = 1000")
    try expectUntouched(.newerSchema, "newer schema")
  }

  @Test func aDamagedFileIsLeftAsItIs() async throws {
    try await makeLedger()
    var bytes = try folder.contents()
    for index in stride(from: 4096, to: bytes.count, by: 1) { bytes[index] ^= 0x5A }
    try folder.write(bytes)
    try expectUntouched(.corrupt, "damaged")
  }

  @Test func aFolderOrAPipeIsLeftAsItIs() throws {
    try FileManager.default.createDirectory(
      atPath: folder.file(), withIntermediateDirectories: false, attributes: [.posixPermissions: 0o755])
    let before = try folder.inventory()
    #expect(folder.refusal() == .foreign)
    #expect(try folder.inventory() == before)
    #expect(mkfifo(folder.file("pipe"), 0o644) == 0)
    #expect(folder.refusal("pipe") == .foreign)
    #expect(try folder.names() == ["ledger.db", "pipe"])
  }
}
