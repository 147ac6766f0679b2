import Foundation
import GRDB
import MPPServer
import MPPStoreSQLite
import Testing

/// A file that cannot be used is a clear error, and stays exactly as it is.
@Suite struct SQLiteFileTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  /// A ledger with 300 records, closed.
  private func makeLedger() async throws {
    let ledger = try Ledger.sqlite(at: folder.file())
    let table = try ledger.table(TallyRecord.self)
    for number in 0..<300 { try await table.incrementWithoutWaiting(number) }
    try await ledger.close()
  }

  /// Something made with SQLite by somebody else.
  private func makeForeign(_ sql: String) throws {
    let queue = try DatabaseQueue(path: folder.file())
    try queue.writeWithoutTransaction { try $0.execute(sql: sql) }
    try queue.close()
  }

  private func expectRefusal(_ code: StoreError.Code) throws {
    let before = try folder.contents()
    #expect(folder.refusal() == code)
    #expect(try folder.contents() == before, "the file was changed")
    #expect(folder.refusal() == code, "the lock was not freed")
  }

  /// SQLite gives up the whole transaction when it cannot read a page.
  @Test func aReadThatFailsUndoesNothingOfOthers() async throws {
    let file = try SQLiteFile(
      path: folder.file(),
      schema: SQLiteSchema(
        applicationID: 1, name: "numbers",
        migrations: [{ try $0.execute(sql: "CREATE TABLE number (n INTEGER)") }]))
    let (results, report) = AsyncStream.makeStream(of: String.self)
    let gate = DispatchSemaphore(value: 0)
    // What comes meanwhile is taken together.
    file.submit({ _ in gate.wait() }, completion: { _ in })
    file.submitPrepared(
      isReading: true,
      { statements in
        try statements.database.execute(sql: "ROLLBACK")
        throw StoreError(.unavailable, "a page cannot be read")
      },
      completion: { (result: Result<Void, StoreError>) in
        if case .failure = result { report.yield("not read") }
      })
    file.submit(
      { try $0.execute(sql: "INSERT INTO number VALUES (1)") },
      completion: { result in
        if case .success = result { report.yield("written") } else { report.yield("not written") }
      })
    gate.signal()
    var seen: Set<String> = []
    for await result in results.prefix(2) { seen.insert(result) }
    #expect(seen == ["not read", "written"])
    #expect(try await file.perform { try Int.fetchOne($0, sql: "SELECT count(*) FROM number") } == 1)
    await file.close()
  }

  @Test func aTextFileIsForeign() throws {
    try folder.write(Data("these are not the records you are looking for".utf8))
    try expectRefusal(.foreign)
    try folder.write(Data(repeating: 7, count: 100_000))
    try expectRefusal(.foreign)
  }

  @Test func anotherProgramsDatabaseIsForeign() throws {
    try makeForeign("CREATE TABLE customers (name TEXT); INSERT INTO customers VALUES ('Ada')")
    try expectRefusal(.foreign)
  }

  @Test func anotherKindOfOurFilesIsForeign() async throws {
    let journal = try SQLiteFile(
      path: folder.file(),
      schema: SQLiteSchema(
        applicationID: 0x4D50_504A, name: "journal",
        migrations: [{ try $0.execute(sql: "CREATE TABLE entry (n INTEGER)") }]))
    await journal.close()
    try expectRefusal(.foreign)
  }

  @Test func aNewerSchemaIsSaidSo() async throws {
    try await makeLedger()
    try makeForeign("PRAGMA user_version = 1000")
    try expectRefusal(.newerSchema)
  }

  @Test func anEmptyFileBecomesALedger() async throws {
    try folder.write(Data())
    #expect(folder.refusal() == nil)
  }

  @Test func damagedPagesAreNoticedAtOpening() async throws {
    try await makeLedger()
    var bytes = try folder.contents()
    for index in stride(from: 4096, to: bytes.count, by: 1) { bytes[index] ^= 0x5A }
    try folder.write(bytes)
    try expectRefusal(.corrupt)
  }

  @Test func aShortenedFileIsNoticed() async throws {
    try await makeLedger()
    try folder.write(try folder.contents().prefix(5000))
    try expectRefusal(.corrupt)
    try folder.write(try folder.contents().prefix(60))
    try expectRefusal(.foreign)
  }

  @Test func aLogWithoutItsFileIsNotThrownAway() async throws {
    try folder.write(Data(repeating: 1, count: 4128), "ledger.db-wal")
    #expect(folder.refusal() == .corrupt)
    #expect(try folder.contents("ledger.db-wal").count == 4128)
  }

  @Test func aMissingFolderOrAFolderIsRefused() throws {
    #expect(folder.refusal("no/such/folder.db") == .unavailable)
    try FileManager.default.createDirectory(atPath: folder.file("sub"), withIntermediateDirectories: false)
    #expect(folder.refusal("sub") == .foreign)
  }

  @Test func aSecondInstanceIsRefusedUntilTheFirstIsClosed() async throws {
    let ledger = try SQLiteLedger(at: folder.file())
    #expect(folder.refusal() == .locked)
    // Another name for the same file is no way around.
    try FileManager.default.createSymbolicLink(
      atPath: folder.file("link.db"), withDestinationPath: folder.file())
    #expect(folder.refusal("link.db") == .locked)
    #expect(folder.refusal("../" + (folder.path as NSString).lastPathComponent + "/ledger.db") == .locked)
    await ledger.close()
    #expect(folder.refusal() == nil)
  }

  @Test func aSecondProcessIsRefused() async throws {
    let ledger = try SQLiteLedger(at: folder.file())
    let path = folder.file()
    await #expect(processExitsWith: .exitCode(42)) { [path = path as String] in
      do throws(StoreError) {
        _ = try SQLiteLedger(at: path)
      } catch {
        exit(error.code == .locked ? 42 : 1)
      }
      exit(2)
    }
    await ledger.close()
  }

  @Test func onlyTheOwnerMayReadTheFile() async throws {
    try await makeLedger()
    for name in ["ledger.db", "ledger.db.lock"] {
      let attributes = try FileManager.default.attributesOfItem(atPath: folder.file(name))
      #expect((attributes[.posixPermissions] as? NSNumber)?.intValue == 0o600, "\(name)")
    }
  }
}
