import MPPCore
import Testing

@Suite struct ProblemTests {
  @Test func problemsCompareByCode() {
    #expect(PaymentProblem.channelClosed(reason: "a") == PaymentProblem.channelClosed(reason: "b"))
    #expect(PaymentProblem.channelClosed() != PaymentProblem.channelNotFound())
  }

  @Test func unknownProblemsAreKept() throws {
    let document: JSONValue = [
      "type": "https://paymentauth.org/problems/acme/new", "title": "New", "status": 402, "detail": "d",
      "extra": 1,
    ]
    let problem = try #require(PaymentProblem(document: document))
    #expect(problem.code == PaymentProblem.Code(rawValue: "acme/new"))
    #expect(problem.body() == document)
    #expect(PaymentProblem(document: ["type": "about:blank"]) == nil)
    #expect(PaymentProblem(document: 5) == nil)
  }

  @Test func aHugeIDOfAPeerIsNotRepeated() {
    let problem = PaymentProblem.invalidChallenge(id: String(repeating: "a", count: 10_000), reason: "r")
    #expect(problem.detail == "Challenge is invalid: r.")
  }
}
