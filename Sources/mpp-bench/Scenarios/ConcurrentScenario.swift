import BenchSupport
import MPPServer

/// Many paid requests at once, without HTTP, by processor time: here a durable ledger shares its disk writes.
struct ConcurrentScenario: Scenario {
  let name = "paid-concurrent"
  let title = "paid requests in process, as many at a time as connections: processor time of each"

  private struct Stage {
    let service: PaidService
    let signatureChecks: SignatureChecks
    var amount = PaidService.priceUnits
    var alone = Load()
    /// Each request followed by one more signature check.
    var checked = Load()

    /// What a signature check takes among paid requests.
    var signature: Double { Samples.median(zip(checked.processor, alone.processor).map { $0 - $1 }) }
  }

  private struct Load {
    var samples = Samples()
    var processor: [Double] = []
    var perSecond: [Double] = []
  }

  func run(_ bench: Bench) async throws -> ScenarioReport {
    let count = bench.count(200)
    var stages: [(PaidService.Store, Stage)] = []
    for store in PaidService.Store.allCases {
      let service = try await PaidService(
        store, file: bench.folder + "/concurrent.db", channels: bench.connections)
      let checks = try SignatureChecks(service.channels[0])
      stages.append((store, Stage(service: service, signatureChecks: checks)))
    }
    for round in 0..<bench.rounds {
      bench.note(name, round: round)
      for index in stages.indices {
        try await Self.measure(&stages[index].1, count, \.alone, checks: nil)
        try await Self.measure(&stages[index].1, count, \.checked, checks: stages[index].1.signatureChecks)
      }
    }
    var report = bench.report(self)
    for (store, stage) in stages {
      await stage.service.server.shutdown()
      report.measurements.append(
        Measurement(
          "paid request, \(store.rawValue)", stage.alone.samples,
          perSecond: Samples.median(stage.alone.perSecond)))
    }
    for (store, stage) in stages {
      let used = Samples.median(stage.alone.processor)
      let rest = used - stage.signature
      report.figures.append(Figure("processor time of a request, \(store.rawValue)", used, "us"))
      report.figures.append(Figure("… of a signature check among them", stage.signature, "us"))
      report.figures.append(Figure("neither HTTP nor signature, \(store.rawValue)", rest, "us"))
      report.verdicts.append(
        .atMost(8, "us", "neither HTTP nor signature, \(store.rawValue), processor time", rest))
    }
    return report
  }

  private static func measure(
    _ stage: inout Stage, _ count: Int, _ load: WritableKeyPath<Stage, Load>, checks: SignatureChecks?
  ) async throws {
    let service = stage.service
    let challenge = try await service.challenge()
    let first = stage.amount
    stage.amount += UInt128(count) * PaidService.priceUnits
    let lists = try service.channels.map { channel in
      try (1...count).map { index in
        try service.request(channel, challenge, first + UInt128(index) * PaidService.priceUnits)
      }
    }
    let used = Processor.usedMicroseconds()
    let start = Ticks.now()
    let samples = try await withThrowingTaskGroup(of: Samples.self) { group in
      for list in lists {
        group.addTask {
          var samples = Samples()
          for request in list {
            let start = Ticks.now()
            try await service.pay(request)
            samples.add(nanoseconds: Ticks.since(start))
            try checks?.check()
          }
          return samples
        }
      }
      return try await group.reduce(into: Samples()) { $0.add($1) }
    }
    let seconds = Double(Ticks.now() - start) / 1e9
    stage[keyPath: load].processor.append((Processor.usedMicroseconds() - used) / Double(samples.count))
    stage[keyPath: load].perSecond.append(Double(samples.count) / seconds)
    stage[keyPath: load].samples.add(samples)
  }
}
