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
}
