import BenchSupport
import MPPServer

/// One operation without state, beside a plain copy of its bytes.
struct WorkloadScenario: Scenario {
  let name: String
  let title: String

  init(_ name: String, _ title: String) {
    self.name = name
    self.title = title + ", beside a copy of the same bytes"
  }

  func run(_ bench: Bench) async throws -> ScenarioReport {
    let service = try await PaidService(.memory, file: "", channels: 1)
    guard let workload = try await Workload.all(service).first(where: { $0.name == name }) else {
      throw BenchFailure("there is no workload \(name)")
    }
    var target = [UInt8](repeating: 0, count: workload.bytes.count)
    let samples = try Timing.interleaved(
      bench, name, count: bench.count(20_000),
      [
        TimedCase(name: "operation") { _ in try workload.run() },
        TimedCase(name: "copy") { _ in workload.copy(to: &target) },
      ])
    await service.server.shutdown()
    var report = bench.report(self)
    report.measurements = [Measurement(name, samples[0]), Measurement("copy of its bytes", samples[1])]
    report.figures = [Figure("bytes", Double(workload.bytes.count), "")]
    return report
  }
}
