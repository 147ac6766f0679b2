import MPPCore
import MPPServer
import ServerTestSupport
import Synchronization
import Testing

/// The life of a server among the services of its process.
@Suite("The server as a service", .timeLimit(.minutes(1))) struct ServiceTests {
  @Test("A method whose start takes long keeps no other from its work", arguments: [false, true])
  func slowStart(isSlowFirst: Bool) async throws {
    let (start, gate) = AsyncStream<Void>.makeStream()
    let (work, working) = AsyncStream<Void>.makeStream()
    let slow = FakeMethod(key: RegistryTests.v1, onStart: { for await _ in start {} })
    let other = FakeMethod(key: RegistryTests.v2, onRun: { working.finish() })
    let fixture = try await ServerFixture(
      method: isSlowFirst ? slow : other, others: [isSlowFirst ? other : slow])
    let run = Task { try await fixture.server.run() }
    for await _ in work {}
    gate.finish()
    run.cancel()
    try await run.value
  }

  @Test("A method whose work fails ends the server")
  func failedWork() async throws {
    let method = FakeMethod(
      key: RegistryTests.v1, onRun: { throw ConfigurationError(.chain, "another chain") })
    let fixture = try await ServerFixture(method: method, others: [FakeMethod(key: RegistryTests.v2)])
    await #expect(throws: ConfigurationError.self) { try await fixture.server.run() }
  }

  @Test("A method that says that the server must not start ends it, and does no work")
  func refusedStart() async throws {
    let hasWorked = Mutex(false)
    let method = FakeMethod(
      key: RegistryTests.v1, onStart: { throw ConfigurationError(.chain, "another chain") },
      onRun: { hasWorked.withLock { $0 = true } })
    let fixture = try await ServerFixture(method: method, others: [FakeMethod(key: RegistryTests.v2)])
    await #expect(throws: ConfigurationError.self) { try await fixture.server.run() }
    #expect(!hasWorked.withLock { $0 })
  }
}
