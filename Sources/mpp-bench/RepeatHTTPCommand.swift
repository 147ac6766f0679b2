import ArgumentParser
import BenchSupport
import Foundation
import NIOCore

/// One kind of request over Hummingbird and nothing else, for profilers that attach to the server.
struct RepeatHTTPCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "repeat-http", abstract: "Makes exactly so many requests over HTTP, for profilers.",
    shouldDisplay: false)

  @Option var store = PaidService.Store.memory
  @Option(help: "Route of the server: /paid, /free or /checked.")
  var path = PaidService.path
  @Option(help: "Requests of each connection.")
  var count = 500
  @Option var connections = 64
  @Option(help: "Folder for the ledger.")
  var folder = "."
  @OptionGroup var threads: ServerThreads
  @Option(
    help:
      "Program to start in place of the server, which gets its arguments: a script that runs it under a profiler."
  )
  var server: String?
  @Flag(help: "Wait for a line on standard input before the first request.")
  var wait = false

  func run() async throws {
    let allowed = Processor.allowed()
    var cores: (server: Int, load: Int)?
    if let first = allowed.first, let last = allowed.last, first != last, Processor.pin(to: last) {
      cores = (first, last)
    }
    let folder = URL(fileURLWithPath: folder).appendingPathComponent(
      "mpp-bench-\(ProcessInfo.processInfo.processIdentifier)", isDirectory: true)
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: false)
    defer { try? FileManager.default.removeItem(at: folder) }
    let bench = Bench(
      rounds: 1, scale: 1, connections: connections, folder: folder.path, cores: cores,
      threads: threads, serverProgram: server, isQuiet: true)
    let load = LoadGenerator()
    let server = try ServerProcess(store, channels: connections, bench, load)
    defer { server.stop() }
    let requests = try server.credentials(try await server.challenge(), count: count).map { list in
      list.map { LoadGenerator.request(path, authorization: $0) }
    }
    if wait {
      Output.line("ready \(server.identifier)")
      _ = readLine()
    }
    let round = try await server.measure(requests)
    try await load.shutdown()
    Output.line(
      "\(ScenarioReport.number(round.processorMicroseconds)) µs of the server a request, "
        + "\(Int(round.result.perSecond)) a second")
  }
}
