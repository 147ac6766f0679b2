import BenchSupport
import HTTPTypes
import MPPCore
import MPPServer

/// What an unpaid request costs the engine.
struct ChallengeScenario: Scenario {
  let name = "challenge"
  let title = "issuing a challenge: the bare template, and a whole 402 in process"

  func run(_ bench: Bench) async throws -> ScenarioReport {
    let service = try await PaidService(.memory, file: "", channels: 1)
    let mac = ChallengeMAC(secrets: try SecretRing([Secret(PaidService.secret)]))
    var parameters = try await service.challenge().parameters
    parameters.expires = nil
    let template = try ChallengeTemplate(mac: mac, parameters: parameters)
    let expires = Timestamp(seconds: 1_800_000_000).rfc3339(subMillisecond: 123_456)
    let count = bench.count(20_000)
    let request = PaymentRequest(method: .get, path: PaidService.path)
    var issued = Samples()
    var answered = Samples()
    for round in 0..<bench.rounds {
      bench.note(name, round: round)
      for _ in 0..<count {
        let start = Ticks.now()
        let length = try template.issue(expires: expires).header.utf8.count
        issued.add(nanoseconds: Ticks.since(start))
        let next = Ticks.now()
        let outcome = await service.server.authorize(request, for: service.route)
        answered.add(nanoseconds: Ticks.since(next))
        guard length > 0, outcome.response?.status == 402 else { throw BenchFailure("no challenge") }
      }
    }
    var report = bench.report(self)
    report.measurements = [
      Measurement("challenge from a template", issued), Measurement("402 in process", answered),
    ]
    return report
  }
}
