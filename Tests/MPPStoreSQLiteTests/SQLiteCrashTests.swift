import Foundation
import MPPServer
import MPPStoreSQLite
import Testing

/// The process is killed; nothing acknowledged is lost.
@Suite(.serialized) struct SQLiteCrashTests {
  /// Appends a line to a file, unbuffered, so that it is there after a kill.
  private static func note(_ text: String, _ path: String) {
    guard let file = fopen(path, "a") else { return }
    fputs(text + "\n", file)
    fclose(file)
  }

  @Test(arguments: [1, 40, 150, 400])
  func acknowledgedChangesSurviveAKill(_ acknowledgedBeforeTheEnd: Int) async throws {
    let folder = try TemporaryFolder()
    let path = folder.file()
    let notes = folder.file("acknowledged")
    await #expect(processExitsWith: .signal(SIGKILL)) {
      [path = path as String, notes = notes as String, limit = acknowledgedBeforeTheEnd as Int] in
      let ledger = try Ledger.sqlite(at: path)
      let table = try ledger.table(TallyRecord.self)
      await withTaskGroup(of: Void.self) { group in
        for writer in 0..<16 {
          group.addTask {
            while let value = try? await table.increment(writer) {
              Self.note("\(writer) \(value)", notes)
              // Commits nobody waits for run beside them.
              try? await table.incrementWithoutWaiting(100 + writer)
              if value * 16 >= limit + writer { kill(getpid(), SIGKILL) }
            }
          }
        }
      }
    }
    var acknowledged: [Int: Int] = [:]
    for line in try String(contentsOfFile: notes, encoding: .utf8).split(separator: "\n") {
      let parts = line.split(separator: " ").compactMap { Int($0) }
      guard parts.count == 2 else { continue }
      acknowledged[parts[0]] = max(acknowledged[parts[0]] ?? 0, parts[1])
    }
    #expect(!acknowledged.isEmpty)
    let ledger = try Ledger.sqlite(at: path)
    let table = try ledger.table(TallyRecord.self)
    for (writer, value) in acknowledged {
      let stored = try await table.load(TallyRecord.key(writer))?.value ?? 0
      #expect(stored == value || stored == value + 1, "acknowledged \(value), found \(stored)")
    }
    // The file is fully usable.
    #expect(try await table.increment(900) == 1)
    try await ledger.close()
  }

  @Test func unawaitedChangesAreAllOrNothingForEachRecord() async throws {
    let folder = try TemporaryFolder()
    let path = folder.file()
    await #expect(processExitsWith: .signal(SIGKILL)) { [path = path as String] in
      let ledger = try Ledger.sqlite(at: path)
      let table = try ledger.table(TallyRecord.self)
      for number in 0..<200 { try await table.increment(number) }
      for number in 0..<200 { try await table.incrementWithoutWaiting(number) }
      kill(getpid(), SIGKILL)
    }
    let ledger = try Ledger.sqlite(at: path)
    let table = try ledger.table(TallyRecord.self)
    for number in 0..<200 {
      let value = try await table.load(TallyRecord.key(number))?.value
      #expect(value == 1 || value == 2)
    }
    try await ledger.close()
  }
}
