#if canImport(Darwin)
  import Darwin
#elseif canImport(Musl)
  import Musl
#else
  import Glibc
#endif

/// Where the present time comes from. Everything that depends on time takes one, so that tests can set it.
public protocol WallClock: Sendable {
  /// The present time. May jump, also backwards, when the clock is set.
  var now: Timestamp { get }
}

/// The clock of the machine.
public struct SystemWallClock: WallClock {
  /// Has no state of its own.
  public init() {}

  /// `CLOCK_REALTIME`, to the millisecond.
  public var now: Timestamp {
    var time = timespec()
    clock_gettime(CLOCK_REALTIME, &time)
    return Timestamp(milliseconds: Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000)
  }
}
