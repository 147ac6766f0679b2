import Foundation
import HTTPTypes
import Logging
import MPPCore
import MPPServer
import ServerTestSupport
import Testing

/// What a server refuses to start with.
struct ConfigurationTests {
  static func start(_ secrets: SecretSource, realm: String = "api.example.com") async throws {
    _ = try await PaymentServer(
      realm: realm, secrets: secrets, ledger: try Ledger(MemoryStore(), allowVolatileLedger: true),
      methods: [PaymentMethod(FakeMethod())], clock: FixedClock(ServerFixture.start),
      random: CountingRandom(), logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
  }

  @Test func findingU7VolatileLedgerIsRefusedUnlessAskedFor() {
    #expect(throws: StoreError.self) { try Ledger(MemoryStore()) }
    #expect(throws: Never.self) { try Ledger(MemoryStore(), allowVolatileLedger: true) }
  }

  @Test func secretsHaveALengthAndAreNotPlaceholders() async throws {
    let short = String(repeating: "ab3", count: 10)
    for secret in [short, "change-me-change-me-change-me-change-me", String(repeating: "x", count: 40), ""] {
      await #expect(throws: ConfigurationError.self) { try await Self.start(.values(secret)) }
    }
    try await Self.start(.values(ServerFixture.secret))
    await #expect(throws: ConfigurationError.self) {
      try await Self.start(.values(ServerFixture.secret), realm: "")
    }
  }

  @Test func errorsAndDescriptionsShowNoSecret() async throws {
    let secret = "short-but-secret"
    do {
      try await Self.start(.values(secret))
      Issue.record("accepted")
    } catch {
      #expect(!"\(error)".contains(secret))
    }
    #expect(!"\(SecretSource.values(secret))".contains(secret))
  }

  @Test func environmentAndClosureAreSources() async throws {
    let name = "MPP_TEST_SECRET_\(UInt32.random(in: 0...UInt32.max))"
    await #expect(throws: ConfigurationError.self) { try await SecretSource.environment(name).load() }
    setenv(name, "first\nsecond\n", 1)
    #expect(try await SecretSource.environment(name).load() == ["first", "second"])
    unsetenv(name)
    #expect(try await SecretSource.closure { ["a", "b"] }.load() == ["a", "b"])
  }

  @Test func filesMustBePrivate() async throws {
    let path = FileManager.default.temporaryDirectory
      .appendingPathComponent("mpp-secret-\(UInt32.random(in: 0...UInt32.max))").path
    defer { try? FileManager.default.removeItem(atPath: path) }
    await #expect(throws: ConfigurationError.self) { try await SecretSource.file(path).load() }
    #expect(
      FileManager.default.createFile(
        atPath: path, contents: Data("current\r\nprevious\n".utf8),
        attributes: [.posixPermissions: 0o644]))
    await #expect(throws: ConfigurationError.self) { try await SecretSource.file(path).load() }
    try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: path)
    #expect(try await SecretSource.file(path).load() == ["current", "previous"])
  }

  @Test func limitsAreOneOrMore() async throws {
    let limits: [WritableKeyPath<ServerLimits, Int> & Sendable] = [
      \.maxCredentialBytes, \.maxBodyBytes, \.maxOffers, \.maxRequestCharacters, \.maxCachedPrices,
    ]
    for limit in limits {
      for value in [0, -1, .min] {
        var set = ServerLimits()
        set[keyPath: limit] = value
        do {
          _ = try await ServerFixture(limits: set)
          Issue.record("started with \(value)")
        } catch let error as ConfigurationError {
          #expect(error.code == .limit)
        }
      }
      var least = ServerLimits()
      least[keyPath: limit] = 1
      _ = try await ServerFixture(limits: least)
    }
  }

  @Test func challengesThatWouldBeBornExpiredAreRefused() async throws {
    let fixture = try await ServerFixture()
    for seconds in [0, -1, .min] as [Int64] {
      #expect(throws: ConfigurationError.self) {
        try fixture.route(options: RouteOptions(lifetimeSeconds: seconds))
      }
    }
    _ = try fixture.route(options: RouteOptions(lifetimeSeconds: 1))
  }

  @Test func twoServersOnOneLedgerAreRefused() async throws {
    let ledger = try Ledger(MemoryStore(), allowVolatileLedger: true)
    func server(_ methods: [PaymentMethod]) async throws -> PaymentServer {
      try await PaymentServer(
        realm: "api.example.com", secrets: .values(ServerFixture.secret), ledger: ledger, methods: methods)
    }
    // A server that was never finished leaves the ledger free.
    await #expect(throws: ConfigurationError.self) {
      try await server([PaymentMethod(FakeMethod()), PaymentMethod(FakeMethod())])
    }
    let first = try await server([PaymentMethod(FakeMethod())])
    do {
      _ = try await server([PaymentMethod(FakeMethod())])
      Issue.record("two servers share a ledger")
    } catch let error as ConfigurationError {
      #expect(error.code == .ledger)
    }
    #expect(first.ledger === ledger)
  }

  @Test func previousSecretStillVerifies() async throws {
    let old = try await ServerFixture()
    let challenge = try await old.challenges(try old.route())[0]
    let method = FakeMethod()
    let server = try await PaymentServer(
      realm: "api.example.com",
      secrets: .values("a-new-secret-with-more-than-32-bytes", ServerFixture.secret),
      ledger: try Ledger(MemoryStore(), allowVolatileLedger: true), methods: [PaymentMethod(method)],
      clock: FixedClock(ServerFixture.start), random: CountingRandom(),
      logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    let route = try server.route(.get, "/items/:id", offers: [.session("0.01", per: "request")])
    let outcome = await server.authorize(ServerFixture.paying(challenge, ["do": "pay"]), for: route)
    #expect(outcome.payment != nil)
  }
}
