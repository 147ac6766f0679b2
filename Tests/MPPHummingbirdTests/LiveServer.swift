import Foundation
import HTTPTypes
import Hummingbird
import Logging
import MPPHummingbird
import NIOCore
import NIOPosix
import ServerTestSupport
import ServiceLifecycle

/// A Hummingbird application on a free port of the loopback interface, and a client that speaks raw HTTP.
struct LiveServer: Sendable {
  let port: Int

  /// Runs the application with the payment server as its service while `body` runs.
  static func run<Context: PaidContext, Result: Sendable>(
    _ router: Router<Context>, _ payments: PaymentServer, tasks: TaskPlace = .pool,
    _ body: @escaping @Sendable (LiveServer) async throws -> Result
  ) async throws -> Result where Context.Source == ApplicationRequestContextSource {
    try await start(router, payments, tasks) {
      try await $0.run()
    } body: { server in
      try await body(server)
    }
  }

  /// As ``run(_:_:tasks:_:)``, in a group that `body` may shut down as a signal would.
  ///
  /// - Parameter grace: what is still running then is cancelled.
  static func runGroup<Context: PaidContext, Result: Sendable>(
    _ router: Router<Context>, _ payments: PaymentServer, grace: Duration? = nil,
    _ body: @escaping @Sendable (LiveServer, ServiceGroup) async throws -> Result
  ) async throws -> Result where Context.Source == ApplicationRequestContextSource {
    let (groups, continuation) = AsyncStream<ServiceGroup>.makeStream()
    return try await start(router, payments, .pool) { application in
      var configuration = ServiceGroupConfiguration(services: [application], logger: application.logger)
      configuration.maximumGracefulShutdownDuration = grace
      let group = ServiceGroup(configuration: configuration)
      continuation.yield(group)
      continuation.finish()
      try? await group.run()
    } body: { server in
      var iterator = groups.makeAsyncIterator()
      guard let group = await iterator.next() else { throw FixtureError(description: "no group") }
      return try await body(server, group)
    }
  }

  private static func start<Context: PaidContext, Result: Sendable>(
    _ router: Router<Context>, _ payments: PaymentServer, _ tasks: TaskPlace,
    _ run: @escaping @Sendable (any ApplicationProtocol) async throws -> Void,
    body: @escaping @Sendable (LiveServer) async throws -> Result
  ) async throws -> Result where Context.Source == ApplicationRequestContextSource {
    let (ports, continuation) = AsyncStream<Int>.makeStream()
    let application = Application(
      router: router, server: tasks.server, configuration: .init(address: .hostname("127.0.0.1", port: 0)),
      services: [payments],
      onServerRunning: { channel in
        continuation.yield(channel.localAddress?.port ?? 0)
        continuation.finish()
      }, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    return try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask { try await run(application) }
      var iterator = ports.makeAsyncIterator()
      guard let port = await iterator.next(), port > 0 else {
        throw FixtureError(description: "the server did not start")
      }
      defer { group.cancelAll() }
      return try await body(LiveServer(port: port))
    }
  }

  /// Returns when the server takes no more connections, because it is shutting down.
  func listensNoMore() async {
    while let channel = try? await connect() { try? await channel.executeThenClose { _, _ in } }
  }

  /// Sends one request and reads until the server closes the connection.
  func exchange(
    _ method: String, _ target: String, headers: [String: String] = [:], body: String? = nil
  ) async throws -> RawResponse {
    let channel = try await connect()
    let text = request(method, target, headers: headers, body: body)
    return try await channel.executeThenClose { inbound, outbound in
      try await outbound.write(ByteBuffer(string: text))
      var bytes = ByteBuffer()
      for try await chunk in inbound {
        bytes.writeImmutableBuffer(chunk)
      }
      return try RawResponse(String(buffer: bytes))
    }
  }

  /// Sends one request and closes the connection when `gone` says so, without reading.
  func sendAndLeave(
    _ method: String, _ target: String, headers: [String: String] = [:],
    when gone: @escaping @Sendable () async -> Void
  ) async throws {
    let channel = try await connect()
    let text = request(method, target, headers: headers, body: nil)
    try await channel.executeThenClose { _, outbound in
      try await outbound.write(ByteBuffer(string: text))
      await gone()
    }
  }

  private func connect() async throws -> NIOAsyncChannel<ByteBuffer, ByteBuffer> {
    try await ClientBootstrap(group: .singletonMultiThreadedEventLoopGroup).connect(
      host: "127.0.0.1", port: port
    ) { channel in
      channel.eventLoop.makeCompletedFuture { try NIOAsyncChannel(wrappingChannelSynchronously: channel) }
    }
  }

  private func request(
    _ method: String, _ target: String, headers: [String: String], body: String?
  ) -> String {
    var text = "\(method) \(target) HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
    for (name, value) in headers.sorted(by: { $0.key < $1.key }) { text += "\(name): \(value)\r\n" }
    if let body { text += "Content-Length: \(body.utf8.count)\r\n" }
    return text + "\r\n" + (body ?? "")
  }
}

struct RawResponse: Sendable {
  let status: Int
  let headers: HTTPFields
  let body: String

  init(_ text: String) throws {
    guard let end = text.range(of: "\r\n\r\n") else { throw FixtureError(description: "no head: \(text)") }
    let lines = text[..<end.lowerBound].split(separator: "\r\n")
    guard let first = lines.first, let status = Int(first.split(separator: " ")[1]) else {
      throw FixtureError(description: "no status: \(text)")
    }
    self.status = status
    var headers = HTTPFields()
    for line in lines.dropFirst() {
      let parts = line.split(separator: ":", maxSplits: 1)
      guard parts.count == 2, let name = HTTPField.Name(String(parts[0])) else { continue }
      headers.append(HTTPField(name: name, value: String(parts[1].drop { $0 == " " })))
    }
    self.headers = headers
    body = String(text[end.upperBound...])
  }
}
