import HTTPTypes
import MPPCore
import MPPServer
import ServerTestSupport
import Testing

/// Hold before the handler, commit on delivery, release otherwise (DESIGN §4).
struct HoldTests {
  static func pay(_ fixture: ServerFixture, _ options: RouteOptions = RouteOptions()) async throws -> Payment
  {
    try #require(try await fixture.pay(try fixture.route(options: options), ["do": "pay"]).payment)
  }

  @Test func deliveredCommitsOnce() async throws {
    let fixture = try await ServerFixture()
    let payment = try await Self.pay(fixture)
    #expect(fixture.method.counts == .init(verified: 1, held: 1))
    await payment.delivered()
    await payment.delivered()
    await payment.failed()
    #expect(fixture.method.counts == .init(verified: 1, held: 1, committed: 1))
  }

  @Test func failedReleasesOnce() async throws {
    let fixture = try await ServerFixture()
    let payment = try await Self.pay(fixture)
    await payment.failed()
    await payment.delivered()
    await payment.failed()
    #expect(fixture.method.counts == .init(verified: 1, held: 1, released: 1))
  }

  @Test(arguments: [false, true])
  func reportsFromAnEventLoopResolveOnce(_ needsSuspension: Bool) async throws {
    let fixture = try await ServerFixture(method: FakeMethod(needsSuspension: needsSuspension))
    let events = fixture.server.events.subscribe().events
    let delivered = try await Self.pay(fixture)
    let failed = try await Self.pay(fixture)
    delivered.deliveredNow()
    delivered.failedNow()
    failed.failedNow()
    failed.deliveredNow()
    var endings = 0
    for await event in events {
      switch event {
      case .delivered, .released: endings += 1
      default: continue
      }
      if endings == 2 { break }
    }
    #expect(fixture.method.counts == .init(verified: 2, held: 2, committed: 1, released: 1))
  }

  @Test func concurrentReportsResolveOnce() async throws {
    let fixture = try await ServerFixture()
    let payment = try await Self.pay(fixture)
    await withTaskGroup(of: Void.self) { group in
      for index in 0..<50 {
        group.addTask { if index % 2 == 0 { await payment.delivered() } else { await payment.failed() } }
      }
    }
    let counts = fixture.method.counts
    #expect(counts.committed + counts.released == 1)
  }

  @Test func reportsWorkInCancelledTasks() async throws {
    let fixture = try await ServerFixture()
    let payment = try await Self.pay(fixture)
    let task = Task {
      withUnsafeCurrentTask { $0?.cancel() }
      await payment.failed()
    }
    await task.value
    #expect(fixture.method.counts.released == 1)
  }

  @Test func nothingIsSentForAPriceThatIsNotHeldAnyMore() async throws {
    let fixture = try await ServerFixture()
    let route = try fixture.route()
    let lost = try #require(try await fixture.pay(route, ["do": "payAndLose"]).payment)
    let refusal = try #require(lost.begin())
    #expect(refusal.status == 410)
    #expect(lost.isResolved)
    let request = PaymentRequest(method: .get, path: "/items/1")
    let answer = await fixture.server.refusal(of: refusal, to: request, for: route)
    #expect(answer.status == 410)
    #expect(answer.headers[.cacheControl] == "no-store")
    #expect(try ServerFixture.challenges(in: answer).count == 1)
    let busy = await fixture.server.refusal(of: .unavailable(), to: request, for: route)
    #expect(busy.status == 503 && busy.headers[.wwwAuthenticate] == nil)
    await lost.delivered()
    #expect(fixture.method.counts == .init(verified: 1, held: 1))
    let held = try await Self.pay(fixture)
    #expect(held.begin() == nil)
    #expect(!held.isResolved)
    await held.delivered()
    #expect(fixture.method.counts.committed == 1)
  }

  @Test func droppedPaymentIsReleasedByTheService() async throws {
    let fixture = try await ServerFixture()
    do { _ = try await Self.pay(fixture) }
    #expect(fixture.method.counts.released == 0)
    await fixture.server.shutdown()
    #expect(fixture.method.counts.released == 1)
  }

  @Test func beforeHandlerChargesWhateverTheHandlerDoes() async throws {
    let fixture = try await ServerFixture()
    let payment = try await Self.pay(fixture, RouteOptions(charging: .beforeHandler))
    #expect(fixture.method.counts == .init(verified: 1, held: 1, committed: 1))
    await payment.failed()
    #expect(fixture.method.counts == .init(verified: 1, held: 1, committed: 1))
  }

  @Test func statusDecidesWhetherAResponseIsCharged() {
    for status in [200, 204, 301, 400, 404, 499] { #expect(Payment.isCharged(status: status)) }
    for status in [500, 503, 599] { #expect(!Payment.isCharged(status: status)) }
  }

  @Test func receiptsAreOnSuccessAndPrivate() async throws {
    let fixture = try await ServerFixture()
    let payment = try await Self.pay(fixture)
    for (status, isExpected) in [(200, true), (304, true), (404, false), (500, false)] {
      var headers = HTTPFields()
      payment.finish(status: status, headers: &headers)
      #expect((headers[ProtocolHeaders.paymentReceipt] != nil) == isExpected, "\(status)")
      #expect((headers[.cacheControl] == "private") == isExpected, "\(status)")
    }
  }

  @Test func receiptsOnErrorsAreACompatibilitySwitch() async throws {
    let fixture = try await ServerFixture(compatibility: Compatibility(receiptOnErrors: true))
    let payment = try await Self.pay(fixture)
    var headers = HTTPFields()
    payment.finish(status: 404, headers: &headers)
    #expect(headers[ProtocolHeaders.paymentReceipt] == payment.receipt)
  }

  /// The receipt goes with what was charged, and so with every answer that is.
  @Test func aFailureChargedBeforehandCarriesItsReceiptWhereErrorsDo() async throws {
    for (isSwitchedOn, charging) in [
      (true, ChargeTiming.beforeHandler), (false, .beforeHandler), (true, .onDelivery),
    ] {
      let fixture = try await ServerFixture(compatibility: Compatibility(receiptOnErrors: isSwitchedOn))
      let payment = try await Self.pay(fixture, RouteOptions(charging: charging))
      var headers = HTTPFields()
      payment.finish(status: 503, headers: &headers)
      let isExpected = isSwitchedOn && charging == .beforeHandler
      #expect((headers[ProtocolHeaders.paymentReceipt] != nil) == isExpected)
    }
  }

  @Test(arguments: [
    ("", "private"), ("private", "private"), ("public, max-age=5", "max-age=5, private"),
    ("s-maxage=3,max-age=1", "max-age=1, private"), ("no-store", "no-store"),
    ("Private, max-age=1", "Private, max-age=1"),
  ]) func cacheControlIsMergedWithoutContradiction(_ before: String, _ after: String) async throws {
    let fixture = try await ServerFixture()
    let payment = try await Self.pay(fixture)
    var headers = HTTPFields()
    if !before.isEmpty { headers[.cacheControl] = before }
    payment.finish(status: 200, headers: &headers)
    #expect(headers[.cacheControl] == after)
  }
}
