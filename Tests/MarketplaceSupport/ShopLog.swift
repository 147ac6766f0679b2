import HTTPTypes
import Hummingbird
public import MPPCore
public import MPPTempo
import Synchronization

/// What a shop saw and served, in the order in which it happened.
public final class ShopLog: Sendable {
  private struct State {
    var credentials: [String] = []
    var served = 0
  }
  private let state = Mutex(State())

  public init() {}

  /// `Authorization` values of everything that arrived.
  public var credentials: [String] { state.withLock { $0.credentials } }
  /// How often a paid handler has run.
  public var served: Int { state.withLock { $0.served } }

  /// Payloads of the Tempo session credentials that arrived.
  public func payloads() throws -> [SessionPayload] {
    try credentials.compactMap { try Credential.find(inAuthorization: $0) }.map {
      try SessionPayload(parsing: $0.payload)
    }
  }

  /// Cumulative amounts of the voucher credentials that arrived, base units.
  public func voucherAmounts() throws -> [Amount] {
    try payloads().compactMap { payload in
      if case .voucher(let voucher) = payload { return voucher.cumulativeAmount }
      return nil
    }
  }

  func arrived(_ request: Request) {
    guard let value = request.headers[.authorization] else { return }
    state.withLock { $0.credentials.append(value) }
  }

  /// For handlers of routes of your own.
  public func serve() { state.withLock { $0.served += 1 } }
}

/// In front of everything: writes down what arrives.
struct ArrivalMiddleware<Context: RequestContext>: RouterMiddleware {
  let log: ShopLog
  func handle(
    _ request: Request, context: Context, next: (Request, Context) async throws -> Response
  ) async throws -> Response {
    log.arrived(request)
    return try await next(request, context)
  }
}
