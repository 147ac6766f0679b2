import BenchSupport
import Foundation
import MPPServer
import MPPStoreSQLite

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// Durable changes of records by more and more callers, beside the disk itself.
struct GroupCommitScenario: Scenario {
  let name = "group-commit"
  let title = "durable changes of 400-byte records, SQLite"

  static let callers = [1, 8, 64, 256]

  func run(_ bench: Bench) async throws -> ScenarioReport {
    let ledger = try Ledger.sqlite(at: bench.folder + "/commit.db")
    let table = try ledger.table(BenchRecord.self)
    var samples = [Samples](repeating: Samples(), count: Self.callers.count)
    var rates = [[Double]](repeating: [], count: Self.callers.count)
    var disk = Samples()
    for round in 0..<bench.rounds {
      bench.note(name, round: round)
      try Self.sync(bench.folder + "/sync", bench.count(500), &disk)
      for (index, callers) in Self.callers.enumerated() {
        let each = max(1, bench.count(min(20_000, 1_000 * callers)) / callers)
        let timed = try await Timing.concurrently(callers, each: each) { caller, _ in
          _ = try await table.update(BenchRecord.key(caller)) { record in
            (BenchRecord(count: (record?.count ?? 0) + 1), ())
          }
        }
        rates[index].append(timed.perSecond)
        samples[index].add(timed.samples)
      }
    }
    try await ledger.close()
    var report = bench.report(self)
    report.measurements = [Measurement("bare append of 256 bytes + fdatasync", disk)]
    for (index, callers) in Self.callers.enumerated() {
      report.measurements.append(
        Measurement(
          "\(callers) caller\(callers == 1 ? "" : "s")", samples[index],
          perSecond: Samples.median(rates[index])))
    }
    return report
  }

  /// What one durable write costs on this disk.
  private static func sync(_ path: String, _ count: Int, _ samples: inout Samples) throws {
    let descriptor = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { throw BenchFailure("cannot write \(path)") }
    defer { close(descriptor) }
    let bytes = [UInt8](repeating: 7, count: 256)
    for _ in 0..<count {
      let start = Ticks.now()
      guard write(descriptor, bytes, bytes.count) == bytes.count, dataSync(descriptor) else {
        throw BenchFailure("cannot write \(path)")
      }
      samples.add(nanoseconds: Ticks.since(start))
    }
  }

  private static func dataSync(_ descriptor: Int32) -> Bool {
    #if canImport(Darwin)
      fcntl(descriptor, F_FULLFSYNC) == 0
    #else
      fdatasync(descriptor) == 0
    #endif
  }
}

/// A number in a body of the size of a channel's.
struct BenchRecord: LedgerRecord {
  static let kind: UInt8 = 200
  static let length = 400

  var count: UInt64

  init(count: UInt64) { self.count = count }

  init(decoding bytes: [UInt8]) throws {
    guard bytes.count == Self.length else { throw BenchFailure("a damaged record") }
    count = bytes[..<8].reduce(0) { $0 << 8 | UInt64($1) }
  }

  func encoded() -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: Self.length)
    for index in 0..<8 { bytes[index] = UInt8(truncatingIfNeeded: count >> UInt64(56 - 8 * index)) }
    return bytes
  }

  static func key(_ number: Int) -> RecordKey {
    RecordKey(kind: kind, id: [UInt8(number >> 8 & 255), UInt8(number & 255)])
  }
}
