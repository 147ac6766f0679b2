import MPPCore
import Testing

struct AcceptPaymentTests {
  private func accept(_ header: String) throws -> AcceptPayment { try AcceptPayment(parsing: header) }

  @Test func oneBadEntryIsDroppedAndTheOthersCount() throws {
    let parsed = try accept("tempo/charge;q=0.5, Tempo/x, evm, stripe/charge;q=2, tempo/session;q=0")
    #expect(parsed.headerValue == "tempo/charge;q=0.5, tempo/session;q=0")
  }

  @Test(arguments: ["x", "tempo/charge;q=2, evm", "\u{A0}tempo/charge", "tempo/charge/, /", "té/charge"])
  func aHeaderWithoutAnyGoodEntryIsRefused(_ header: String) {
    #expect(throws: AcceptPaymentError.self) { try accept(header) }
  }

  @Test func emptyIsAnErrorOfItsOwn() {
    for header in ["", " ", ",", " , \t,"] {
      #expect(throws: AcceptPaymentError.empty) { try accept(header) }
    }
  }

  @Test func sizeIsBounded() throws {
    let entry = "tempo/charge,"
    let many = String(repeating: entry, count: AcceptPayment.maximumEntries)
    #expect(try accept(many).entries.count == AcceptPayment.maximumEntries)
    #expect(throws: AcceptPaymentError.tooLarge) { try accept(many + entry) }
    let long = "tempo/" + String(repeating: "a", count: AcceptPayment.maximumBytes)
    #expect(throws: AcceptPaymentError.tooLarge) { try accept(long) }
  }

  @Test func theMostSpecificMatchDecidesThenTheWeight() throws {
    let parsed = try accept("tempo/*, tempo/charge;q=0, */session;q=0.4, tempo/*;q=0.2")
    #expect(parsed.weight(method: "tempo", intent: "charge") == PaymentWeight.none)
    #expect(parsed.weight(method: "tempo", intent: "session") == .full)
    #expect(parsed.weight(method: "evm", intent: "session") == PaymentWeight(thousandths: 400))
    #expect(parsed.weight(method: "evm", intent: "charge") == nil)
  }

  @Test func rankingIsStable() throws {
    let offers = [("a", "x"), ("b", "x"), ("c", "x"), ("d", "y")]
    let ranked = try accept("*/x;q=0.5, c/x").rank(offers) { (method: $0.0, intent: $0.1) }
    #expect(ranked.map(\.0) == ["c", "a", "b"])
  }

  @Test func pairsThatTheHeaderCannotExpressAreLeftOut() throws {
    let parsed = try AcceptPayment(methods: [("tempo", "charge"), ("my_rail", "charge")])
    #expect(parsed.headerValue == "tempo/charge")
  }

  @Test func weightsAreThousandths() {
    #expect(PaymentWeight(0.1 + 0.2)?.description == "0.3")
    #expect(PaymentWeight(0.0004) == nil)
    #expect(PaymentWeight(.nan) == nil)
    #expect(PaymentWeight(-0.1) == nil)
    #expect(PaymentWeight(1.001) == nil)
    #expect(PaymentWeight(thousandths: 1001) == nil)
    #expect(PaymentWeight(thousandths: 1)?.description == "0.001")
    #expect(PaymentWeight(thousandths: 250)?.description == "0.25")
    #expect("\(PaymentWeight.none) \(PaymentWeight.full)" == "0 1")
  }
}
