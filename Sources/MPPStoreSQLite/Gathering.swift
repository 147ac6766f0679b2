#if SQLite
  import Dispatch

  /// How long a batch waits for more. A transaction costs the processor about as much as twenty changes in it do, so while
  /// changes keep coming it pays to wait for some more; a single caller never waits.
  struct Gathering {
    /// Together the longest wait. Each is longer than the one before: the thread wakes a few times, not dozens of times.
    private static let steps: [DispatchTimeInterval] = [
      .microseconds(200), .microseconds(400), .microseconds(800),
    ]
    /// Enough: more make a transaction no cheaper for each.
    private static let enough = 256

    private var last = 0

    /// Returns when a step brought nothing new, when there are enough, or when `sleep` was disturbed.
    mutating func wait(_ gathered: () -> Int, sleep: (DispatchTimeInterval) -> Bool) {
      var count = gathered()
      defer { last = count }
      guard max(count, last) > 1 else { return }
      for step in Self.steps where count < Self.enough {
        guard sleep(step) else { break }
        let now = gathered()
        guard now > count else { break }
        count = now
      }
      count = gathered()
    }
  }
#endif
