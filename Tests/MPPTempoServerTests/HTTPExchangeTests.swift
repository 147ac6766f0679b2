import EVM
import HTTPTypes
import MPPCore
import MPPServer
import MPPTempo
import MPPTesting
import PeerSupport
import Tempo
import TempoDevnet
import TestSupport
import Testing

@testable import MPPTempoServer

/// Recorded exchanges with the reference server: the session cases, replayed against ours with the embedded
/// chain.
@Suite struct HTTPExchangeTests {
  /// Where ours answers otherwise on purpose (`vectors/README.md`).
  enum Deviation {
    case none
    /// Challenges carry more than the reference's: ids and request texts are not compared.
    case otherChallenge
    /// The reference adds a snapshot with the signed highest voucher for whoever repeats an older one; ours
    /// tells only an authenticated payer (W4). Compared without ids.
    case noSnapshotForBearers
    /// The last answer has this problem instead.
    case lastProblem(PaymentProblem.Code)
    /// Needs bootstrap, which this method does not offer yet.
    case skipped

    func hasSameChallenges(isLast: Bool) -> Bool {
      switch self {
      case .none, .lastProblem, .skipped: true
      case .otherChallenge: false
      case .noSnapshotForBearers: !isLast
      }
    }
  }

  static func deviation(_ name: String) -> Deviation {
    switch name {
    case "session: minVoucherDelta": .otherChallenge
    case "session: open replayed": .lastProblem(.insufficientBalance)
    case "session: close below spent": .noSnapshotForBearers
    case "session: bootstrap HEAD": .skipped
    default: .none
    }
  }

  @Test func theSessionCasesAreAnsweredAsRecorded() async throws {
    let cases = try Tally(.httpExchanges).file.group("cases").filter {
      ($0["name"]?.stringValue ?? "").hasPrefix("session: ")
    }
    #expect(cases.count == 33)
    for item in cases {
      let name = try #require(item["name"]?.stringValue)
      let deviation = Self.deviation(name)
      if case .skipped = deviation { continue }
      try await replay(name, item, deviation)
    }
  }

  private func replay(_ name: String, _ item: VectorCase, _ deviation: Deviation) async throws {
    let steps = try #require(item["steps"]?.arrayValue)
    let start = try Timestamp(rfc3339: try #require(steps.first?["now"]?.stringValue))
    var configuration = DevnetConfiguration()
    configuration.chainID = 42_431
    configuration.clock = .manual(start)
    let devnet = try Devnet(configuration: configuration)
    let config = try #require(item["config"])
    let (server, route) = try await server(config, devnet)
    for (index, step) in steps.enumerated() {
      devnet.clock.set(try Timestamp(rfc3339: try #require(step["now"]?.stringValue)))
      let answer = await exchange(try #require(step["request"]), server, route)
      let isLast = index == steps.count - 1
      try compare(
        answer, try #require(step["response"]), deviation, isLast: isLast, "\(name), step \(index)")
    }
  }

  private func server(_ config: JSONValue, _ devnet: Devnet) async throws -> (PaymentServer, Route) {
    #expect(
      config["route"]?.stringValue == "session amount 0.001 unitType request suggestedDeposit 1")
    var options = TempoSessionOptions(
      signer: devnet.accounts[1].signer, transport: DevnetTransport(devnet), chainID: 42_431)
    options.sleeper = DevnetSleeper(devnet)
    options.minVoucherDelta = config["options"]?["minVoucherDelta"]?.stringValue
    let server = try await PaymentServer(
      realm: try #require(config["realm"]?.stringValue),
      secrets: .values(try #require(config["secretKey"]?.stringValue)),
      ledger: try Ledger(MemoryStore(), allowVolatileLedger: true), methods: [.tempo(options)],
      compatibility: .reference, clock: devnet.clock, random: SeededRandom(seed: 1))
    var offer = Offer.session("0.001", per: "request", suggestedDeposit: "1")
    offer.currency = config["currency"]?.stringValue
    offer.recipient = config["recipient"]?.stringValue
    return (server, try server.route(.get, "/r", offers: [offer]))
  }

  struct Answer {
    var status: Int
    var headers: HTTPFields
    var body: [UInt8]
  }

  private func exchange(_ request: JSONValue, _ server: PaymentServer, _ route: Route) async -> Answer {
    var headers: HTTPFields = [:]
    for member in request["headers"]?.objectValue ?? [] {
      if let name = HTTPField.Name(member.key), let value = member.value.stringValue { headers[name] = value }
    }
    let body = request["body"]?.stringValue.map { Array($0.utf8) }
    let outcome = await server.authorize(
      PaymentRequest(
        method: HTTPRequest.Method(request["method"]?.stringValue ?? "") ?? .get, target: "/r",
        headers: headers, body: body), for: route)
    switch outcome {
    case .challenge(let response), .management(let response), .problem(let response):
      return Answer(status: response.status, headers: response.headers, body: response.body)
    case .proceed(let payment):
      var headers: HTTPFields = [:]
      payment.finish(status: 200, headers: &headers)
      await payment.delivered()
      return Answer(status: 200, headers: headers, body: [])
    }
  }

  private func compare(
    _ answer: Answer, _ expected: JSONValue, _ deviation: Deviation, isLast: Bool, _ label: String
  ) throws {
    #expect(
      answer.status == Int(expected["status"]?.intValue ?? 0),
      "\(label): \(String(decoding: answer.body, as: UTF8.self))")
    if let text = expected["headers"]?["www-authenticate"]?.stringValue {
      let ours = try Challenge.parse(header: answer.headers[.wwwAuthenticate] ?? "").challenges
      let theirs = try Challenge.parse(header: text).challenges
      if deviation.hasSameChallenges(isLast: isLast) { #expect(ours == theirs, "\(label)") }
    }
    if let text = expected["headers"]?["payment-receipt"]?.stringValue {
      try compare(receipt: answer.headers[ProtocolHeaders.paymentReceipt] ?? "", text, label)
    }
    guard let body = expected["body"]?.stringValue, answer.status >= 400, !body.isEmpty else { return }
    let ours = try #require(PaymentProblem(document: try JSONValue(parsing: answer.body)), "\(label)")
    let theirs = try #require(PaymentProblem(document: try JSONValue(parsing: body)))
    if case .lastProblem(let code) = deviation, isLast {
      #expect(ours.code == code, "\(label)")
      return
    }
    #expect(ours.code == theirs.code, "\(label): \(ours.detail)")
    // Ours gives a reason where the reference's error had none (W52).
    guard theirs.detail != "Payment verification failed." else { return }
    #expect(ours.detail == theirs.detail, "\(label)")
    guard deviation.hasSameChallenges(isLast: isLast) else { return }
    #expect(try JSONValue(parsing: answer.body) == (try JSONValue(parsing: body)), "\(label)")
  }

  /// The transaction of a close is of our making; everything else is the reference's.
  private func compare(receipt ours: String, _ theirs: String, _ label: String) throws {
    var left = try SessionReceipt(headerValue: ours)
    var right = try SessionReceipt(headerValue: theirs)
    #expect((left.transactionHash == nil) == (right.transactionHash == nil), "\(label)")
    left.transactionHash = nil
    right.transactionHash = nil
    #expect(left.jsonValue == right.jsonValue, "\(label)")
  }
}
