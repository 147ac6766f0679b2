import Logging
import MPPCore
import MPPServer
import ServerTestSupport
import Synchronization
import Testing

/// Who runs the server must be able to tell a full disk from a damaged record; who pays is told neither.
struct StoreErrorLogTests {
  @Test func theLogSaysWhatTheLedgerSuffersFrom() async throws {
    let log = ErrorLog()
    let fixture = try await ServerFixture(logger: log.logger)
    let route = try fixture.route()
    for (failure, code, reason, underlying) in [
      ("store", "unavailable", "disk is gone", nil),
      ("storeFull", "full", "no room for ledger.db", "SQLite 13: disk is full"),
      ("storeDamaged", "corrupt", "a record is damaged", nil),
    ] {
      let outcome = try await fixture.pay(route, ["do": .string(failure)])
      let answer = String(decoding: outcome.response?.body ?? [], as: UTF8.self)
      #expect(outcome.response?.status == 503)
      #expect(!answer.contains(reason))
      let entry = try #require(log.takeLast())
      #expect(entry.metadata["mpp.code"] == .string(code))
      #expect(entry.metadata["mpp.reason"] == .string(reason))
      #expect(entry.metadata["mpp.underlying"] == underlying.map { .string($0) })
      #expect(entry.message.contains("did not answer") == (code == "unavailable"), "\(entry.message)")
    }
  }
}

private final class ErrorLog: LogHandler, Sendable {
  struct Entry: Sendable {
    let message: String
    let metadata: Logger.Metadata
  }

  private let last = Mutex<Entry?>(nil)

  var logger: Logger { Logger(label: "test") { _ in self } }

  func takeLast() -> Entry? {
    last.withLock { last in
      defer { last = nil }
      return last
    }
  }

  var logLevel: Logger.Level {
    get { .error }
    set {}
  }
  var metadata: Logger.Metadata {
    get { [:] }
    set {}
  }
  subscript(metadataKey key: String) -> Logger.Metadata.Value? {
    get { nil }
    set {}
  }

  func log(event: LogEvent) {
    guard event.level == .error else { return }
    last.withLock { $0 = Entry(message: "\(event.message)", metadata: event.metadata ?? [:]) }
  }
}
