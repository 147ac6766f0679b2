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

  /// Swift counts a combining mark and the slash before it as one character; the code is taken by bytes.
  @Test func aCodeIsTakenFromTheTypeByItsBytes() throws {
    for code in ["\u{301}session/channel-not-found", "\u{59F}", "", "\r\n", "a\u{328}b"] {
      let type = "https://paymentauth.org/problems/" + code
      let problem = try #require(PaymentProblem(document: ["type": .string(type)]))
      #expect(problem.code.rawValue.utf8.elementsEqual(code.utf8))
      #expect(problem.type.utf8.elementsEqual(type.utf8))
      #expect(problem.code != .channelNotFound)
    }
  }

  @Test func aHugeIDOfAPeerIsNotRepeated() {
    let problem = PaymentProblem.invalidChallenge(id: String(repeating: "a", count: 10_000), reason: "r")
    #expect(problem.detail == "Challenge is invalid: r.")
  }
}
