import Foundation
import GRDB
import MPPClient
import MPPStoreSQLite
import Testing

@Suite("The journal in SQLite")
struct SQLiteJournalTests {
  /// A folder that is removed afterwards.
  private func inFolder<T>(_ body: (String) async throws -> T) async throws -> T {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("journal-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer {
      do { try FileManager.default.removeItem(at: folder) } catch { Issue.record("\(error)") }
    }
    return try await body(folder.appendingPathComponent("j.db").path)
  }

  private func record(_ key: String, _ version: UInt64, _ body: String = "x", kind: String = "k")
    -> JournalRecord
  {
    JournalRecord(kind: kind, key: key, version: version, body: Array(body.utf8))
  }

  @Test("What was written is there after reopening, by kind, newest version only")
  func reopen() async throws {
    try await inFolder { path in
      let journal = try SQLiteJournal(at: path)
      #expect(journal.durability == .power)
      try await journal.write([record("a", 1, "1"), record("b", 1, "2"), record("a", 1, "3", kind: "other")])
      try await journal.write([record("a", 2, "4")])
      try await journal.close()
      let again = try SQLiteJournal(at: path)
      #expect(Set(try await again.records(kind: "k")) == [record("a", 2, "4"), record("b", 1, "2")])
      #expect(try await again.records(kind: "none").isEmpty)
      try await again.close()
    }
  }

  @Test("A stale record stops the whole write")
  func stale() async throws {
    try await inFolder { path in
      let journal = try SQLiteJournal(at: path)
      try await journal.write([record("a", 5)])
      for version: UInt64 in [4, 5] {
        await #expect(throws: JournalError.self) {
          try await journal.write([record("new", 1), record("a", version)])
        }
      }
      #expect(try await journal.records(kind: "k") == [record("a", 5)])
      try await journal.close()
    }
  }

  @Test("A second opener gets `busy`; after closing it gets in")
  func busy() async throws {
    try await inFolder { path in
      let journal = try SQLiteJournal(at: path)
      #expect { try SQLiteJournal(at: path) } throws: { ($0 as? JournalError)?.code == .busy }
      try await journal.close()
      await #expect(throws: JournalError.self) { try await journal.write([record("a", 1)]) }
      try await SQLiteJournal(at: path).close()
    }
  }

  @Test("A file that is no journal, or that is damaged, is left as it is")
  func foreign() async throws {
    try await inFolder { path in
      try Data("no database at all, but long enough to be looked at".utf8).write(
        to: URL(fileURLWithPath: path))
      #expect(throws: JournalError.self) { try SQLiteJournal(at: path) }
      #expect(try Data(contentsOf: URL(fileURLWithPath: path)).count == 51)
    }
    try await inFolder { path in
      let ledger = try SQLiteLedger(at: path)
      await ledger.close()
      #expect { try SQLiteJournal(at: path) } throws: { ($0 as? JournalError)?.code == .corrupt }
    }
  }

  @Test("A record that was changed behind our back is an error")
  func damaged() async throws {
    try await inFolder { path in
      let journal = try SQLiteJournal(at: path)
      try await journal.write([record("a", 1, "authorized 100")])
      try await journal.close()
      let queue = try DatabaseQueue(path: path)
      try await queue.write { database in
        try database.execute(sql: "UPDATE record SET body = ?", arguments: [Data("authorized 900".utf8)])
      }
      try queue.close()
      let again = try SQLiteJournal(at: path)
      await #expect(throws: JournalError.self) { try await again.records(kind: "k") }
      try await again.close()
    }
  }

  @Test("Many writers at once")
  func concurrent() async throws {
    try await inFolder { path in
      let journal = try SQLiteJournal(at: path)
      try await withThrowingTaskGroup(of: Void.self) { group in
        for number in 0..<100 { group.addTask { try await journal.write([self.record("\(number)", 1)]) } }
        try await group.waitForAll()
      }
      #expect(try await journal.records(kind: "k").count == 100)
      try await journal.close()
    }
  }
}
