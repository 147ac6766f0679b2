import MPPClient
import MPPCore
import Testing

@Suite("The course of a paid request")
struct PaymentFlowTests {
  let origin = Origin(scheme: "https", host: "api.example.com", port: 443)

  func offer(_ id: String, terms: String = "t", price: UInt128 = 10) -> PaymentFlow.Candidate {
    PaymentFlow.Candidate(challengeID: id, terms: terms, price: Amount(units: price))
  }

  func demand(_ id: String, terms: String = "t", price: UInt128 = 10, status: Int = 402) -> PaymentFlow.Event
  {
    .answered(
      PaymentFlow.Answer(
        status: status, candidates: [offer(id, terms: terms, price: price)], isPaymentProblem: true))
  }

  /// A flow that has been refused once.
  func flow(in state: PaymentFlow.State) throws -> PaymentFlow {
    var flow = PaymentFlow(origin: origin)
    if state == .ready { return flow }
    _ = try flow.handle(.started)
    if state == .waiting { return flow }
    if state == .finished {
      _ = try flow.handle(.answered(PaymentFlow.Answer(status: 200)))
      return flow
    }
    _ = try flow.handle(demand("a"))
    if state == .paying { return flow }
    _ = try flow.handle(.credentialMade)
    if state == .presenting { return flow }
    _ = try flow.handle(demand("b"))
    return flow
  }

  @Test("Every event in every state: allowed ones move on, all others end the flow")
  func table() throws {
    let events: [PaymentFlow.Event] = [
      .started, demand("c"), .answered(PaymentFlow.Answer(status: 200)), .credentialMade, .refusalHandled,
      .failed, .unprepared,
    ]
    // Rows: states; columns: events; the state after, or nil for an error.
    let table: [(PaymentFlow.State, [PaymentFlow.State?])] = [
      (.ready, [.waiting, nil, nil, nil, nil, nil, nil]),
      (.waiting, [nil, .paying, .finished, nil, nil, .finished, nil]),
      (.paying, [nil, nil, nil, .presenting, nil, .finished, .finished]),
      (.presenting, [nil, .reviewing, .finished, nil, nil, .finished, nil]),
      (.reviewing, [nil, nil, nil, nil, .paying, .finished, nil]),
      (.finished, [nil, nil, nil, nil, nil, nil, nil]),
    ]
    for (state, row) in table {
      for (event, expected) in zip(events, row) {
        var flow = try flow(in: state)
        #expect(flow.state == state)
        do {
          _ = try flow.handle(event)
          #expect(flow.state == expected, "\(state) + \(event.name)")
        } catch {
          #expect(expected == nil, "\(state) + \(event.name): \(error)")
        }
      }
    }
  }

  @Test("An offer that cannot be prepared gives way to the next, in order; the last of them ends the flow")
  func unpreparedOffers() throws {
    var flow = PaymentFlow(origin: origin, maximumAttempts: 1)
    _ = try flow.handle(.started)
    let candidates = ["a", "b", "c"].map { offer($0, terms: $0) }
    #expect(try flow.handle(.answered(PaymentFlow.Answer(status: 402, candidates: candidates))) == .pay(0))
    #expect(try flow.handle(.unprepared) == .pay(1))
    #expect(try flow.handle(.unprepared) == .pay(2))
    #expect(flow.attempts == 1)
    #expect(try flow.handle(.unprepared) == .stop)
    #expect(flow.state == .finished)
  }

  @Test(
    "Once a credential was made no other offer takes its place, and the one that is paid binds the attempts")
  func committedOffers() throws {
    var flow = PaymentFlow(origin: origin)
    _ = try flow.handle(.started)
    let candidates = ["a", "b", "c"].map { offer($0, terms: $0) }
    _ = try flow.handle(.answered(PaymentFlow.Answer(status: 402, candidates: candidates)))
    _ = try flow.handle(.unprepared)
    #expect(try flow.handle(.credentialMade) == .sendPaid)
    // Refused: the terms of "b" are bound, not those of the offer that was wanted first.
    let fresh = [offer("a2", terms: "a"), offer("b2", terms: "b"), offer("c2", terms: "c")]
    let answer = PaymentFlow.Answer(status: 402, candidates: fresh, isPaymentProblem: true)
    #expect(try flow.handle(.answered(answer)) == .review(next: 1))
    #expect(try flow.handle(.refusalHandled) == .pay(1))
    #expect(try flow.handle(.unprepared) == .stop)
  }

  @Test("A server that always refuses gets the configured number of attempts (A9)", arguments: [1, 2, 3, 7])
  func boundedAttempts(maximum: Int) throws {
    var flow = PaymentFlow(origin: origin, maximumAttempts: maximum)
    var action = try flow.handle(.started)
    var sent = 0
    var challenge = 0
    loop: while true {
      switch action {
      case .sendUnpaid, .sendPaid:
        if action == .sendPaid { sent += 1 }
        challenge += 1
        action = try flow.handle(demand("c\(challenge)"))
      case .pay: action = try flow.handle(.credentialMade)
      case .review(let next):
        if next == nil { break loop }
        action = try flow.handle(.refusalHandled)
      case .deliver, .stop: break loop
      }
    }
    #expect(sent == maximum)
    #expect(flow.attempts == maximum)
  }

  @Test("The same challenge id is never paid twice (A9)")
  func sameChallenge() throws {
    var flow = try flow(in: .presenting)
    #expect(try flow.handle(demand("a")) == .review(next: nil))
  }

  @Test("A later challenge may not change the terms or raise the price (T25)")
  func changedTerms() throws {
    for event in [demand("b", terms: "other"), demand("b", price: 11)] {
      var flow = try flow(in: .presenting)
      #expect(try flow.handle(event) == .review(next: nil))
    }
    var flow = try flow(in: .presenting)
    #expect(try flow.handle(demand("b", price: 9)) == .review(next: 0))
  }

  @Test("No credential travels over plain HTTP, except to this machine")
  func insecure() throws {
    for (host, isAllowed) in [
      ("api.example.com", false), ("127.0.0.1.example.com", false), ("127.0.0.1", true), ("localhost", true),
      ("[::1]", true),
    ] {
      var flow = PaymentFlow(origin: Origin(scheme: "http", host: host, port: 8080))
      _ = try flow.handle(.started)
      if isAllowed {
        #expect(try flow.handle(demand("a")) == .pay(0))
      } else {
        #expect(throws: PaymentFlow.FlowError.insecureTransport) { try flow.handle(demand("a")) }
      }
    }
  }

  @Test("Answers that are not refusals are delivered: 5xx, 3xx, an application's own 400 and 410")
  func delivered() throws {
    for status in [200, 204, 302, 307, 404, 409, 429, 500, 503, 400, 410] {
      var flow = try flow(in: .presenting)
      #expect(try flow.handle(.answered(PaymentFlow.Answer(status: status))) == .deliver(paid: true))
    }
    var flow = try flow(in: .waiting)
    #expect(try flow.handle(.answered(PaymentFlow.Answer(status: 402))) == .deliver(paid: false))
  }

  @Test("A 410 with a fresh challenge may be answered, a 400 not")
  func gone() throws {
    var flow = try flow(in: .presenting)
    #expect(try flow.handle(demand("b", status: 410)) == .review(next: 0))
    flow = try self.flow(in: .presenting)
    #expect(try flow.handle(demand("b", status: 400)) == .review(next: nil))
  }
}
