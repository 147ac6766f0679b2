import BenchSupport
import EVM
import MPPCore
import MPPServer
import MPPTempo

/// Many paid requests at once, without HTTP, by processor time: here a durable ledger shares its disk writes.
struct ConcurrentScenario: Scenario {
  let name = "paid-concurrent"
  let title = "paid requests in process, as many at a time as connections: processor time of each"

  private struct Stage {
    let service: PaidService
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
      stages.append((store, Stage(service: service)))
    }
    var signatures = Samples()
    for round in 0..<bench.rounds {
      bench.note(name, round: round)
      for index in stages.indices {
        try await Self.measure(&stages[index].1, round, count, &signatures)
      }
    }
    var report = bench.report(self)
    for (store, stage) in stages {
      await stage.service.server.shutdown()
      report.measurements.append(
        Measurement(
          "paid request, \(store.rawValue)", stage.samples, perSecond: Samples.median(stage.perSecond)))
    }
    report.measurements.append(Measurement("its signature check", signatures))
    for (store, stage) in stages {
      let used = Samples.median(stage.processor)
      let rest = used - signatures.median
      report.figures.append(Figure("processor time of a request, \(store.rawValue)", used, "us"))
      report.figures.append(Figure("neither HTTP nor signature, \(store.rawValue)", rest, "us"))
      report.verdicts.append(
        .atMost(8, "us", "neither HTTP nor signature, \(store.rawValue), processor time", rest))
    }
    return report
  }

  private static func measure(
    _ stage: inout Stage, _ round: Int, _ count: Int, _ signatures: inout Samples
  ) async throws {
    let service = stage.service
    let challenge = try await service.challenge()
    let lists = try service.channels.map { channel in
      try (0..<count).map { index in
        try service.request(channel, challenge, UInt128(round * count + index + 2) * PaidService.priceUnits)
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
          }
          return samples
        }
      }
      return try await group.reduce(into: Samples()) { $0.add($1) }
    }
    let seconds = Double(Ticks.now() - start) / 1e9
    stage.processor.append((Processor.usedMicroseconds() - used) / Double(samples.count))
    stage.perSecond.append(Double(samples.count) / seconds)
    stage.samples.add(samples)
    let channel = service.channels[0]
    for index in 0..<max(100, count) {
      let amount = UInt128(index + 1)
      let (digest, signature) = (try channel.digest(amount), try channel.signature(amount))
      let start = Ticks.now()
      try VoucherVerifier.verify(
        signature: signature, digest: digest, signer: channel.key.address, cachedKey: channel.key.publicKey)
      signatures.add(nanoseconds: Ticks.since(start))
    }
  }
}
