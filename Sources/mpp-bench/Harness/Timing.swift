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

  /// So many callers, each of which does its operations one after the other. `body` gets the numbers of caller and operation.
  static func concurrently(
    _ callers: Int, each: Int, _ body: @escaping @Sendable (Int, Int) async throws -> Void
  ) async throws -> (samples: Samples, perSecond: Double) {
    let start = Ticks.now()
    let samples = try await withThrowingTaskGroup(of: Samples.self) { group in
      for caller in 0..<callers {
        group.addTask {
          var samples = Samples()
          for operation in 0..<each {
            let start = Ticks.now()
            try await body(caller, operation)
            samples.add(nanoseconds: Ticks.since(start))
          }
          return samples
        }
      }
      return try await group.reduce(into: Samples()) { $0.add($1) }
    }
    return (samples, Double(samples.count) / (Double(Ticks.now() - start) / 1e9))
  }
}
