import BenchSupport
import MPPCore
import MPPServer

/// What a credential costs before its payload is looked at.
struct CredentialScenario: Scenario {
  let name = "credential"
  let title = "reading an Authorization value, and checking that its challenge is ours"

  func run(_ bench: Bench) async throws -> ScenarioReport {
    let service = try await PaidService(.memory, file: "", channels: 1)
    let challenge = try await service.challenge()
    let count = bench.count(20_000)
    let texts = try (1...min(count, 2_000)).map {
      try service.channels[0].authorization(challenge, UInt128($0) * PaidService.priceUnits)
    }
    let credentials = try texts.map { try Credential(parsing: $0) }
    // The server's secret: the credentials must be its own.
    let mac = ChallengeMAC(secrets: try SecretRing([Secret(PaidService.secret)]))
    let samples = try Timing.interleaved(
      bench, name, count: count,
      [
        TimedCase(name: "parse") { index in
          let found = try Credential.find(inAuthorization: texts[index % texts.count])
          guard let found else { throw BenchFailure("no credential") }
          return found.challenge.id.utf8.count
        },
        TimedCase(name: "MAC") { index in
          try mac.authenticate(credentials[index % texts.count]).challenge.id.utf8.count
        },
        TimedCase(name: "parse + MAC") { index in
          let found = try Credential.find(inAuthorization: texts[index % texts.count])
          guard let found else { throw BenchFailure("no credential") }
          return try mac.authenticate(found).challenge.id.utf8.count
        },
      ])
    var report = bench.report(self)
    report.measurements = zip(["parse", "MAC", "parse + MAC"], samples).map { Measurement($0, $1) }
    report.figures = [Figure("length of the value (bytes)", Double(texts[0].utf8.count), "")]
    return report
  }
}
