import EVM
import Foundation
import HTTPTypes
import Hummingbird
import MPPClient
import MPPCore
import MPPHummingbird
import MPPServer
import MPPTempo
import MPPTempoClient
import MPPTempoServer
import MPPTesting
import MarketplaceSupport
import PeerSupport
import Synchronization
import Tempo
import TempoDevnet
import TempoRPC
import Testing

/// 09 A, C, D and U where they are about charges and proofs of identity.
@Suite("Findings: charges", .timeLimit(.minutes(3)))
struct FindingsChargeTests {
  @Test("A receipt on an answer that was not paid is not looked at, and one of another payment is an error")
  func findingA7ReceiptsOfChargesBelongToTheirPayment() async throws {
    let stall = try await ChargeStall(try Devnet())
    let journal = TestJournal()
    let honest = try await stall.client(journal: journal).execute(stall.get("/paid"))
    let receipt = try #require(honest.headers[ProtocolHeaders.paymentReceipt])
    let liar = Liar(stall)
    let client = try liar.client(journal: journal)
    liar.onAnswer { _, response in response.headerFields[ProtocolHeaders.paymentReceipt] = receipt }
    let writes = journal.writes
    let free = try await client.execute(stall.get("/nothing"))
    #expect(free.payment == nil)
    #expect(free.receipt == nil)
    #expect(journal.writes == writes)
    // The receipt of the first payment on the answer to the second (C27).
    let error = await failure { try await client.execute(stall.get("/paid")) }
    #expect(error?.code == .receiptInvalid)
    #expect(error?.response?.status == .ok)
    #expect(stall.payments.count == 2)
    #expect(stall.deliveries == 2)
  }

  @Test("A proof of identity never becomes a payment: a price in the next challenge is not paid")
  func findingC1AProofSignsNothingElse() async throws {
    let stall = try await ChargeStall(try Devnet())
    let liar = Liar(stall)
    // The proof is asked for, and when it comes the server asks for money.
    liar.onRequest { request in
      guard request.path == "/proof", request.headerFields[.authorization] != nil else { return }
      request.path = "/paid"
      request.headerFields[.authorization] = nil
    }
    let key = CountingKey(stall.devnet.accounts[1].privateKey)
    let client = try liar.client(as: .signer(key))
    let error = await failure { try await client.execute(stall.get("/proof")) }
    #expect(error?.code == .paymentRefused)
    #expect(key.count == 1)
    #expect(stall.payments.isEmpty)
    #expect(try await client.authorizedInPeriod() == .zero)
  }

  @Test("The method that is chosen is the one that signs, in whatever order offers and methods come")
  func findingC12NoSecondSelection() async throws {
    for (isChargeFirst, isReversed) in [(true, false), (true, true), (false, false), (false, true)] {
      try await Marketplace.run { market in
        let charge = Offer.charge("0.01")
        let session = Offer.session("0.01", per: "request")
        let shop = try await market.shop { options in
          options.charges = { _ in }
          options.routes = { router, payments, log in
            router.group("both").add(
              middleware: try payments.gate(offers: isChargeFirst ? [charge, session] : [session, charge])
            ).get { _, _ -> String in
              log.serve()
              return "both"
            }
          }
        }
        let client = try market.client(isReversed: isReversed)
        let response = try await client.execute(.get(shop.url + "/both"))
        #expect(response.status == .ok)
        let payment = try #require(response.payment)
        let paidByCharge = payment.intent == "charge"
        #expect((payment.channel == nil) == paidByCharge)
        #expect(try await client.channels().isEmpty == paidByCharge)
        // By hand: the payload of one method under the challenge of the other is refused by both.
        let buyer = HandBuyer(market, shop, account: 2)
        let answer = try await buyer.http.exchange("GET", "/both")
        let challenges = try ChallengeList(fields: answer.headers).challenges
        let channel = try await buyer.payer.open(
          deposit: 100_000, payee: market.devnet.accounts[0].address)
        let charged = try #require(challenges.first { $0.intent.equalsBytes(of: "charge") })
        let crossed = try await buyer.http.exchange(
          "GET", "/both", headers: [buyer.header(channel.openPayload(10_000), charged)])
        #expect(crossed.status == 402, "\(crossed)")
        #expect(shop.log.served == 1)
      }
    }
  }

  @Test("Names of headers are written down once")
  func findingC17OneListOfHeaders() throws {
    let names = ProtocolHeaders.all.map { "\"\($0.rawName)\"" }
    let targets = [
      "MPPCore", "MPPServer", "MPPTempoServer", "MPPClient", "MPPTempoClient", "MPPTempo", "MPPHummingbird",
      "MPPConformance", "MPPStoreSQLite", "TempoRPC", "mpp",
    ]
    let found = try Sources.lines(of: targets).filter { entry in
      entry.file != "ProtocolHeaders.swift" && names.contains { entry.line.contains($0) }
    }
    #expect(found.isEmpty, "\(found)")
  }

  @Test("Whoever decides who may pay is asked about accounts that signed, never about a source that was said")
  func findingC26OnlyVerifiedSourcesReachHooks() async throws {
    let asked = Mutex<[Address]>([])
    let devnet = try Devnet()
    let stall = try await ChargeStall(devnet) { options in
      options.allowsPayer = { account, _ in
        asked.withLock { $0.append(account) }
        return true
      }
    }
    let victim = devnet.accounts[5].address
    let lie = "did:pkh:eip155:\(devnet.chainID):\(victim.checksummed)"
    // The client's own credentials with another source.
    for path in ["/paid", "/push", "/proof"] {
      let liar = Liar(stall)
      liar.onRequest { request in
        guard let text = request.headerFields[.authorization],
          let credential = try? Credential(parsing: text)
        else { return }
        request.headerFields[.authorization] = Credential(
          challenge: credential.challenge, payload: credential.payload, source: UnverifiedSource(lie)
        ).serialized()
      }
      let client = try liar.client()
      _ = await failure { try await client.execute(stall.get(path)) }
    }
    #expect(asked.withLock { $0 } == [])
    #expect(stall.deliveries == 0)
    for path in ["/paid", "/push", "/proof"] {
      #expect(try await stall.client().execute(stall.get(path)).status == .ok)
    }
    let honest = devnet.accounts[1].address
    #expect(asked.withLock { $0 } == [honest, honest, honest])
  }

  @Test("Whatever is refused, or only looked at, has moved no money and written nothing")
  func findingD5OnlyAnAdmittedPaymentHasEffects() async throws {
    let devnet = try Devnet()
    let split: JSONValue = .array([
      .object([
        .init(key: "amount", value: .string("0.001")),
        .init(key: "recipient", value: .string(devnet.accounts[4].address.hex)),
      ])
    ])
    let stall = try await ChargeStall(
      devnet, offers: ["/split": [.init(key: "splits", value: split)], "/other": []])
    let kept = Mutex<String?>(nil)
    let thief = Liar(stall)
    thief.onRequest { request in
      guard let value = request.headerFields[.authorization] else { return }
      kept.withLock { $0 = value }
      request.headerFields[.authorization] = nil
    }
    _ = await failure { try await thief.client().execute(stall.get("/paid")) }
    let credential = try #require(kept.withLock { $0 })
    let parsed = try Credential(parsing: credential)
    let forged = Credential(
      challenge: try Forgery.resealed(parsed.challenge), payload: parsed.payload, source: parsed.source
    ).serialized()
    let sent = devnet.requestCount("eth_sendRawTransaction")
    let written = stall.store.commitCount
    for (path, value) in [
      ("/other", credential), ("/split", credential), ("/push", credential), ("/proof", credential),
      ("/paid", forged),
    ] {
      let answer = try await stall.get(path, credential: value)
      #expect(answer.status == 402, "\(path)")
    }
    devnet.clock.advance(seconds: 301)
    #expect(try await stall.get("/paid", credential: credential).status == 402)
    #expect(devnet.requestCount("eth_sendRawTransaction") == sent)
    #expect(stall.store.commitCount == written)
    #expect(stall.earned == 0)
  }

  @Test(
    "Anything that looks like a credential gets a problem document with a fresh challenge, on every kind of route"
  )
  func findingD12MalformedCredentials() async throws {
    let devnet = try Devnet()
    let memo: [JSONValue.Member] = [
      .init(key: "memo", value: .string("0x" + String(repeating: "ab", count: 32)))
    ]
    let split: JSONValue = .array([
      .object([
        .init(key: "amount", value: .string("0.001")),
        .init(key: "recipient", value: .string(devnet.accounts[4].address.hex)),
      ])
    ])
    let stall = try await ChargeStall(
      devnet, offers: ["/sponsored": [], "/memo": memo, "/split": [.init(key: "splits", value: split)]]
    ) { $0.feePayer = FeePayerOptions(signer: devnet.sponsor.signer) }
    for path in ["/paid", "/push", "/proof", "/sponsored", "/memo", "/split"] {
      let unpaid = try await stall.get(path)
      let challenge = try #require(try ChallengeList(fields: unpaid.headerFields).challenges.first)
      var seen: Set<String> = [challenge.id]
      for credential in Self.malformed(challenge) {
        let answer = try await stall.get(path, credential: credential)
        let note = "\(path) \(credential.prefix(60))"
        #expect([400, 402].contains(answer.status), "\(note): \(answer.status)")
        #expect(answer.headerFields[.contentType] == "application/problem+json", "\(note)")
        let fresh = try ChallengeList(fields: answer.headerFields).challenges
        #expect(!fresh.isEmpty && fresh.allSatisfy { seen.insert($0.id).inserted }, "\(note)")
      }
    }
    #expect(devnet.requestCount("eth_sendRawTransaction") == 0)
    #expect(stall.deliveries == 0)
  }

  private static func malformed(_ challenge: Challenge) -> [String] {
    func payload(_ members: (String, JSONValue)...) -> String {
      Credential(
        challenge: challenge,
        payload: .object(members.map { .init(key: $0.0, value: $0.1) }),
        source: UnverifiedSource("did:pkh:eip155:1337:nobody")
      ).serialized()
    }
    let transaction: JSONValue = .string("transaction")
    return [
      "Payment", "Payment ", "Payment !!!", "Payment e30", "Payment bnVsbA", "Payment W10",
      payload(), payload(("type", .string("unheard"))), payload(("type", .null)),
      payload(("type", .array([]))),
      payload(("type", transaction)), payload(("type", transaction), ("signature", .string("0x"))),
      payload(("type", transaction), ("signature", .string("0x7"))),
      payload(("type", transaction), ("signature", .string("0x76"))),
      payload(("type", transaction), ("signature", .string("0x76c0"))),
      payload(("type", transaction), ("signature", .string("0x02c0"))),
      payload(("type", transaction), ("signature", .string("0x78" + String(repeating: "ff", count: 4_000)))),
      payload(("type", .string("hash")), ("hash", .string("0x12"))),
      payload(("type", .string("hash")), ("hash", .string("0x" + String(repeating: "00", count: 32)))),
      payload(("type", .string("proof")), ("signature", .string("0x" + String(repeating: "00", count: 65)))),
      payload(("type", .string("proof")), ("signature", .string("0x04"))),
    ]
  }

  @Test("A price that cannot be computed is a problem document, before and after a credential")
  func findingD12AHookThatThrows() async throws {
    let devnet = try Devnet()
    let isBroken = Mutex(false)
    let server = try await PaymentServer(
      realm: ChargeStall.realm, secrets: .values("a secret of at least thirty-two bytes"),
      ledger: try Ledger(MemoryStore(), allowVolatileLedger: true),
      methods: [
        .tempoCharge(
          MPPTempoServer.TempoChargeOptions(
            transport: DevnetTransport(devnet), chainID: devnet.chainID,
            recipient: devnet.accounts[0].address))
      ], clock: devnet.clock)
    let price = Price.computed { _ in
      if isBroken.withLock({ $0 }) { throw TestFailure("no price today") }
      return "0.01"
    }
    let route = try server.route(.get, "/r", offers: [.charge(price)])
    let unpaid = await server.authorize(PaymentRequest(method: .get, target: "/r"), for: route)
    let header = try #require(unpaid.response?.headers[.wwwAuthenticate])
    let challenge = try #require(try Challenge.parse(header: header).challenges.first)
    isBroken.withLock { $0 = true }
    var headers = HTTPFields()
    headers[.authorization] =
      Credential(challenge: challenge, payload: .object([]), source: nil).serialized()
    for request in [
      PaymentRequest(method: .get, target: "/r"),
      PaymentRequest(method: .get, target: "/r", headers: headers),
    ] {
      let outcome = await server.authorize(request, for: route)
      let response = try #require(outcome.response)
      #expect((400...599).contains(response.status))
      #expect(response.headers[.contentType] == "application/problem+json")
      #expect(!String(decoding: response.body, as: UTF8.self).contains("no price today"))
    }
  }

  @Test("No layer decides by the text of another's error")
  func findingD16TypedOutcomes() throws {
    let targets = [
      "MPPServer", "MPPTempoServer", "MPPClient", "MPPTempoClient", "MPPTempo", "MPPHummingbird", "mpp",
      "MPPConformance", "MPPStoreSQLite", "Tempo", "EVM",
    ]
    let found = try Sources.lines(of: targets).filter { Self.decidesByText($0.line) }
    #expect(found.isEmpty, "\(found)")
    for line in [
      "if error.message.contains(\"x\") {", "guard problem.detail == \"x\" else",
      "where \"x\" != error.reason",
      "error.description.utf8.starts(with: \"x\".utf8)", "switch error.title {",
      "title.equalsBytes(of: \"x\")",
      "if \"\\(error)\".hasPrefix(\"x\") {", "String(describing: error) == \"x\"",
      "message?.hasSuffix(\"x\") == true",
      "reason.firstRange(of: \"x\")", "message.lowercased().contains(\"x\")",
      "case \"x\" where message == \"y\"",
    ] { #expect(Self.decidesByText(line), "\(line)") }
    for line in ["throw E(\"message\")", "message: \"x == y\"", "let detail = \"x\""] {
      #expect(!Self.decidesByText(line), "\(line)")
    }
  }

  /// Whether a line compares or searches what an error says.
  private static func decidesByText(_ line: String) -> Bool {
    let word = "\\b(message|reason|detail|description|title|localizedDescription)\\)?\\??"
    let error = "(String\\((describing|reflecting): [a-zA-Z]*[eE]rror\\)|\"\\\\\\([a-zA-Z]*[eE]rror\\)\")"
    let search =
      "(contains|hasPrefix|hasSuffix|starts|range|firstRange|equalsBytes|isText|wholeMatch|firstMatch|split)"
    let view = "(\\.(utf8|lowercased\\(\\)|uppercased\\(\\)))?"
    let forms = [
      "(\(word)|\(error))\(view)\\.\(search)\\([^)]*\"", "(\(word)|\(error))\(view) (==|!=|~=) \"",
      "\" (==|!=|~=) [A-Za-z.?]*(\(word)|\(error))",
      "switch [A-Za-z.?]*\\.(message|detail|description|title)\\b",
    ]
    return forms.contains { line.range(of: $0, options: .regularExpression) != nil }
  }

  @Test("Requests without a credential leave nothing behind, however many there are")
  func findingD14AnonymousRequestsAreForgotten() async throws {
    let stall = try await ChargeStall(try Devnet())
    for number in 0..<1_000 { _ = try await stall.get(["/paid", "/push", "/proof"][number % 3]) }
    #expect(stall.store.commitCount == 0)
    #expect(stall.devnet.requests().isEmpty)
  }

  @Test("A proof is used once as long as its challenge lives, and not at all afterwards")
  func findingD18ProofsAreClaimedForTheLifeOfTheirChallenge() async throws {
    let stall = try await ChargeStall(try Devnet())
    _ = try await stall.client().execute(stall.get("/proof"))
    let credential = try #require(stall.credentials.last)
    for seconds: Int64 in [0, 150, 149, 2, 600] {
      stall.devnet.clock.advance(seconds: seconds)
      #expect(try await stall.get("/proof", credential: credential).status == 402)
    }
    #expect(stall.deliveries == 1)
  }

  @Test(
    "A lost answer to the broadcast of a charge never makes it happen twice",
    arguments: ["/paid", "/push", "/sponsored"])
  func findingU9ChargesAreSentOnce(path: String) async throws {
    let devnet = try Devnet()
    let stall = try await ChargeStall(devnet, offers: path == "/sponsored" ? ["/sponsored": []] : [:]) {
      if path == "/sponsored" { $0.feePayer = FeePayerOptions(signer: devnet.sponsor.signer) }
    }
    devnet.faults.inject(.broadcast, .loseReply)
    let client = try stall.client()
    var response: PaidResponse?
    for _ in 0..<3 where response?.status != .ok { response = try? await client.execute(stall.get(path)) }
    #expect(response?.status == .ok)
    #expect(stall.payments.count == 1)
    #expect(stall.deliveries == 1)
    // The credential again, and the same for somebody who has seen it.
    let credential = try #require(stall.credentials.last)
    #expect(try await stall.get(path, credential: credential).status == 402)
    #expect(stall.payments.count == 1)
  }

  @Test("A sponsored payment whose answer was lost is found by its transfer, and not paid a second time")
  func findingU9ASponsoredPaymentIsRecognisedLater() async throws {
    let devnet = try Devnet()
    let stall = try await ChargeStall(devnet, offers: ["/sponsored": []]) {
      $0.feePayer = FeePayerOptions(signer: devnet.sponsor.signer)
    }
    let journal = TestJournal()
    stall.loseNextPaidAnswer()
    let first = try stall.client(journal: journal)
    #expect(await failure { try await first.execute(stall.get("/sponsored")) }?.code == .transport)
    devnet.clock.advance(seconds: 120)
    devnet.mine(3)
    let second = try stall.client(journal: TestJournal(copying: journal))
    let response = try await second.execute(stall.get("/sponsored"))
    #expect(response.payment?.actions == ["again"])
    #expect(stall.payments.count == 1)
    #expect(stall.deliveries == 1)
  }
}

/// A server between a client and an honest stall that changes what it likes.
private final class Liar: HTTPTransport {
  typealias RequestEdit = @Sendable (inout HTTPRequest) -> Void
  typealias AnswerEdit = @Sendable (HTTPRequest, inout HTTPResponse) -> Void

  private let stall: ChargeStall
  private let edits = Mutex<(request: RequestEdit, answer: AnswerEdit)>(({ _ in }, { _, _ in }))

  init(_ stall: ChargeStall) { self.stall = stall }

  func onRequest(_ edit: @escaping RequestEdit) { edits.withLock { $0.request = edit } }
  func onAnswer(_ edit: @escaping AnswerEdit) { edits.withLock { $0.answer = edit } }

  func client(
    as account: TempoAccount? = nil, journal: any PaymentJournal = VolatileJournal()
  ) throws -> PaymentClient {
    try stall.client(as: account, journal: journal, transport: self)
  }

  func send(
    _ head: HTTPRequest, body: [UInt8]?, timeout: Duration
  ) async throws(HTTPTransportError) -> HTTPTransportResponse {
    let (onRequest, onAnswer) = edits.withLock { $0 }
    var request = head
    onRequest(&request)
    let answer = try await stall.send(request, body: body, timeout: timeout)
    var changed = answer.head
    onAnswer(request, &changed)
    return HTTPTransportResponse(head: changed, body: answer.body)
  }

  func shutdown() async {}
}
