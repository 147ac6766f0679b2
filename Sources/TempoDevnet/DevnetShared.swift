import MPPCore
import Synchronization

/// The one place where a chain's value lives while it is used by several threads.
final class DevnetShared: Sendable {
  private let core: Mutex<DevnetCore>
  private let wall: any WallClock

  init(core: DevnetCore, wall: any WallClock) {
    self.core = Mutex(core)
    self.wall = wall
  }

  /// Runs alone; everything sees a whole number of operations.
  func withCore<T>(_ body: (inout sending DevnetCore, Timestamp) -> sending T) -> sending T {
    let now = wall.now
    return core.withLock { core in body(&core, now) }
  }
}
