import BenchSupport
import NIOCore
import NIOPosix

/// Keep-alive connections to the loopback interface, all on one thread.
struct LoadGenerator: Sendable {
  struct Result: Sendable {
    var samples = Samples()
    /// From the first request to the last answer.
    var seconds: Double
    var last: String

    var perSecond: Double { Double(samples.count) / seconds }
  }

  private let group: MultiThreadedEventLoopGroup

  init() { group = MultiThreadedEventLoopGroup(numberOfThreads: 1) }

  func shutdown() async throws { try await group.shutdownGracefully() }

  /// One connection for each list of requests; all connected before the first request is sent.
  ///
  /// - Parameter status: the status every answer must have; anything else is an error, because an answer that was refused
  ///   would be measured as a fast one.
  func run(port: Int, _ requests: [[ByteBuffer]], status: Int = 200) async throws -> Result {
    let loop = group.next()
    var connections: [(channel: any Channel, done: EventLoopFuture<LoadConnection.Outcome>)] = []
    for list in requests {
      let promise = loop.makePromise(of: LoadConnection.Outcome.self)
      let channel = try await ClientBootstrap(group: loop)
        .channelInitializer { channel in
          channel.eventLoop.makeCompletedFuture {
            try channel.pipeline.syncOperations.addHandler(
              LoadConnection(list, status: status, done: promise))
          }
        }
        .connect(host: "127.0.0.1", port: port).get()
      connections.append((channel, promise.futureResult))
    }
    for connection in connections {
      connection.channel.pipeline.fireUserInboundEventTriggered(LoadConnection.Start())
    }
    let outcomes = try await EventLoopFuture.whenAllSucceed(connections.map(\.done), on: loop).get()
    for connection in connections { connection.channel.close(promise: nil) }
    let unexpected = outcomes.map(\.unexpected).reduce(0, +)
    guard unexpected == 0 else {
      let example = outcomes.first { $0.unexpected > 0 }?.firstUnexpected ?? ""
      throw BenchFailure("\(unexpected) answers were not \(status), for example:\n\(example)")
    }
    let start = outcomes.map(\.start).min() ?? 0
    let end = outcomes.map(\.end).max() ?? 0
    var result = Result(seconds: Double(end - start) / 1e9, last: outcomes.first?.last ?? "")
    for outcome in outcomes { result.samples.add(outcome.samples) }
    return result
  }

  static func request(_ path: String, authorization: String? = nil) -> ByteBuffer {
    var text = "GET \(path) HTTP/1.1\r\nHost: bench.example.com\r\n"
    if let authorization { text += "Authorization: \(authorization)\r\n" }
    return ByteBuffer(string: text + "\r\n")
  }
}
