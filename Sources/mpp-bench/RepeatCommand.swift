import ArgumentParser
import BenchSupport
import Foundation
import MPPCore
import MPPServer

/// Paid requests in process and nothing else, for profilers and instruction counters: what is prepared costs the same whatever
/// `--count` is, so the difference of two runs is the requests alone.
struct RepeatCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "repeat", abstract: "Makes exactly so many paid requests in process, for profilers.",
    shouldDisplay: false)

  @Option var store = PaidService.Store.memory
  @Option var file = "mpp-bench-repeat.db"
  @Option(help: "Requests that are made.")
  var count = 1_000
  @Option(help: "Requests that are prepared, at least as many.")
  var prepared = 2_000
  @Flag(help: "Wait for a line on standard input before the first request.")
  var wait = false

  func run() async throws {
    let service = try await PaidService(store, file: file, channels: 1)
    let challenge = try await service.challenge()
    let requests = try (0..<max(count, prepared)).map {
      try service.request(service.channels[0], challenge, UInt128($0 + 2) * PaidService.priceUnits)
    }
    if wait {
      Output.line("ready")
      _ = readLine()
    }
    let used = Processor.usedMicroseconds()
    let start = Ticks.now()
    for request in requests.prefix(count) { try await service.pay(request) }
    let elapsed = Double(Ticks.now() - start) / 1_000
    let processor = Processor.usedMicroseconds() - used
    Output.line(
      "\(ScenarioReport.number(elapsed / Double(count))) µs a request, "
        + "\(ScenarioReport.number(processor / Double(count))) µs of processor time")
    await service.server.shutdown()
  }
}
