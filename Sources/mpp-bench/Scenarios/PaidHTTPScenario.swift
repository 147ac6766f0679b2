import BenchSupport
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
    var all = Rounds()
    for server in [volatile, durable] { _ = try await Self.round(server, max(1, count / 4)) }
    for round in 0..<bench.rounds {
      bench.note(name, round: round)
      all.add(try await Self.round(volatile, count), to: \.memory)
      all.add(try await Self.round(durable, count), to: \.sqlite)
    }
    try await load.shutdown()
    return report(bench, all)
  }

  private struct Round {
    let unpaid: LoadRound
    let checked: LoadRound
    let paid: LoadRound
  }

  private struct Rounds {
    var unpaid = LoadRounds()
    var checked = LoadRounds()
    var memory = LoadRounds()
    var sqlite = LoadRounds()

    mutating func add(_ round: Round, to paid: WritableKeyPath<Rounds, LoadRounds>) {
      unpaid.add(round.unpaid)
      checked.add(round.checked)
      self[keyPath: paid].add(round.paid)
    }
  }

  private func report(_ bench: Bench, _ all: Rounds) -> ScenarioReport {
    var report = bench.report(self)
    report.measurements = [
      all.unpaid.measurement("unpaid"),
      all.checked.measurement("unpaid, same answer and a signature check"),
      all.memory.measurement("paid, memory"), all.sqlite.measurement("paid, SQLite"),
    ]
    func rest(_ rounds: LoadRounds) -> Double {
      rounds.processorMicroseconds - all.checked.processorMicroseconds
    }
    let ratio = all.sqlite.ratio(to: all.memory)
    report.figures = [
      Figure("server processor time, unpaid", all.unpaid.processorMicroseconds, "us"),
      Figure("… unpaid, same answer and a signature check", all.checked.processorMicroseconds, "us"),
      Figure("… paid, memory", all.memory.processorMicroseconds, "us"),
      Figure("… paid, SQLite", all.sqlite.processorMicroseconds, "us"),
      Figure("neither HTTP nor signature, memory", rest(all.memory), "us"),
      Figure("neither HTTP nor signature, SQLite", rest(all.sqlite), "us"),
      Figure("paid, SQLite, by processor time", 1e6 / all.sqlite.processorMicroseconds, "1/s"),
      Figure(
        "durable / volatile, by processor time",
        all.memory.processorMicroseconds / all.sqlite.processorMicroseconds, "x"),
    ]
    report.verdicts = [
      .atLeast(10_000, "1/s", "durable paid requests a second and core", all.sqlite.perSecond),
      .atLeast(0.85, "x", "durable / volatile at \(bench.connections) connections", ratio),
      .atMost(8, "us", "neither HTTP nor signature, memory, over HTTP", rest(all.memory)),
      .atMost(8, "us", "neither HTTP nor signature, SQLite, over HTTP", rest(all.sqlite)),
    ]
    return report
  }

  /// The same bytes each time, but for the path: to routes that do not look at them, then to the paid one.
  private static func round(_ server: ServerProcess, _ count: Int) async throws -> Round {
    let credentials = try server.credentials(try await server.challenge(), count: count)
    func requests(_ path: String) -> [[ByteBuffer]] {
      credentials.map { list in list.map { LoadGenerator.request(path, authorization: $0) } }
    }
    return Round(
      unpaid: try await server.measure(requests("/free")),
      checked: try await server.measure(requests("/checked")),
      paid: try await server.measure(requests(PaidService.path)))
  }
}
