public import HTTPTypes
public import Logging
public import MPPCore
public import MPPServer
import Synchronization

/// A clock that stands still until it is told otherwise.
public final class FixedClock: WallClock {
  private let instant: Mutex<Timestamp>
  public init(_ instant: Timestamp) { self.instant = Mutex(instant) }
  public var now: Timestamp { instant.withLock { $0 } }
  public func advance(seconds: Int64) { instant.withLock { $0 = $0.adding(seconds: seconds) } }
}

/// Counts up: repeatable, and different at every call.
public final class CountingRandom: RandomSource {
  private let next = Mutex<UInt8>(0)
  public init() {}
  public func fill(_ count: Int) -> [UInt8] {
    next.withLock { next in
      next &+= 1
      return [UInt8](repeating: next, count: count)
    }
  }
}

/// A payment server over fake methods, with its clock.
public struct ServerFixture: Sendable {
  public static let secret = "http-vectors-secret-0123456789abcdef"
  public static let start = Timestamp(milliseconds: 1_767_229_200_000)
  public let server: PaymentServer
  public let method: FakeMethod
  public let clock: FixedClock

  public init(
    method: FakeMethod = FakeMethod(), others: [FakeMethod] = [], realm: String = "api.example.com",
    secret: String = ServerFixture.secret, limits: ServerLimits = ServerLimits(),
    compatibility: Compatibility = Compatibility(),
    logger: Logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
  ) async throws {
    self.method = method
    clock = FixedClock(Self.start)
    var all: [PaymentMethod] = [PaymentMethod(method)]
    for other in others { all.append(PaymentMethod(other)) }
    server = try await PaymentServer(
      realm: realm, secrets: .values(secret),
      ledger: try Ledger(MemoryStore(), allowVolatileLedger: true), methods: all, limits: limits,
      compatibility: compatibility, clock: clock, random: CountingRandom(),
      logger: logger)
  }

  public func route(
    _ offers: [Offer] = [.session("0.01", per: "request")], method: HTTPRequest.Method = .get,
    pattern: String = "/items/:id", options: RouteOptions = RouteOptions()
  ) throws -> Route {
    try server.route(method, pattern, offers: offers, options: options)
  }

  /// The fresh challenges for a request.
  public func challenges(
    _ route: Route, _ request: PaymentRequest = PaymentRequest(method: .get, path: "/items/1")
  ) async throws -> [Challenge] {
    guard case .challenge(let response) = await server.authorize(request, for: route) else {
      throw FixtureError(description: "no challenge")
    }
    return try Self.challenges(in: response)
  }

  public static func challenges(in response: PaymentResponse) throws -> [Challenge] {
    try ChallengeList(fields: response.headers).challenges
  }

  /// A request that answers `challenge` with `payload`.
  public static func paying(
    _ challenge: Challenge, _ payload: JSONValue, method: HTTPRequest.Method = .get,
    target: String = "/items/1", headers: HTTPFields = [:], body: [UInt8]? = nil
  ) -> PaymentRequest {
    var headers = headers
    headers[.authorization] = Credential(challenge: challenge, payload: payload).serialized()
    return PaymentRequest(method: method, target: target, headers: headers, body: body)
  }

  /// Gets a challenge, answers it and returns the outcome.
  public func pay(_ route: Route, _ payload: JSONValue) async throws -> PaymentOutcome {
    let challenge = try await challenges(route)[0]
    return await server.authorize(Self.paying(challenge, payload), for: route)
  }
}

public struct FixtureError: Error, CustomStringConvertible {
  public let description: String
  public init(description: String) { self.description = description }
}

extension PaymentOutcome {
  /// The problem document of a refusal.
  public var problem: PaymentProblem? {
    guard let body = response?.body, let value = try? JSONValue(parsing: body) else { return nil }
    return PaymentProblem(document: value)
  }

  public var payment: Payment? {
    if case .proceed(let payment) = self { payment } else { nil }
  }

  public var label: String {
    switch self {
    case .challenge: "challenge"
    case .management: "management"
    case .problem: "problem"
    case .proceed: "proceed"
    }
  }
}
