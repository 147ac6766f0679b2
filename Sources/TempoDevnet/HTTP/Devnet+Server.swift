import NIOCore
import NIOHTTP1
import NIOPosix

/// Why the HTTP server of a chain did not start.
public enum DevnetServerError: Error, Sendable, Hashable {
  /// This chain listens already.
  case alreadyRunning
  /// The address is not a loopback address, and the configuration does not allow any other.
  case remoteAddressRefused(String)
  /// The port is taken, or not ours to take.
  case cannotListen(host: String, port: Int)
}

extension Devnet {
  private static let maximumConnections = 1_024

  /// Listens for JSON-RPC over HTTP until ``shutdown()``. Port 0 takes any free one; on `127.0.0.1` the same
  /// port of `::1` is taken too where the machine has it. Returns the port.
  ///
  /// Loopback only, unless the configuration says otherwise: the prefunded keys are public and everybody who
  /// can connect can move the clock and set balances.
  @discardableResult
  public func start(host: String = "127.0.0.1", port: Int = 0) async throws -> Int {
    guard configuration.allowsRemoteConnections || LoopbackHost.isLoopback(host) else {
      throw DevnetServerError.remoteAddressRefused(host)
    }
    guard !server.isRunning else { throw DevnetServerError.alreadyRunning }
    let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    let tracker = ConnectionTracker(limit: Self.maximumConnections)
    let bootstrap = bootstrap(group: group, tracker: tracker)
    let main: any Channel
    do {
      main = try await bootstrap.bind(host: host, port: port).get()
    } catch {
      try await group.shutdownGracefully()
      throw DevnetServerError.cannotListen(host: host, port: port)
    }
    var channels = [main]
    let bound = main.localAddress?.port ?? port
    if host == "127.0.0.1" || host == "localhost" {
      // Not every machine has IPv6; the first address is enough then.
      do { channels.append(try await bootstrap.bind(host: "::1", port: bound).get()) } catch {}
    }
    guard server.install(.init(group: group, channels: channels, quiesce: tracker)) else {
      try await group.shutdownGracefully()
      throw DevnetServerError.alreadyRunning
    }
    return bound
  }

  /// Stops listening and closes all connections. The chain stays and can be used in process or started again.
  public func shutdown() async {
    guard let running = server.remove() else { return }
    for channel in running.channels { channel.close(promise: nil) }
    running.quiesce.closeAll()
    // Only a group that was shut down before fails to shut down.
    do { try await running.group.shutdownGracefully() } catch {}
  }

  private func bootstrap(group: MultiThreadedEventLoopGroup, tracker: ConnectionTracker) -> ServerBootstrap {
    let checksHost = !configuration.allowsRemoteConnections
    return ServerBootstrap(group: group)
      .serverChannelOption(.backlog, value: 256)
      .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
      .childChannelOption(.socketOption(.tcp_nodelay), value: 1)
      .childChannelInitializer { channel in
        guard tracker.add(channel) else { return channel.close() }
        return channel.eventLoop.makeCompletedFuture {
          let pipeline = channel.pipeline.syncOperations
          try pipeline.configureHTTPServerPipeline(withPipeliningAssistance: true, withErrorHandling: true)
          try pipeline.addHandler(IdleStateHandler(allTimeout: .seconds(120)))
          try pipeline.addHandler(DevnetHTTPHandler(devnet: self, checksHost: checksHost))
        }
      }
  }
}
