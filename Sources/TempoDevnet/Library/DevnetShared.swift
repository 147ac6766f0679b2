import EVM
import MPPCore
import Synchronization

/// The one place where a chain's value lives while it is used by several threads.
final class DevnetShared: Sendable {
  private let core: Mutex<DevnetCore>
  private let wall: any WallClock
  private let observers = Mutex<[UInt64: AsyncStream<DevnetEvent>.Continuation]>([:])
  private let observerCount = Atomic<Int>(0)
  private let nextObserver = Atomic<UInt64>(0)

  init(core: DevnetCore, wall: any WallClock) {
    self.core = Mutex(core)
    self.wall = wall
  }

  /// Runs alone; everything sees a whole number of operations.
  func withCore<T>(_ body: (inout sending DevnetCore, Timestamp) -> sending T) -> sending T {
    let now = wall.now
    guard observerCount.load(ordering: .acquiring) > 0 else {
      return core.withLock { core in body(&core, now) }
    }
    return core.withLock { core in
      let mark = EventMark(core)
      let result = body(&core, now)
      tell(mark.events(until: core))
      return result
    }
  }

  // MARK: Observers

  func observe(_ continuation: AsyncStream<DevnetEvent>.Continuation) -> UInt64 {
    let id = nextObserver.add(1, ordering: .relaxed).newValue
    observers.withLock { $0[id] = continuation }
    observerCount.add(1, ordering: .releasing)
    return id
  }

  func stopObserving(_ id: UInt64) {
    let wasThere = observers.withLock { $0.removeValue(forKey: id) != nil }
    if wasThere { observerCount.subtract(1, ordering: .releasing) }
  }

  /// Under the chain's lock, so that everybody sees the same order. Yielding only stores.
  private func tell(_ events: [DevnetEvent]) {
    guard !events.isEmpty else { return }
    for observer in observers.withLock({ Array($0.values) }) {
      for event in events { observer.yield(event) }
    }
  }
}

/// Where the chain was, to tell what has happened since.
private struct EventMark {
  private let requests: Int
  private let block: UInt64
  private let reorganisations: UInt64

  init(_ core: DevnetCore) {
    requests = core.log.count
    block = core.chain.latest.number
    reorganisations = core.chain.reorganisations
  }

  func events(until core: DevnetCore) -> [DevnetEvent] {
    let latest = core.chain.latest.number
    // The block that takes the place of others may have their number.
    let known = core.chain.reorganisations == reorganisations ? block : min(block, latest &- 1)
    var events: [DevnetEvent] = []
    if latest > known {
      for number in (known + 1)...latest {
        for hash in core.chain.block(number)?.transactions ?? [] {
          if let sealed = core.chain.transactions[hash] { events.append(.transaction(DevnetReceipt(sealed))) }
        }
      }
    }
    return events + core.log.requests(after: requests).map(DevnetEvent.request)
  }
}
