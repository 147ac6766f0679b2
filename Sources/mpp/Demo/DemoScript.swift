import HTTPTypes
import MPPClient
import MPPCore
import MPPStoreSQLite
import MPPTempo
import MPPTempoClient
import TempoDevnet

/// What the demonstration does, step by step, through the same client anybody uses.
struct DemoScript: Sendable {
  static let requests = 100
  /// Requests that are paid by a transaction of their own.
  static let charges: UInt64 = 1
  static let deposit = "0.60"

  let stage: DemoStage
  let report: DemoReport

  func run() async throws -> DemoAudit {
    let before = DemoBalances(stage.devnet, payer: stage.payer.address, payee: stage.payee.address)
    report.started(stage)
    let transport = AsyncHTTPClientTransport()
    let client: PaymentClient
    do {
      client = try makeClient(transport)
    } catch {
      await transport.shutdown()
      throw error
    }
    do {
      let price = try await showChallenge(transport)
      try await openChannel(client)
      let settleAt = Int(DemoStage.settleEveryUnits)
      try await pay(2...settleAt, client)
      try await awaitSettlement()
      try await pay((settleAt + 1)...Self.requests, client)
      let outcome = try await close(client)
      try await charge(client)
      try await prove(client)
      try await client.shutdown()
      return try audit(before, price: price, captured: outcome.captured ?? .zero)
    } catch {
      do { try await client.shutdown() } catch {}
      throw error
    }
  }

  private func makeClient(_ transport: any HTTPTransport) throws -> PaymentClient {
    var options = TempoSessionOptions()
    options.openingDeposit = try Amount(decimal: Self.deposit, decimals: Money.decimals)
    options.topUpAmount = options.openingDeposit
    return try PaymentClient(
      methods: [
        .tempo(.key(stage.payer.privateKey), network: .rpc(stage.chainURL), options: options)
      ],
      spending: .upTo(DemonstrationAPI.price, perDay: "2"),
      journal: .sqlite(at: stage.folder + "/journal.db"),
      transport: transport, logger: ClientLog.quiet)
  }

  /// The same URL without paying: a 402 and what it asks for.
  private func showChallenge(_ transport: any HTTPTransport) async throws -> Amount {
    let url = try RequestURL(stage.serverURL + "/session")
    let request = HTTPRequest(
      method: .get, scheme: url.origin.scheme, authority: url.authority, path: url.path)
    let answer = try await transport.send(request, body: nil, timeout: .seconds(10))
    _ = try await answer.body.bytes()
    let challenges = try ChallengeList(fields: answer.head.headerFields).challenges
    guard answer.head.status.code == 402, let challenge = challenges.first else {
      throw CommandFailure(.failure, "the server answered \(answer.head.status.code) instead of 402")
    }
    let terms = try SessionRequest(parsing: challenge.request.value())
    report.challenged(challenge, terms)
    return terms.amount
  }

  private func openChannel(_ client: PaymentClient) async throws {
    let response = try await client.execute(.get(stage.serverURL + "/session"))
    let body = try await response.body.text(upTo: .kibibytes(64))
    guard response.status.code == 200, let payment = response.payment,
      let channel = try await client.channels().first
    else { throw CommandFailure(.failure, "the first paid request was answered \(response.status.code)") }
    report.opened(channel, payment, body: body)
  }

  /// Eight at a time, as a busy client would.
  private func pay(_ numbers: ClosedRange<Int>, _ client: PaymentClient) async throws {
    let url = stage.serverURL + "/session"
    let start = ContinuousClock.now
    let toppedUp = try await withThrowingTaskGroup(of: Bool.self) { group in
      var wasToppedUp = false
      for position in 0..<numbers.count {
        if position >= 8, let toppedUp = try await group.next() { wasToppedUp = wasToppedUp || toppedUp }
        group.addTask { try await Self.payOnce(url, client) }
      }
      while let toppedUp = try await group.next() { wasToppedUp = wasToppedUp || toppedUp }
      return wasToppedUp
    }
    guard let channel = try await client.channels().first else { return }
    report.paid(numbers, channel, duration: start.duration(to: .now))
    if toppedUp { report.toppedUp(channel, by: Self.deposit) }
  }

  /// Whether the deposit had to be topped up for it.
  private static func payOnce(_ url: String, _ client: PaymentClient) async throws -> Bool {
    let response = try await client.execute(.get(url))
    _ = try await response.body.bytes(upTo: .kibibytes(64))
    guard response.status.code == 200, let payment = response.payment else {
      throw CommandFailure(.failure, "a paid request was answered \(response.status.code)")
    }
    return payment.actions.contains("topUp")
  }

  private func awaitSettlement() async throws {
    for await settlement in stage.settlements {
      report.settled(settlement)
      return
    }
    throw CancellationError()
  }

  private func close(_ client: PaymentClient) async throws -> CloseOutcome {
    guard let outcome = try await client.close(.all).first else {
      throw CommandFailure(.failure, "there was no channel to close")
    }
    if let error = outcome.error { throw error }
    report.closed(outcome)
    return outcome
  }

  /// One transaction for one request.
  private func charge(_ client: PaymentClient) async throws {
    report.charged(try await payment("/charge", client))
  }

  /// A signature that says who asks, where nothing is to be paid.
  private func prove(_ client: PaymentClient) async throws {
    report.proved(try await payment("/charge/zero", client), stage.payer.address)
  }

  private func payment(_ path: String, _ client: PaymentClient) async throws -> PaymentSummary {
    let response = try await client.execute(.get(stage.serverURL + path))
    _ = try await response.body.bytes(upTo: .kibibytes(64))
    guard response.status.code == 200, let payment = response.payment else {
      throw CommandFailure(.failure, "\(path) was answered \(response.status.code)")
    }
    return payment
  }

  private func audit(_ before: DemoBalances, price: Amount, captured: Amount) throws -> DemoAudit {
    let after = DemoBalances(stage.devnet, payer: stage.payer.address, payee: stage.payee.address)
    var fees: (payer: Amount, payee: Amount) = (.zero, .zero)
    for receipt in stage.devnet.receipts() {
      if receipt.feePayer == stage.payer.address { fees.payer = try fees.payer.adding(receipt.fee) }
      if receipt.feePayer == stage.payee.address { fees.payee = try fees.payee.adding(receipt.fee) }
    }
    return try DemoAudit(
      before: before, after: after, price: price, requests: UInt64(Self.requests),
      charges: Self.charges, captured: captured, payerFees: fees.payer, payeeFees: fees.payee)
  }
}
