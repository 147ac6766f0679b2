import MPPCore

extension ScenarioReport {
  var json: JSONValue {
    [
      "name": .string(name), "title": .string(title), "command": .string(command),
      "measurements": .array(measurements.map(\.json)), "figures": .array(figures.map(\.json)),
      "verdicts": .array(verdicts.map(\.json)),
    ]
  }
}

extension Measurement {
  var json: JSONValue {
    [
      "name": .string(name), "n": .integer(Int64(n)), "medianMicroseconds": .rounded(median),
      "p99Microseconds": .rounded(p99), "perSecond": .rounded(perSecond),
    ]
  }
}

extension Figure {
  var json: JSONValue { ["name": .string(name), "value": .rounded(value), "unit": .string(unit)] }
}

extension Verdict {
  var json: JSONValue {
    [
      "target": .string(target), "value": .rounded(value), "bound": .string(bound.rawValue),
      "limit": .rounded(limit), "unit": .string(unit), "verdict": .string(isMet ? "met" : "missed"),
    ]
  }
}

extension JSONValue {
  /// Three digits after the point: more would only be noise.
  static func rounded(_ number: Double) -> JSONValue { .number((number * 1_000).rounded() / 1_000) }
}
