import MPPCore
import TestSupport
import Testing

/// The counting itself: what is not run, run twice or undeclared does not pass.
struct TallyTests {
  private func run(_ tally: inout Tally, skipping skipped: Int? = nil, repeating repeated: Int? = nil) throws
  {
    for group in VectorConsumer.bodyDigest.groups {
      for vector in try tally.file.group(group) where vector.index != skipped || group != "verify" {
        tally.run(vector) {}
        if vector.index == repeated { tally.run(vector) {} }
      }
    }
  }

  @Test func aCompleteRunPasses() throws {
    var tally = try Tally(.bodyDigest)
    try run(&tally)
    try tally.finish()
    let cases = try VectorConsumer.bodyDigest.groups.reduce(0) { try $0 + tally.file.group($1).count }
    #expect(tally.passed == cases)
  }

  @Test func aCaseThatIsNotRunFails() throws {
    var tally = try Tally(.bodyDigest)
    try run(&tally, skipping: 0)
    #expect(throws: VectorError.self) { try tally.finish() }
  }

  @Test func aCaseThatIsRunTwiceFails() throws {
    var tally = try Tally(.bodyDigest)
    try run(&tally, repeating: 0)
    #expect(throws: VectorError.self) { try tally.finish() }
  }

  @Test func aCaseOfAnotherGroupFails() throws {
    var tally = try Tally(.bodyDigest)
    try run(&tally)
    tally.run(VectorCase(label: "x", group: "x", index: 0, value: .null)) {}
    #expect(throws: VectorError.self) { try tally.finish() }
  }

  @Test func aFailedCaseFailsAndIsCounted() throws {
    var tally = try Tally(.bodyDigest)
    try tally.each("compute") { _ in }
    try tally.each("verify") { vector in try Tally.expect(vector.index, 0) }
    #expect(throws: VectorError.self) { try tally.finish() }
    #expect(tally.failures.count == (try tally.file.group("verify").count) - 1)
  }

  @Test func aDifferenceOfAnotherFileFails() throws {
    var tally = try Tally(.bodyDigest)
    try tally.each("compute") { _ in }
    try tally.each("verify") { vector in vector.differs(.twoCredentials) }
    #expect(throws: VectorError.self) { try tally.finish() }
  }
}
