import EVM
import MPPTempo
import NIOCore

/// Paid requests over HTTP, in memory and durable, beside the same requests to a route that is free.
struct PaidHTTPScenario: Scenario {
  let name = "paid-http"
  let title = "paid requests over Hummingbird on loopback, beside the same requests unpaid"

  func run(_ bench: Bench) async throws -> ScenarioReport {
    let load = LoadGenerator()
    let volatile = try ServerProcess(.memory, channels: bench.connections, bench, load)
    defer { volatile.stop() }
    let durable = try ServerProcess(.sqlite, channels: bench.connections, bench, load)
    defer { durable.stop() }
    let count = bench.count(250)
    var free = LoadRounds()
    var memory = LoadRounds()
    var sqlite = LoadRounds()
    var signatures = Samples()
    _ = try await Self.round(volatile, max(1, count / 4))
    _ = try await Self.round(durable, max(1, count / 4))
    for round in 0..<bench.rounds {
      bench.note(name, round: round)
      let (unpaid, paid) = try await Self.round(volatile, count)
      free.add(unpaid)
      memory.add(paid)
      let (otherUnpaid, safe) = try await Self.round(durable, count)
      free.add(otherUnpaid)
      sqlite.add(safe)
      try Self.time(volatile.channels[0], &signatures)
    }
    try await load.shutdown()
    var report = bench.report(self)
    report.measurements = [
      free.measurement("unpaid"), memory.measurement("paid, memory"),
      sqlite.measurement("paid, SQLite"), Measurement("signature check (this process)", signatures),
    ]
    let http = free.processorMicroseconds
    func rest(_ rounds: LoadRounds) -> Double { rounds.processorMicroseconds - http - signatures.median }
    report.figures = [
      Figure("server processor time, unpaid", http, "us"),
      Figure("server processor time, paid, memory", memory.processorMicroseconds, "us"),
      Figure("server processor time, paid, SQLite", sqlite.processorMicroseconds, "us"),
      Figure("neither HTTP nor signature, memory", rest(memory), "us"),
      Figure("neither HTTP nor signature, SQLite", rest(sqlite), "us"),
      Figure("SQLite, requests per second of processor time", 1e6 / sqlite.processorMicroseconds, "1/s"),
      Figure("durable / volatile, requests a second", sqlite.perSecond / memory.perSecond, "x"),
    ]
    report.verdicts = [
      .atLeast(10_000, "1/s", "durable paid requests a second and core", sqlite.perSecond),
      .atLeast(
        0.85, "x", "durable / volatile at \(bench.connections) connections",
        sqlite.perSecond / memory.perSecond),
      .atMost(8, "us", "neither HTTP nor signature, memory, over HTTP", rest(memory)),
      .atMost(8, "us", "neither HTTP nor signature, SQLite, over HTTP", rest(sqlite)),
    ]
    return report
  }

  /// The same bytes twice, but for the path: to the route that does not look at them, then to the paid one.
  private static func round(
    _ server: ServerProcess, _ count: Int
  ) async throws -> (unpaid: LoadRound, paid: LoadRound) {
    let credentials = try server.credentials(try await server.challenge(), count: count)
    func requests(_ path: String) -> [[ByteBuffer]] {
      credentials.map { list in list.map { LoadGenerator.request(path, authorization: $0) } }
    }
    let unpaid = try await server.measure(requests("/free"))
    let paid = try await server.measure(requests(PaidService.path))
    return (unpaid, paid)
  }

  private static func time(_ channel: BenchChannel, _ samples: inout Samples) throws {
    for index in 0..<1_000 {
      let digest = try channel.digest(UInt128(index))
      let signature = try channel.signature(UInt128(index))
      let start = Ticks.now()
      try VoucherVerifier.verify(
        signature: signature, digest: digest, signer: channel.key.address, cachedKey: channel.key.publicKey)
      samples.add(nanoseconds: Ticks.since(start))
    }
  }
}
