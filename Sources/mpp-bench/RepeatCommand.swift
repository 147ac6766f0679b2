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
  @Option(help: "Callers that share them, each with a channel of its own.")
  var callers = 1
  @Flag(help: "Wait for a line on standard input before the first request.")
  var wait = false

  func run() async throws {
    let callers = max(callers, 1)
    let service = try await PaidService(store, file: file, channels: callers)
    let challenge = try await service.challenge()
    let each = (max(count, prepared) + callers - 1) / callers
    let requests = try service.channels.map { channel in
      try (0..<each).map {
        try service.request(channel, challenge, UInt128($0 + 2) * PaidService.priceUnits)
      }
    }
    if wait {
      Output.line("ready")
      _ = readLine()
    }
    let used = Processor.usedMicroseconds()
    let start = Ticks.now()
    try await withThrowingTaskGroup(of: Void.self) { group in
      for (index, list) in requests.enumerated() {
        let share = (count + callers - 1 - index) / callers
        group.addTask {
          for request in list.prefix(share) { try await service.pay(request) }
        }
      }
      try await group.waitForAll()
    }
    let elapsed = Double(Ticks.now() - start) / 1_000
    let processor = Processor.usedMicroseconds() - used
    Output.line(
      "\(ScenarioReport.number(elapsed / Double(count))) µs a request, "
        + "\(ScenarioReport.number(processor / Double(count))) µs of processor time")
    await service.server.shutdown()
  }
}
