import BenchSupport
import MPPServer

/// Charges without HTTP: proofs of an account, and payments the server broadcasts to the embedded chain.
struct ChargeScenario: Scenario {
  let name = "charge"
  let title = "charges in process: proofs, and payments pulled through the embedded chain"

  /// One way to pay, with one store, by so many callers.
  private struct Stage {
    let name: String
    let stand: ChargeStand
    let sale: ChargeStand.Sale
    let callers: Int
    let each: Int
    var samples = Samples()
    var perSecond: [Double] = []
  }

  func run(_ bench: Bench) async throws -> ScenarioReport {
    var stages: [Stage] = []
    var stands: [ChargeStand] = []
    for store in PaidService.Store.allCases {
      let stand = try await ChargeStand(store, file: bench.folder + "/charge.db")
      stands.append(stand)
      for callers in Set([1, bench.connections]).sorted() {
        let suffix = "\(store.rawValue), \(callers) caller\(callers == 1 ? "" : "s")"
        stages.append(
          Stage(
            name: "proof, \(suffix)", stand: stand, sale: stand.proofs, callers: callers,
            each: max(1, bench.count(callers == 1 ? 500 : 4_000) / callers)))
        stages.append(
          Stage(
            name: "pull, \(suffix)", stand: stand, sale: stand.payments, callers: callers,
            each: max(1, bench.count(callers == 1 ? 100 : 512) / callers)))
      }
    }
    for round in 0..<bench.rounds {
      bench.note(name, round: round)
      for index in stages.indices { try await Self.measure(&stages[index]) }
    }
    var report = bench.report(self)
    for stage in stages {
      report.measurements.append(
        Measurement(stage.name, stage.samples, perSecond: Samples.median(stage.perSecond)))
    }
    for stand in stands { await stand.server.shutdown() }
    return report
  }

  private static func measure(_ stage: inout Stage) async throws {
    let (stand, sale, each) = (stage.stand, stage.sale, stage.each)
    let requests = try await stand.requests(sale, stage.callers * each)
    let timed = try await Timing.concurrently(stage.callers, each: each) { caller, operation in
      try await stand.pay(requests[caller * each + operation], sale)
    }
    stage.samples.add(timed.samples)
    stage.perSecond.append(timed.perSecond)
  }
}
