/// Measures how long something took, for metrics. It decides nothing; time that decides is the injected `WallClock`'s.
struct Stopwatch {
  private let start = ContinuousClock.now

  var elapsed: Duration { start.duration(to: .now) }
}
