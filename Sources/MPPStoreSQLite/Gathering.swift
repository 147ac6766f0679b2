#if SQLite
  import Dispatch

  /// How long a batch waits for more. A transaction costs the processor about as much as twenty changes in it do, so while
  /// changes keep coming it pays to begin the next one only some time after the last. A single caller never waits, and neither does
  /// anybody on a disk that is slow by itself: enough has come in while it wrote.
  struct Gathering {
    /// From the beginning of one transaction to that of the next, while changes keep coming.
    private static let interval: UInt64 = 2_500_000
    /// Pauses between two looks at the queue, in nanoseconds, after the glance. Each is longer than the one before: the thread wakes a
    /// few times, not dozens of times.
    private static let pauses: [UInt64] = [190_000, 500_000, 750_000, 1_000_000]
    /// A short pause before the others, enough for a few callers that come back at once. That it brings nothing says nothing.
    private static let glance: UInt64 = 60_000
    /// Enough: more make a transaction no cheaper for each.
    private static let enough = 256
    /// Batches whose sizes are remembered.
    private static let memory = 8

    /// Sizes of the last batches: when as many as in the largest of them are there, probably everybody is.
    private var sizes: [Int] = []
    private var next = 0
    /// When the last batch began.
    private var began: UInt64 = 0

    /// Returns when it is time to begin, when a pause brought nothing new, when everybody seems to be there, or when `sleep` was
    /// disturbed. The argument of `sleep` is in nanoseconds.
    mutating func wait(
      _ gathered: () -> Int, now: () -> UInt64 = { DispatchTime.now().uptimeNanoseconds },
      sleep: (UInt64) -> Bool
    ) {
      pause(gathered, now, sleep)
      remember(gathered())
      began = now()
    }

    private func pause(_ gathered: () -> Int, _ now: () -> UInt64, _ sleep: (UInt64) -> Bool) {
      var count = gathered()
      let everybody = sizes.count < Self.memory ? Self.enough : sizes.reduce(1, max)
      // Until something is known, one caller alone is taken for all there are.
      guard count > 1 || sizes.contains(where: { $0 > 1 }) else { return }
      for pause in [Self.glance] + Self.pauses where count < everybody {
        let passed = now() &- began
        guard passed < Self.interval, sleep(min(pause, Self.interval - passed)) else { return }
        let more = gathered()
        guard more > count || pause == Self.glance else { return }
        count = more
      }
    }

    private mutating func remember(_ size: Int) {
      if sizes.count < Self.memory {
        sizes.append(size)
      } else {
        sizes[next] = size
        next = (next + 1) % Self.memory
      }
    }
  }
#endif
