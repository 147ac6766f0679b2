import NIOCore
import Synchronization

/// The watched connections of the process. An entry leaves with its connection.
final class DeliveryMonitors: Sendable {
  static let shared = DeliveryMonitors()

  private final class Shard: Sendable {
    let monitors = Mutex<[ObjectIdentifier: DeliveryMonitor]>([:])
  }

  private let shards = (0..<16).map { _ in Shard() }

  func monitor(of channel: any Channel) -> DeliveryMonitor? {
    let id = ObjectIdentifier(channel)
    return shard(id).monitors.withLock { $0[id] }
  }

  var count: Int { shards.reduce(0) { $0 + $1.monitors.withLock(\.count) } }

  func insert(_ monitor: DeliveryMonitor, for channel: any Channel) {
    let id = ObjectIdentifier(channel)
    shard(id).monitors.withLock { $0[id] = monitor }
  }

  func remove(_ monitor: DeliveryMonitor, for channel: any Channel) {
    let id = ObjectIdentifier(channel)
    shard(id).monitors.withLock { monitors in
      if monitors[id] === monitor { monitors[id] = nil }
    }
  }

  private func shard(_ id: ObjectIdentifier) -> Shard {
    // Objects of this size lie at multiples of a few hundred bytes.
    let address = UInt(bitPattern: id)
    return shards[Int((address >> 8 ^ address >> 12) % UInt(shards.count))]
  }
}
