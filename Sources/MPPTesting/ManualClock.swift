public import MPPCore
import Synchronization

/// A clock that stands still until it is moved.
public final class ManualClock: WallClock {
  private let time: Mutex<Timestamp>

  /// - Parameter start: by default 1 800 000 000 seconds after 1970, in January 2027.
  public init(_ start: Timestamp = Timestamp(seconds: 1_800_000_000)) { time = Mutex(start) }

  /// Where the clock was put last.
  public var now: Timestamp { time.withLock { $0 } }

  /// Moves the clock; negative: backwards. Stops at the ends of the range.
  public func advance(milliseconds: Int64) {
    time.withLock { $0 = $0.adding(milliseconds: milliseconds) }
  }

  /// Moves the clock; negative: backwards. Stops at the ends of the range.
  public func advance(seconds: Int64) {
    time.withLock { $0 = $0.adding(seconds: seconds) }
  }

  /// Puts the clock there, also backwards.
  public func set(_ now: Timestamp) { time.withLock { $0 = now } }
}
