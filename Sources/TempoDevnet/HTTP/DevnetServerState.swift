import NIOCore
import NIOPosix
import Synchronization

/// The listening sockets of a chain, if it has been started.
final class DevnetServerState: Sendable {
  struct Running: Sendable {
    let group: MultiThreadedEventLoopGroup
    let channels: [any Channel]
    let quiesce: ConnectionTracker
  }

  private let running = Mutex<Running?>(nil)

  /// Takes the place of the running server; `false` when there is one already.
  func install(_ server: Running) -> Bool {
    running.withLock { current in
      guard current == nil else { return false }
      current = server
      return true
    }
  }

  func remove() -> Running? {
    running.withLock { current in
      defer { current = nil }
      return current
    }
  }

  var isRunning: Bool { running.withLock { $0 != nil } }
}

/// Open connections, to bound their number and to close them at the end.
final class ConnectionTracker: Sendable {
  private let channels = Mutex<[ObjectIdentifier: any Channel]>([:])
  private let limit: Int

  init(limit: Int) { self.limit = limit }

  /// `false` when there are too many connections; the new one has to go.
  func add(_ channel: any Channel) -> Bool {
    let id = ObjectIdentifier(channel)
    let isAdded = channels.withLock { channels in
      guard channels.count < limit else { return false }
      channels[id] = channel
      return true
    }
    if isAdded {
      channel.closeFuture.whenComplete { _ in
        self.channels.withLock { _ = $0.removeValue(forKey: id) }
      }
    }
    return isAdded
  }

  func closeAll() {
    for channel in channels.withLock({ Array($0.values) }) { channel.close(promise: nil) }
  }
}
