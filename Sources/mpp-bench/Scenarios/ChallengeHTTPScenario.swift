import BenchSupport
import NIOCore

/// A 402 beside a trivial answer of the same server.
struct ChallengeHTTPScenario: Scenario {
  let name = "challenge-http"
  let title = "402 over Hummingbird on loopback, beside a trivial GET"

  func run(_ bench: Bench) async throws -> ScenarioReport {
    let load = LoadGenerator()
    let server = try ServerProcess(.memory, channels: 1, bench, load)
    defer { server.stop() }
    let count = bench.count(1_000)
    func requests(_ path: String) -> [[ByteBuffer]] {
      let request = LoadGenerator.request(path)
      return (0..<bench.connections).map { _ in (0..<count).map { _ in request } }
    }
    let paths: [(path: String, status: Int)] = [("/free", 200), (PaidService.path, 402)]
    var rounds = [LoadRounds(), LoadRounds()]
    for (path, status) in paths {
      _ = try await server.measure(requests(path), status: status)
    }
    for round in 0..<bench.rounds {
      bench.note(name, round: round)
      for (index, (path, status)) in paths.enumerated() {
        rounds[index].add(try await server.measure(requests(path), status: status))
      }
    }
    try await load.shutdown()
    var report = bench.report(self)
    report.measurements = [rounds[0].measurement("GET /free"), rounds[1].measurement("402")]
    let ratio = rounds[1].ratio(to: rounds[0])
    report.figures = [
      Figure("server processor time, GET /free", rounds[0].processorMicroseconds, "us"),
      Figure("server processor time, 402", rounds[1].processorMicroseconds, "us"),
    ]
    report.verdicts = [.atLeast(0.85, "x", "402 / trivial GET, requests a second", ratio)]
    return report
  }
}
