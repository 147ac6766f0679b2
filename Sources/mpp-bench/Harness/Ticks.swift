#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// Monotonic time, in nanoseconds.
enum Ticks {
  static func now() -> UInt64 {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
  }

  /// What two readings around nothing say (median); taken off every sample.
  static let overhead: UInt64 = {
    var readings: [UInt64] = []
    for _ in 0..<1001 {
      let start = now()
      readings.append(now() - start)
    }
    return readings.sorted()[500]
  }()

  /// Time since `start` without the cost of looking at the clock.
  static func since(_ start: UInt64) -> UInt64 {
    let elapsed = now() - start
    return elapsed > overhead ? elapsed - overhead : 0
  }
}
