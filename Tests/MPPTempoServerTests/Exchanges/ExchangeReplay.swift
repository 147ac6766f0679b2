import HTTPTypes
import MPPCore
import MPPServer
import MPPTempo
import TempoDevnet
import TestSupport

/// One recorded exchange against a server of ours, step by step.
struct ExchangeReplay {
  private let vector: VectorCase
  private let steps: [JSONValue]
  var proofsAreReusable = false

  init(_ vector: VectorCase) throws {
    self.vector = vector
    steps = try vector.require("steps").arrayValue ?? []
    guard !steps.isEmpty else { throw VectorError("no step") }
  }

  /// Where the last answer is another one than the reference's.
  private var lastProblem: (PaymentProblem.Code, DeliberateDifference)? {
    switch vector.name {
    case "session: open replayed": (.insufficientBalance, .exchangeOpenReplayed)
    case "proof: two Payment credentials": (.badRequest, .exchangeTwoCredentials)
    case "proof: replay accepted without store" where !proofsAreReusable:
      (.verificationFailed, .exchangeProofReplay)
    default: nil
    }
  }

  func run() async throws {
    let start = try Self.now(steps[0])
    let server = try await ExchangeServer(vector, start: start, proofsAreReusable: proofsAreReusable)
    for (index, step) in steps.enumerated() {
      server.devnet.clock.set(try Self.now(step))
      guard let request = step["request"], let expected = step["response"] else {
        throw VectorError("step \(index)")
      }
      let answer = try await server.answer(request, asksForProof: try Self.asksForProof(expected))
      do {
        try compare(answer, expected, isLast: index == steps.count - 1)
      } catch {
        throw VectorError("step \(index): \(error): \(String(decoding: answer.body, as: UTF8.self))")
      }
    }
  }

  private static func now(_ step: JSONValue) throws -> Timestamp {
    guard let text = step["now"]?.stringValue else { throw VectorError("no now") }
    return try Timestamp(rfc3339: text)
  }

  /// The routes are not recorded with the steps; the challenge in the answer says which it was.
  private static func asksForProof(_ expected: JSONValue) throws -> Bool {
    guard let header = expected["headers"]?["www-authenticate"]?.stringValue,
      let challenge = try Challenge.parse(header: header).challenges.first
    else { return false }
    return challenge.intent == "charge" && challenge.request.value()["amount"]?.stringValue == "0"
  }

  private func compare(_ answer: ExchangeServer.Answer, _ expected: JSONValue, isLast: Bool) throws {
    if isLast, let (code, difference) = lastProblem {
      vector.differs(difference)
      let problem = PaymentProblem(document: try JSONValue(parsing: answer.body))
      try Tally.expect(problem?.code, code, "code")
      try Tally.expect(problem?.status, answer.status, "status")
      return
    }
    try Tally.expect(Int64(answer.status), expected["status"]?.intValue, "status")
    let hasSameChallenges = hasSameChallenges(isLast: isLast)
    try compareHeaders(answer, expected["headers"] ?? .null, hasSameChallenges: hasSameChallenges)
    guard answer.status >= 400 else { return }
    try compareProblem(answer.body, expected, hasSameChallenges: hasSameChallenges)
  }

  /// False where our challenge says more or less than the reference's, and so has another id.
  private func hasSameChallenges(isLast: Bool) -> Bool {
    switch vector.name {
    case "session: minVoucherDelta":
      vector.differs(.exchangeVoucherDelta)
      return false
    case "session: close below spent" where isLast:
      vector.differs(.exchangeNoSnapshotForBearers)
      return false
    default: return true
    }
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
    if let text = expected["cache-control"]?.stringValue, answer.status >= 400 || receipt != nil {
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
