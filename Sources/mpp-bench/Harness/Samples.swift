/// Durations of single operations, in microseconds.
struct Samples: Sendable {
  private(set) var values: [Double] = []

  mutating func add(nanoseconds: UInt64) { values.append(Double(nanoseconds) / 1_000) }
  mutating func add(_ other: Samples) { values += other.values }

  var count: Int { values.count }
  var median: Double { percentiles([0.5])[0] }

  /// Values below which the given shares of the samples lie; zero without samples.
  func percentiles(_ shares: [Double]) -> [Double] {
    guard !values.isEmpty else { return shares.map { _ in 0 } }
    let sorted = values.sorted()
    return shares.map { sorted[min(sorted.count - 1, Int(Double(sorted.count) * $0))] }
  }

  /// The middle of a few numbers, for example one for each round.
  static func median(_ numbers: [Double]) -> Double {
    guard !numbers.isEmpty else { return 0 }
    let sorted = numbers.sorted()
    let middle = sorted.count / 2
    return sorted.count % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
  }
}
