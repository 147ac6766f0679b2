import HTTPTypes
import Logging
import MPPCore

extension PaymentClient {
  /// Sends a request and pays for it when the server asks for payment and the policy allows it.
  ///
  /// Returns the final response, whatever its status; a 402 that offers nothing this client can pay is returned
  /// untouched. Redirects are returned, never followed.
  /// - Parameter depositLimit: for a channel opened by this request; never above the policy's limit.
  /// - Throws: `PaymentClientError`; `isRetryable` says whether calling again cannot pay twice for one delivery, and
  ///   `exposure` what may have been paid. Cancellation is reported as its `cancelled` code.
  public func execute(
    _ request: ClientRequest, depositLimit: DepositLimit? = nil
  ) async throws -> PaidResponse {
    try await start()
    let url = try RequestURL(request.url)
    try await bootstrap(request, url)
    var run = PaidRun(client: self, request: request, url: url, depositLimit: depositLimit?.amount)
    return try await run.run()
  }

  /// Opens a handle for many requests to one origin.
  /// Nothing is sent and no channel is opened: the first request that is paid for does that.
  /// - Parameter url: absolute; paths given to the session are resolved against it.
  /// - Throws: `invalidURL`, or what ``PaymentClient/start()`` throws.
  public func openSession(_ url: String, deposit: DepositLimit) async throws -> PaidSession {
    try await start()
    return PaidSession(client: self, base: try RequestURL(url), deposit: deposit)
  }

  /// Runs `body` with a session and closes its channels afterwards, however `body` ends. A close that fails is in the
  /// journal and is finished by `recover()`.
  /// - Throws: what `body` throws, or ``openSession(_:deposit:)``. A close that fails is only logged.
  public func withSession<T: Sendable>(
    _ url: String, deposit: DepositLimit, _ body: (PaidSession) async throws -> T
  ) async throws -> T {
    let session = try await openSession(url, deposit: deposit)
    let result: Result<T, any Error>
    do {
      result = .success(try await body(session))
    } catch {
      result = .failure(error)
    }
    // Not in the caller's task: a cancelled caller still wants its deposit back.
    let outcomes = await Task { () -> Result<[CloseOutcome], any Error> in
      do { return .success(try await session.close()) } catch { return .failure(error) }
    }.value
    switch outcomes {
    case .success(let outcomes):
      for outcome in outcomes {
        if let error = outcome.error { logger.warning("close failed, recover() will finish it: \(error)") }
      }
    case .failure(let error):
      logger.warning("close failed, recover() will finish it: \(error)")
    }
    return try result.get()
  }
}

/// Many requests to one origin, over one channel.
public struct PaidSession: Sendable {
  let client: PaymentClient
  let base: RequestURL
  let deposit: DepositLimit

  /// As `PaymentClient.execute`; the URL may be an absolute path.
  /// - Throws: as `PaymentClient.execute`; `untrustedTerms` for a URL of another origin: nothing was sent
  ///   then.
  public func execute(_ request: ClientRequest) async throws -> PaidResponse {
    var request = request
    let url = try base.resolving(request.url)
    guard url.origin == base.origin else {
      throw PaymentClientError(.untrustedTerms, "the session is for \(base.origin), not for \(url.origin)")
    }
    request.url = url.description
    return try await client.execute(request, depositLimit: deposit)
  }

  /// The channels of this origin.
  public func channels() async throws -> [ChannelStatus] {
    try await client.channels().filter { $0.origin == base.origin.description }
  }

  /// Closes the channels of this origin.
  /// Those of other sessions with it, too. Safe to repeat.
  public func close() async throws -> [CloseOutcome] { try await client.close(.origin(base.origin)) }
}
