/// One of several things that are timed in turn.
struct TimedCase {
  let name: String
  /// Gets the number of the operation, so that every case can work on the same input. Returns something that depends on the
  /// result, or the optimiser would leave the work out.
  let body: (Int) throws -> Int
}

enum Timing {
  /// Runs the cases alternately, operation by operation, so that whatever disturbs one disturbs all.
  ///
  /// A tenth more is done before, unmeasured.
  static func interleaved(_ bench: Bench, _ scenario: String, count: Int, _ cases: [TimedCase]) throws
    -> [Samples]
  {
    var samples = [Samples](repeating: Samples(), count: cases.count)
    var sink = 0
    for index in 0..<max(1, count / 10) {
      for timed in cases { sink &+= try timed.body(index) }
    }
    for round in 0..<bench.rounds {
      bench.note(scenario, round: round)
      for index in 0..<count {
        for (number, timed) in cases.enumerated() {
          let start = Ticks.now()
          sink &+= try timed.body(index)
          samples[number].add(nanoseconds: Ticks.since(start))
        }
      }
    }
    withExtendedLifetime(sink) {}
    return samples
  }
}
