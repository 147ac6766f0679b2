public import MPPCore
import Synchronization

/// A clock that stands still until it is moved.
public final class ManualClock: WallClock {
  private let time: Mutex<Timestamp>

  public init(_ start: Timestamp = Timestamp(seconds: 1_800_000_000)) { time = Mutex(start) }

  public var now: Timestamp { time.withLock { $0 } }

  public func advance(milliseconds: Int64) {
    time.withLock { $0 = $0.adding(milliseconds: milliseconds) }
  }

  public func advance(seconds: Int64) {
    time.withLock { $0 = $0.adding(seconds: seconds) }
  }

  public func set(_ now: Timestamp) { time.withLock { $0 = now } }
}
