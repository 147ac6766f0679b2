import HTTPTypes
import MPPCore
import MPPServer
import MPPTempo
import TempoDevnet
import TestSupport

/// One recorded exchange against a server of ours, step by step.
struct ExchangeReplay {
  private let vector: VectorCase
  private let steps: [ExchangeStep]
  var proofsAreReusable = false

  init(_ vector: VectorCase) throws {
    self.vector = vector
    steps = try (try vector.require("steps").arrayValue ?? []).map { try ExchangeStep($0) }
    guard !steps.isEmpty else { throw VectorError("no step") }
  }

  /// Whether a proof is served that has been served before.
  var servesAProofTwice: Bool { steps.indices.contains { isServedAgain(at: $0) && steps[$0].isProof } }

  /// Whether an earlier step was served with the same credential.
  private func isRepeated(at index: Int) -> Bool {
    guard let authorization = steps[index].authorization else { return false }
    return steps[..<index].contains { $0.authorization == authorization && $0.isServed }
  }

  private func isServedAgain(at index: Int) -> Bool { isRepeated(at: index) && steps[index].isServed }

  /// Where the answer is another one than the reference's.
  private func otherProblem(at index: Int) -> (PaymentProblem.Code, DeliberateDifference)? {
    let step = steps[index]
    if step.hasSeveralCredentials { return (.badRequest, .exchangeTwoCredentials) }
    if step.isProof, isServedAgain(at: index), !proofsAreReusable {
      return (.verificationFailed, .exchangeProofReplay)
    }
    if step.action == "open", isRepeated(at: index), step.problem?.code == .verificationFailed {
      return (.insufficientBalance, .exchangeOpenReplayed)
    }
    return nil
  }

  func run() async throws {
    let server = try await ExchangeServer(vector, start: steps[0].now, proofsAreReusable: proofsAreReusable)
    for (index, step) in steps.enumerated() {
      server.devnet.clock.set(step.now)
      let answer = try await server.answer(step.request, asksForProof: try Self.asksForProof(step))
      do {
        try compare(answer, at: index)
      } catch {
        throw VectorError("step \(index): \(error): \(String(decoding: answer.body, as: UTF8.self))")
      }
    }
  }

  /// The routes are not recorded with the steps; the challenge in the answer says which it was.
  private static func asksForProof(_ step: ExchangeStep) throws -> Bool {
    guard let challenge = try step.challenges()?.first else { return false }
    return challenge.intent == "charge" && challenge.request.value()["amount"]?.stringValue == "0"
  }

  private func compare(_ answer: ExchangeServer.Answer, at index: Int) throws {
    let step = steps[index]
    if let (code, difference) = otherProblem(at: index) {
      vector.differs(difference)
      let problem = PaymentProblem(document: try JSONValue(parsing: answer.body))
      try Tally.expect(problem?.code, code, "code")
      try Tally.expect(problem?.status, answer.status, "status")
      return
    }
    try Tally.expect(Int64(answer.status), step.status, "status")
    let hasSameChallenges = try hasSameChallenges(step)
    try compareHeaders(answer, step.expected["headers"] ?? .null, hasSameChallenges: hasSameChallenges)
    guard answer.status >= 400 else { return }
    try compareProblem(answer.body, step.expected, hasSameChallenges: hasSameChallenges)
  }

  /// False where our challenge says more or less than the reference's, and so has another id.
  private func hasSameChallenges(_ step: ExchangeStep) throws -> Bool {
    if vector["config"]?["options"]?["minVoucherDelta"] != nil {
      vector.differs(.exchangeVoucherDelta)
      return false
    }
    // Whoever presents a voucher below the newest one is told it, and need not be the payer.
    if step.action == "close", try step.hasSnapshot() {
      vector.differs(.exchangeNoSnapshotForBearers)
      return false
    }
    return true
  }

  private func compareHeaders(
    _ answer: ExchangeServer.Answer, _ expected: JSONValue, hasSameChallenges: Bool
  ) throws {
    let theirs = try expected["www-authenticate"]?.stringValue.map {
      try Challenge.parse(header: $0).challenges
    }
    let ours = try answer.headers[.wwwAuthenticate].map { try Challenge.parse(header: $0).challenges }
    try Tally.expect(ours?.count, theirs?.count, "number of challenges")
    if hasSameChallenges { try Tally.expect(ours, theirs, "challenges") }
    let receipt = answer.headers[ProtocolHeaders.paymentReceipt]
    try Tally.expect(receipt != nil, expected["payment-receipt"] != nil, "has a receipt")
    if let receipt, let text = expected["payment-receipt"]?.stringValue { try compare(receipt, text) }
    if let text = expected["cache-control"]?.stringValue,
      answer.status >= 400 || answer.status == 204 || receipt != nil
    {
      try Tally.expect(answer.headers[.cacheControl], text, "Cache-Control")
    }
    if answer.status >= 400, let text = expected["content-type"]?.stringValue {
      try Tally.expect(answer.headers[.contentType], text, "Content-Type")
    }
  }

  /// The transaction of a close is of our making; everything else is the reference's.
  private func compare(_ ours: String, _ theirs: String) throws {
    func members(_ header: String) throws -> (JSONValue, hasTransaction: Bool) {
      let receipt = try Receipt(parsing: header)
      let isSession = receipt.intent == "session"
      let members = receipt.members.filter { !isSession || $0.key != "txHash" }
      return (.object(members), receipt.members.contains { $0.key == "txHash" })
    }
    let (left, right) = (try members(ours), try members(theirs))
    try Tally.expect(left.0, right.0, "receipt")
    try Tally.expect(left.hasTransaction, right.hasTransaction, "transaction in the receipt")
  }

  private func compareProblem(_ body: [UInt8], _ expected: JSONValue, hasSameChallenges: Bool) throws {
    guard let text = expected["body"]?.stringValue, !text.isEmpty else {
      try Tally.expect(body, [], "body")
      return
    }
    guard var ours = PaymentProblem(document: try JSONValue(parsing: body)),
      var theirs = PaymentProblem(document: try JSONValue(parsing: text))
    else { throw VectorError("not a problem document") }
    try Tally.expect(ours.code, theirs.code, "code")
    if theirs.detail == "Payment verification failed.", ours.detail != theirs.detail {
      vector.differs(.exchangeReasonAdded)
      theirs.detail = ours.detail
    }
    if theirs.detail.hasSuffix("..") {
      vector.differs(.exchangeOnePeriod)
      theirs.detail.removeLast()
    }
    if !hasSameChallenges { ours.challengeID = theirs.challengeID }
    try Tally.expect(ours.body(), theirs.body(), "problem")
  }
}
