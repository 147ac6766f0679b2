import BenchSupport
import MPPServer

/// One paid request at a time, without HTTP: where its time goes.
struct PaidScenario: Scenario {
  let name = "paid"
  let title = "a paid request in process, one at a time: from the Authorization value to the charged delivery"

  func run(_ bench: Bench) async throws -> ScenarioReport {
    let count = bench.count(4_000)
    var payments = [PaidService.Store: Samples]()
    var signatures = Samples()
    let memory = try await PaidService(.memory, file: "", channels: 1)
    let sqlite = try await PaidService(.sqlite, file: bench.folder + "/paid.db", channels: 1)
    for round in 0..<bench.rounds {
      bench.note(name, round: round)
      let first = UInt128(round * count + 2)
      for (store, service, count) in [
        (PaidService.Store.memory, memory, count), (.sqlite, sqlite, max(1, count / 4)),
      ] {
        let challenge = try await service.challenge()
        let channel = service.channels[0]
        let amounts = (0..<UInt128(count)).map { (first + $0) * PaidService.priceUnits }
        let requests = try amounts.map { try service.request(channel, challenge, $0) }
        let signatureChecks = try SignatureChecks(channel)
        for index in 0..<count {
          let start = Ticks.now()
          try await service.pay(requests[index])
          payments[store, default: Samples()].add(nanoseconds: Ticks.since(start))
          let next = Ticks.now()
          try signatureChecks.check()
          signatures.add(nanoseconds: Ticks.since(next))
        }
      }
    }
    await memory.server.shutdown()
    await sqlite.server.shutdown()
    let volatile = payments[.memory] ?? Samples()
    let rest = volatile.median - signatures.median
    var report = bench.report(self)
    report.measurements = [
      Measurement("paid request, memory", volatile),
      Measurement("paid request, SQLite (waits for the disk)", payments[.sqlite] ?? Samples()),
      Measurement("a signature check between them", signatures),
    ]
    report.figures = [Figure("neither HTTP nor signature, memory", rest, "us")]
    report.verdicts = [.atMost(8, "us", "neither HTTP nor signature, memory, one at a time", rest)]
    return report
  }
}
