import HTTPTypes
import MPPClient
import MPPCore
import Synchronization

/// The requests of one `mpp request`: count, concurrency, the first failure, the close, the summary.
final class RequestRun: Sendable {
  static let maximumBody = ByteCount.mebibytes(256)

  private let client: PaymentClient
  private let request: ClientRequest
  private let count: Int
  private let concurrency: Int
  private let closes: Bool
  /// Whether the client has any way to pay.
  private let canPay: Bool
  private let printer: ResponsePrinter
  private let recoverCommand: String
  private let tally = Mutex(RequestTally())

  init(
    client: PaymentClient, request: ClientRequest, count: Int, concurrency: Int, closes: Bool,
    canPay: Bool, printer: ResponsePrinter, recoverCommand: String
  ) {
    self.recoverCommand = recoverCommand
    self.canPay = canPay
    self.client = client
    self.request = request
    self.count = count
    self.concurrency = concurrency
    self.closes = closes
    self.printer = printer
  }

  /// - Throws: the first failure, after the summary, which is always last.
  func run() async throws {
    do {
      try await client.start()
      try await Progress.during(
        isEnabled: !printer.isSilent, { [self] in progress },
        work: { [self] in
          await requests()
          if closes { try await close() }
        })
    } catch {
      fail(Self.failure(for: error), countsAsFailed: false)
    }
    let channels = await channels()
    // What failed before is what the user needs to see.
    do { try await client.shutdown() } catch { fail(Self.failure(for: error), countsAsFailed: false) }
    try report(channels)
  }

  /// What the client knows of at its end; nothing when it could not begin.
  private func channels() async -> [ChannelStatus] {
    do { return try await client.channels() } catch { return [] }
  }

  private static func failure(for error: any Error) -> CommandFailure {
    FailureMapping.failure(for: error) ?? CommandFailure(.failure, "\(error)")
  }

  /// Starts no new request. Those on their way are waited for: what is paid for should arrive.
  func stop() {
    fail(CommandFailure(.interrupted, "interrupted"), countsAsFailed: false)
    printer.note("waiting for the answers on their way; once more breaks off")
  }

  private var progress: String {
    tally.withLock { "\($0.done) of \(count) requests done, \(Money.text($0.paid)) paid" }
  }

  private func requests() async {
    await withTaskGroup(of: Void.self) { group in
      for _ in 0..<min(concurrency, count) {
        group.addTask { [self] in
          while let index = nextIndex() { await one(index) }
        }
      }
    }
  }

  private func nextIndex() -> Int? {
    guard !Output.isClosed, !Task.isCancelled else { return nil }
    return tally.withLock { tally in
      guard tally.failure == nil, tally.next <= count else { return nil }
      defer { tally.next += 1 }
      return tally.next
    }
  }

  private func one(_ index: Int) async {
    let response: PaidResponse
    do {
      response = try await client.execute(request)
    } catch let error as PaymentClientError {
      await printDelivered(index, error)
      printer.failure(index, error)
      fail(
        FailureMapping.payment(error, isOutOfUse: await isOutOfUse(error.exposure.channel)),
        error)
      return
    } catch {
      return fail(Self.failure(for: error))
    }
    // Paid, whatever becomes of its body.
    if let payment = response.payment { tally.withLock { $0.count(payment) } }
    do {
      let body = try await response.body.bytes(upTo: Self.maximumBody)
      printer.response(index, response, body: body)
      finish(response, body)
    } catch {
      printer.failure(index, BrokenBody.error(response, error))
      fail(BrokenBody.failure(response, error))
    }
  }

  private func isOutOfUse(_ channel: String?) async -> Bool {
    guard let channel else { return false }
    return await channels().contains { $0.id == channel && OutOfUse.contains($0) }
  }

  /// What was delivered was paid for and is shown, whatever else is wrong.
  private func printDelivered(_ index: Int, _ error: PaymentClientError) async {
    guard let response = error.response,
      let body = try? await response.body.bytes(upTo: Self.maximumBody)
    else { return }
    printer.response(index, response, body: body)
  }

  private func finish(_ response: PaidResponse, _ body: [UInt8]) {
    let httpError = Self.failure(response, body, canPay: canPay)
    let failure = httpError ?? Self.unwritten(response)
    tally.withLock { tally in
      tally.done += 1
      if httpError != nil { tally.failed += 1 }
      tally.failure = tally.failure ?? failure
    }
  }

  /// An answer that went nowhere, and may have been paid for.
  private static func unwritten(_ response: PaidResponse) -> CommandFailure? {
    guard let reason = Output.failure else { return nil }
    guard let amount = response.payment?.amount, amount > .zero else {
      return CommandFailure(.failure, "the answer could not be written: \(reason)")
    }
    return CommandFailure(
      .paymentFailed, "what was paid for could not be written: \(reason)",
      hint: FailureMapping.paysAgain(amount))
  }

  private func fail(
    _ failure: CommandFailure, _ error: PaymentClientError? = nil, countsAsFailed: Bool = true
  ) {
    tally.withLock { tally in
      if let error { tally.count(error) }
      if countsAsFailed { tally.failed += 1 }
      tally.failure = tally.failure ?? failure
    }
  }

  private static func failure(
    _ response: PaidResponse, _ body: [UInt8], canPay: Bool
  ) -> CommandFailure? {
    if response.status.code == 402, response.payment == nil {
      return OfferedPayment.failure(response, canPay: canPay)
    }
    guard response.status.code >= 400 else { return nil }
    return CommandFailure(
      .httpError, "the server answered \(HTTPStatusLine.text(response.status))",
      hint: response.payment?.undelivered.map(FailureMapping.charges))
  }

  private func close() async throws {
    guard !Task.isCancelled else { return }
    let origin = try RequestURL(request.url).origin
    for outcome in try await client.close(.origin(origin)) {
      printer.closed(outcome)
      guard let error = outcome.error else { continue }
      tally.withLock { tally in
        tally.failure =
          tally.failure
          ?? CommandFailure(
            .paymentFailed, "a channel could not be closed: \(FailureMapping.reason(error))",
            hint: error.code == .channelUnusable
              ? nil
              : "nothing is lost: `mpp sessions close \(outcome.channel)` or `mpp sessions recover --all` later"
          )
      }
    }
  }

  private func report(_ channels: [ChannelStatus]) throws {
    let tally = tally.withLock { $0 }
    let report = RequestReport(tally: tally, channels: channels, recoverCommand: recoverCommand)
    let failure = tally.failure.map(report.explained)
    if printer.isJSON {
      for event in OutOfUse.json(channels, recover: recoverCommand) { Output.json(event) }
      Output.json([
        "event": "summary", "requests": .integer(Int64(tally.done)), "failed": .integer(Int64(tally.failed)),
        "paid": tally.paid.json, "exitCode": .integer(Int64((failure?.status ?? .success).rawValue)),
      ])
    }
    if let failure { throw failure }
    for line in report.lines(closes: closes) { printer.note(line) }
  }
}
