import BenchSupport
import MPPCore
import MPPServer
import MPPStoreSQLite

/// Things that may be used once, taken durably by more and more callers.
struct ClaimScenario: Scenario {
  let name = "claims"
  let title = "replay claims, durable, SQLite"

  static let callers = [1, 8, 64, 256]

  func run(_ bench: Bench) async throws -> ScenarioReport {
    let ledger = try Ledger.sqlite(at: bench.folder + "/claims.db")
    let claims = ledger.claims
    var samples = [Samples](repeating: Samples(), count: Self.callers.count)
    var rates = [[Double]](repeating: [], count: Self.callers.count)
    for round in 0..<bench.rounds {
      bench.note(name, round: round)
      for (index, callers) in Self.callers.enumerated() {
        let each = max(1, bench.count(min(20_000, 1_000 * callers)) / callers)
        let timed = try await Timing.concurrently(callers, each: each) { caller, operation in
          let number = ((round * Self.callers.count + index) << 16 + caller) << 32 + operation
          let isFirst = try await claims.claim(Self.key(number), now: Timestamp(seconds: 1_800_000_000))
          guard isFirst else { throw BenchFailure("a claim was taken twice") }
        }
        rates[index].append(timed.perSecond)
        samples[index].add(timed.samples)
      }
    }
    try await ledger.close()
    var report = bench.report(self)
    for (index, callers) in Self.callers.enumerated() {
      report.measurements.append(
        Measurement(
          "\(callers) caller\(callers == 1 ? "" : "s")", samples[index],
          perSecond: Samples.median(rates[index])))
    }
    return report
  }

  /// As long and as scattered as a transaction's hash.
  private static func key(_ number: Int) -> ReplayKey {
    var state = UInt64(truncatingIfNeeded: number)
    var id: [UInt8] = []
    for _ in 0..<4 {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      for shift in stride(from: UInt64(0), to: 64, by: 8) {
        id.append(UInt8(truncatingIfNeeded: state >> shift))
      }
    }
    return ReplayKey(space: "bench", id: id)
  }
}
