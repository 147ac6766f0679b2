import Foundation

extension ScenarioReport {
  var text: String {
    let width = max(34, measurements.map(\.name.count).max() ?? 0, figures.map(\.name.count).max() ?? 0) + 2
    var lines = ["\(name): \(title)"]
    if !measurements.isEmpty {
      lines.append(
        Self.columns("", width, "n", "median µs", "p99 µs", "per second"))
    }
    for measurement in measurements {
      lines.append(
        Self.columns(
          measurement.name, width, String(measurement.n), Self.number(measurement.median),
          Self.number(measurement.p99), String(format: "%.0f", measurement.perSecond)))
    }
    for figure in figures {
      let name = figure.name.padding(toLength: width, withPad: " ", startingAt: 0)
      lines.append("  \(name)\(Self.left(Self.number(figure.value), 10)) \(figure.unit)")
    }
    for verdict in verdicts {
      let sign = verdict.bound == .atMost ? "≤" : "≥"
      lines.append(
        "  \(verdict.isMet ? "MET   " : "MISSED") \(verdict.target) \(sign) \(Self.number(verdict.limit)) "
          + "\(verdict.unit): \(Self.number(verdict.value))")
    }
    lines.append("  $ \(command)")
    return lines.joined(separator: "\n")
  }

  private static func columns(
    _ name: String, _ width: Int, _ n: String, _ median: String, _ p99: String, _ perSecond: String
  ) -> String {
    let name = name.padding(toLength: width, withPad: " ", startingAt: 0)
    return "  \(name)\(left(n, 10))\(left(median, 12))\(left(p99, 12))\(left(perSecond, 12))"
  }

  private static func left(_ text: String, _ width: Int) -> String {
    String(repeating: " ", count: max(0, width - text.count)) + text
  }

  static func number(_ value: Double) -> String {
    String(format: value >= 1_000 ? "%.0f" : value >= 100 ? "%.1f" : "%.2f", value)
  }
}
