import HTTPTypes
import MPPClient
import MPPCore
import Synchronization

/// The requests of one `mpp request`: count, concurrency, the first failure, the close, the summary.
final class RequestRun: Sendable {
  static let maximumBody = ByteCount.mebibytes(256)

  private struct Tally {
    var next = 1
    var done = 0
    var failed = 0
    var paid = Amount.zero
    var channel: String?
    /// The first failure decides the exit code, and no new request is started after it.
    var failure: CommandFailure?
  }

  private let client: PaymentClient
  private let request: ClientRequest
  private let count: Int
  private let concurrency: Int
  private let closes: Bool
  /// Whether the client has any way to pay.
  private let canPay: Bool
  private let printer: ResponsePrinter
  private let tally = Mutex(Tally())

  init(
    client: PaymentClient, request: ClientRequest, count: Int, concurrency: Int, closes: Bool,
    canPay: Bool, printer: ResponsePrinter
  ) {
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
    // What failed before is what the user needs to see.
    do { try await client.shutdown() } catch { fail(Self.failure(for: error), countsAsFailed: false) }
    try report()
  }

  private static func failure(for error: any Error) -> CommandFailure {
    FailureMapping.failure(for: error) ?? CommandFailure(.failure, "\(error)")
  }

  /// Starts no new request. Those on their way are waited for: what is paid for should arrive.
  func stop() {
    fail(
      CommandFailure(
        .interrupted, "interrupted", hint: "what was signed is in the journal: `mpp sessions list`"),
      countsAsFailed: false)
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
      fail(FailureMapping.payment(error))
      return
    } catch {
      return fail(Self.failure(for: error))
    }
    // Paid, whatever becomes of its body.
    count(response.payment)
    do {
      let body = try await response.body.bytes(upTo: Self.maximumBody)
      printer.response(index, response, body: body)
      finish(response, body, deposit: await deposit(of: response))
    } catch {
      let error = Self.brokenOff(response, error)
      printer.failure(index, error)
      fail(FailureMapping.payment(error))
    }
  }

  /// A body that did not arrive as a whole: what was paid for it is out.
  private static func brokenOff(_ response: PaidResponse, _ error: any Error) -> PaymentClientError {
    if error is CancellationError { return PaymentClientError(.cancelled, "cancelled") }
    let paid = response.payment.map {
      PaymentClientError.Exposure(authorized: $0.amount, deposit: .zero, channel: $0.channel)
    }
    return PaymentClientError(
      .transport, "the body of the response broke off: \(error)", isRetryable: paid == nil,
      exposure: paid ?? .none, underlying: error)
  }

  /// What was delivered was paid for and is shown, whatever else is wrong.
  private func printDelivered(_ index: Int, _ error: PaymentClientError) async {
    guard let response = error.response,
      let body = try? await response.body.bytes(upTo: Self.maximumBody)
    else { return }
    printer.response(index, response, body: body)
  }

  private func count(_ payment: PaymentSummary?) {
    guard let payment else { return }
    tally.withLock { tally in
      tally.paid = (try? tally.paid.adding(payment.amount)) ?? tally.paid
      tally.channel = payment.channel ?? tally.channel
    }
  }

  /// What a failed request has put, or may have put, into a channel; nil when that was no part of it.
  private func deposit(of response: PaidResponse) async -> String? {
    guard response.status.code >= 400, let payment = response.payment, let channel = payment.channel,
      payment.actions.contains("open") || payment.actions.contains("topUp"),
      let status = try? await client.channels().first(where: { $0.id == channel }), status.deposit > .zero
    else { return nil }
    return FailureMapping.deposited(status.deposit, channel)
  }

  private func finish(_ response: PaidResponse, _ body: [UInt8], deposit: String?) {
    let failure = Self.failure(response, body, canPay: canPay, hint: deposit)
    tally.withLock { tally in
      tally.done += 1
      if let failure {
        tally.failed += 1
        tally.failure = tally.failure ?? failure
      }
    }
  }

  private func fail(_ failure: CommandFailure, countsAsFailed: Bool = true) {
    tally.withLock { tally in
      if countsAsFailed { tally.failed += 1 }
      tally.failure = tally.failure ?? failure
    }
  }

  private static func failure(
    _ response: PaidResponse, _ body: [UInt8], canPay: Bool, hint: String?
  ) -> CommandFailure? {
    if response.status.code == 402, response.payment == nil {
      return OfferedPayment.failure(response, canPay: canPay)
    }
    guard response.status.code >= 400 else { return nil }
    return CommandFailure(
      .httpError, "the server answered \(HTTPStatusLine.text(response.status))", hint: hint)
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
            .paymentFailed, "a channel could not be closed: \(error.reason)",
            hint: "nothing is lost: `mpp sessions close \(outcome.channel)` or `mpp sessions recover` later")
      }
    }
  }

  private func report() throws {
    let tally = tally.withLock { $0 }
    if printer.isJSON {
      Output.json([
        "event": "summary", "requests": .integer(Int64(tally.done)), "failed": .integer(Int64(tally.failed)),
        "paid": tally.paid.json, "exitCode": .integer(Int64((tally.failure?.status ?? .success).rawValue)),
      ])
    }
    if let failure = tally.failure { throw failure }
    guard tally.paid > .zero || tally.channel != nil, !closes else { return }
    let requests = tally.done == 1 ? "this request" : "\(tally.done) requests"
    printer.note(
      tally.paid > .zero
        ? "paid \(Money.text(tally.paid)) for \(requests)"
        : "nothing was bought: the server answered without content and charged nothing")
    if let channel = tally.channel {
      printer.note("the channel stays open; its deposit comes back with: mpp sessions close \(channel)")
    }
  }
}
