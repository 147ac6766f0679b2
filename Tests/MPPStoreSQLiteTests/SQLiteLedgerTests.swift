import GRDB
import MPPServer
import MPPStoreSQLite
import MPPTesting
import Testing

@Suite struct SQLiteLedgerTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  @Test(arguments: LedgerStoreSuite.checkNames)
  func sqliteStoreKeepsItsPromises(_ check: String) async throws {
    let path = folder.file()
    let suite = LedgerStoreSuite(
      make: { try SQLiteLedger(at: path) },
      reopen: { store in
        await store.close()
        return try SQLiteLedger(at: path)
      })
    try await suite.run(check)
  }

  @Test func theLedgerTakesItWithoutAsking() async throws {
    let ledger = try Ledger.sqlite(at: folder.file())
    #expect(ledger.durability == .power)
    try await ledger.close()
  }

  @Test func aLedgerMayBeClosedMoreThanOnce() async throws {
    let ledger = try Ledger.sqlite(at: folder.file())
    let table = try ledger.table(TallyRecord.self)
    _ = try await table.increment(1)
    async let first: Void = ledger.close()
    async let second: Void = ledger.close()
    _ = try await (first, second)
    try await ledger.close()
  }

  @Test func hundredWritersLoseNothing() async throws {
    let ledger = try Ledger.sqlite(at: folder.file())
    let table = try ledger.table(TallyRecord.self)
    let values = try await withThrowingTaskGroup(of: [Int].self) { group in
      for writer in 0..<100 {
        group.addTask {
          var values: [Int] = []
          for _ in 0..<10 { values.append(try await table.increment(writer % 3)) }
          return values
        }
      }
      return try await group.reduce(into: []) { $0 += $1 }
    }
    #expect(values.count == 1000)
    let counts = (0..<3).map { writer in (0..<100).filter { $0 % 3 == writer }.count * 10 }
    #expect(values.sorted() == counts.flatMap { Array(1...$0) }.sorted(), "every value was given out once")
    try await ledger.close()
    let again = try Ledger.sqlite(at: folder.file())
    for (number, count) in counts.enumerated() {
      #expect(try await again.table(TallyRecord.self).load(TallyRecord.key(number))?.value == count)
    }
    try await again.close()
  }

  @Test func unawaitedChangesAreThereAfterClosing() async throws {
    let ledger = try Ledger.sqlite(at: folder.file())
    let table = try ledger.table(TallyRecord.self)
    for number in 0..<500 { try await table.incrementWithoutWaiting(number % 50) }
    try await ledger.close()
    let again = try Ledger.sqlite(at: folder.file())
    for number in 0..<50 {
      #expect(try await again.table(TallyRecord.self).load(TallyRecord.key(number))?.value == 10)
    }
    try await again.close()
  }

  @Test func aPieceOfWorkThatFailsIsUndoneAlone() async throws {
    struct Refusal: Error {}
    let file = try SQLiteFile(
      path: folder.file(),
      schema: SQLiteSchema(
        applicationID: 77, name: "test",
        migrations: [{ try $0.execute(sql: "CREATE TABLE t (n INTEGER PRIMARY KEY)") }]))
    await withTaskGroup(of: Void.self) { group in
      for number in 0..<100 {
        group.addTask {
          let result: Bool
          do {
            try await file.perform { database in
              try database.execute(sql: "INSERT INTO t VALUES (?)", arguments: [number])
              if number.isMultiple(of: 3) { throw Refusal() }
            }
            result = true
          } catch {
            result = false
          }
          #expect(result == !number.isMultiple(of: 3))
        }
      }
    }
    let numbers = try await file.perform {
      try [Int].init(Int.fetchAll($0, sql: "SELECT n FROM t ORDER BY n"))
    }
    #expect(numbers == (0..<100).filter { !$0.isMultiple(of: 3) })
    await file.close()
    await #expect(throws: StoreError.self) { try await file.perform { _ in } }
  }

  @Test func aFailedCommitFailsEveryPieceOfTheBatch() async throws {
    let file = try SQLiteFile(
      path: folder.file(),
      schema: SQLiteSchema(
        applicationID: 78, name: "test",
        migrations: [
          {
            try $0.execute(
              sql: """
                CREATE TABLE parent (n INTEGER PRIMARY KEY);
                CREATE TABLE child (n INTEGER PRIMARY KEY REFERENCES parent DEFERRABLE INITIALLY DEFERRED);
                """)
          }
        ]))
    // The missing parent is noticed at the commit, when every piece of work has run.
    for _ in 0..<5 {
      let results = await withTaskGroup(of: Bool.self) { group in
        for number in 0..<20 {
          group.addTask {
            do {
              try await file.perform {
                try $0.execute(sql: "INSERT INTO child VALUES (?)", arguments: [number])
              }
              return true
            } catch {
              return false
            }
          }
        }
        return await group.reduce(into: []) { $0.append($1) }
      }
      #expect(!results.contains(true), "a piece of a failed batch was reported as durable")
    }
    #expect(try await file.perform { try Int.fetchOne($0, sql: "SELECT count(*) FROM child") } == 0)
    try await file.perform {
      try $0.execute(sql: "INSERT INTO parent VALUES (1); INSERT INTO child VALUES (1)")
    }
    await file.close()
  }

  @Test func aFullDiskIsSaidSoAndNothingAcknowledgedIsLost() async throws {
    let path = folder.file()
    let file = try SQLiteFile(
      path: path,
      schema: SQLiteSchema(
        applicationID: 79, name: "test",
        migrations: [{ try $0.execute(sql: "CREATE TABLE t (n INTEGER PRIMARY KEY, body BLOB)") }]))
    try await file.perform { try $0.execute(sql: "PRAGMA max_page_count = 20") }
    var acknowledged = 0
    var refusal: StoreError?
    while refusal == nil, acknowledged < 1000 {
      do throws(StoreError) {
        try await file.perform { try $0.execute(sql: "INSERT INTO t (body) VALUES (zeroblob(3000))") }
        acknowledged += 1
      } catch {
        refusal = error
      }
    }
    #expect(refusal?.code == .full)
    #expect(acknowledged > 5)
    #expect(try await file.perform { try Int.fetchOne($0, sql: "SELECT count(*) FROM t") } == acknowledged)
    await file.close()
  }
}
