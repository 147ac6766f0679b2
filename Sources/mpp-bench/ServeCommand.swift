import ArgumentParser
import BenchSupport
import Foundation
import HTTPTypes
import Hummingbird
import MPPCore
import MPPHummingbird
import NIOCore
import NIOPosix
import TempoDevnet

/// The server of the HTTP scenarios. Ends when its standard input closes.
struct ServeCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "serve", abstract: "The server of the HTTP scenarios; mpp-bench starts it by itself.",
    shouldDisplay: false)

  @Option var store: PaidService.Store
  @Option var file: String
  @Option var channels: Int
  @Option var processor: Int?
  @OptionGroup var threads: ServerThreads

  func run() async throws {
    if let processor { Processor.pin(to: processor) }
    NIOSingletons.groupLoopCountSuggestion = 1
    if threads.batchScheduling, !Processor.scheduleAsBatch() {
      throw BenchFailure("threads cannot be scheduled as a batch here")
    }
    if threads.onEventLoop,
      !NIOSingletons.unsafeTryInstallSingletonPosixEventLoopGroupAsConcurrencyGlobalExecutor()
    {
      throw BenchFailure("tasks cannot run on the event loop here")
    }
    let service = try await PaidService(store, file: file, channels: channels)
    let payments = service.server
    let router = Router(context: PaidRequestContext.self)
    router.get("free") { _, _ in "pong" }
    let checks = try SignatureChecks(service.channels[0])
    // Moves the same bytes in both directions as a paid request, and checks as many signatures.
    router.get("checked") { request, context in
      try checks.check()
      var response = try "pong".response(from: request, context: context)
      response.headers[.cacheControl] = "private"
      response.headers[ProtocolHeaders.paymentReceipt] = service.receipt
      return response
    }
    router.get("usage") { _, _ in String(Processor.usedMicroseconds()) }
    router.group("paid")
      .add(middleware: try payments.gate(offers: [PaidService.offer], options: PaidService.routeOptions))
      .get { _, _ in "pong" }
    let ready = Self.describe(service)
    let application = Application(
      router: router, configuration: .init(address: .hostname("127.0.0.1", port: 0)),
      services: [payments],
      onServerRunning: { channel in
        Output.line(ready(channel.localAddress?.port ?? 0).serialized())
      }, eventLoopGroupProvider: .singleton,
      logger: PaidService.silent)
    let watcher = Thread {
      while !FileHandle.standardInput.availableData.isEmpty {}
      Foundation.exit(0)
    }
    watcher.start()
    try await application.run()
  }

  private static func describe(_ service: PaidService) -> @Sendable (Int) -> JSONValue {
    { port in
      [
        "port": .integer(Int64(port)), "chainId": .integer(Int64(service.devnet.chainID)),
        "channels": .array(service.channels.map(\.json)),
      ]
    }
  }
}

extension PaidService.Store: ExpressibleByArgument {}
