/// What one scenario found. The JSON form is documented in docs/benchmarks.md.
struct ScenarioReport: Sendable {
  let name: String
  let title: String
  /// Reproduces the numbers on this machine.
  let command: String
  var measurements: [Measurement] = []
  var figures: [Figure] = []
  var verdicts: [Verdict] = []
}

/// One thing that was done many times.
struct Measurement: Sendable {
  let name: String
  /// Operations that were timed.
  let n: Int
  /// Microseconds.
  let median: Double
  /// Microseconds.
  let p99: Double
  /// Operations a second: the median over the rounds where several were under way at a time.
  let perSecond: Double

  init(_ name: String, _ samples: Samples, perSecond: Double? = nil) {
    self.name = name
    n = samples.count
    let shares = samples.percentiles([0.5, 0.99])
    median = shares[0]
    p99 = shares[1]
    self.perSecond = perSecond ?? (shares[0] > 0 ? 1e6 / shares[0] : 0)
  }
}

/// A number that was computed from measurements.
struct Figure: Sendable {
  let name: String
  let value: Double
  /// `us`, `x` (a ratio) or `1/s`.
  let unit: String

  init(_ name: String, _ value: Double, _ unit: String) {
    self.name = name
    self.value = value
    self.unit = unit
  }
}

/// A target and whether this run met it.
struct Verdict: Sendable {
  enum Bound: String, Sendable { case atMost, atLeast }

  let target: String
  let value: Double
  let bound: Bound
  let limit: Double
  let unit: String

  var isMet: Bool { bound == .atMost ? value <= limit : value >= limit }

  static func atMost(_ limit: Double, _ unit: String, _ target: String, _ value: Double) -> Verdict {
    Verdict(target: target, value: value, bound: .atMost, limit: limit, unit: unit)
  }

  static func atLeast(_ limit: Double, _ unit: String, _ target: String, _ value: Double) -> Verdict {
    Verdict(target: target, value: value, bound: .atLeast, limit: limit, unit: unit)
  }
}
