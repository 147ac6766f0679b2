import MPPCore
import ServerTestSupport
import Testing

@testable import MPPServer

/// Events: bounded, without waiting, without secrets.
struct PaymentEventsTests {
  static func name(_ event: PaymentEvent) -> String {
    switch event {
    case .challenged(_, let problem): "challenged \(problem)"
    case .refused(_, let problem): "refused \(problem)"
    case .paid: "paid"
    case .managed: "managed"
    case .delivered: "delivered"
    case .released: "released"
    }
  }

  @Test func paymentsAreReportedInOrder() async throws {
    let fixture = try await ServerFixture()
    let subscription = fixture.server.events.subscribe()
    let route = try fixture.route()
    await (try await fixture.pay(route, ["do": "pay"])).payment?.delivered()
    await (try await fixture.pay(route, ["do": "pay"])).payment?.failed()
    _ = try await fixture.pay(route, ["do": "deny"])
    _ = try await fixture.pay(route, ["do": "manage"])
    await fixture.server.shutdown()
    var names: [String] = []
    for await event in subscription.events { names.append(Self.name(event)) }
    let challenged = "challenged payment-required"
    #expect(
      names == [
        challenged, "paid", "delivered", challenged, "paid", "released", challenged,
        "refused session/insufficient-balance", "challenged session/insufficient-balance", challenged,
        "managed",
      ])
  }

  @Test func aListenerThatHasCancelledIsNotListenedFor() async throws {
    let fixture = try await ServerFixture()
    let subscription = fixture.server.events.subscribe()
    let route = try fixture.route()
    _ = try await fixture.challenges(route)
    subscription.cancel()
    _ = try await fixture.challenges(route)
    var count = 0
    for await _ in subscription.events { count += 1 }
    #expect(count == 1)
    #expect(!fixture.server.events.isObserved)
  }

  @Test func slowListenersLoseTheOldestEvents() async throws {
    let fixture = try await ServerFixture()
    let subscription = fixture.server.events.subscribe(capacity: 2)
    let route = try fixture.route()
    for _ in 0..<5 { _ = try await fixture.challenges(route) }
    #expect(subscription.dropped == 3)
    await fixture.server.shutdown()
    var count = 0
    for await _ in subscription.events { count += 1 }
    #expect(count == 2)
  }
}
