import EVM
import HTTPTypes
import MPPCore
import MPPServer
import MPPTempo
import MPPTempoServer
import MPPTesting
import MarketplaceSupport
import PeerSupport
import Synchronization
import Tempo
import TempoDevnet
import TempoRPC
import Testing

/// 09 D5, C6: looking at a credential never moves money; settling it does, and only that.
@Suite("Finding D5: validate has no effect", .timeLimit(.minutes(3)))
struct FindingsD5Tests {
  @Test("A payment that would be taken is valid as often as one asks, and pays afterwards")
  func findingD5AChargeIsLookedAt() async throws {
    let stage = try await Stage()
    for way in Stage.Way.allCases {
      let credential = try await stage.credential(way)
      let valid = try #require(try await stage.look(way.path, credential).success)
      #expect(valid.amount.units == (way == .proof ? 0 : 10_000))
      #expect(valid.method.description == "tempo/charge")
      #expect(valid.purpose == .content)
      try await stage.pays(way.path, credential)
      // What was used up is refused without an effect, too.
      #expect(try await stage.look(way.path, credential).failure?.code == .verificationFailed, "\(way)")
    }
    #expect(stage.earned == 30_000)
  }

  @Test("Every action of a session is valid as often as one asks, and has its effect afterwards")
  func findingD5ASessionIsLookedAt() async throws {
    let stage = try await Stage()
    let channel = try await stage.payer.open(deposit: 100_000, payee: stage.payee)
    try await stage.looksAndPays(try await stage.session(channel.openPayload(1_000)))
    #expect(stage.devnet.channel(channel.id)?.deposit.units == 100_000)
    // While the chain's state is fresh, and when it has to be read.
    try await stage.looksAndPays(try await stage.session(channel.voucher(2_000)))
    stage.devnet.clock.advance(seconds: 60)
    try await stage.looksAndPays(try await stage.session(channel.voucher(3_000)))
    let more = try await stage.payer.topUp(channel, 50_000)
    try await stage.looksAndPays(try await stage.session(more), .post)
    #expect(stage.devnet.channel(channel.id)?.deposit.units == 150_000)
    // A voucher above the deposit that the chain is asked about.
    try await stage.looksAndPays(try await stage.session(channel.voucher(4_000)), .post)
    try await stage.looksAndPays(try await stage.session(channel.close(4_000)), .post)
    #expect(stage.devnet.channel(channel.id) == nil)
  }

  @Test("A sponsor signs nothing, and reserves nothing, for what is only looked at")
  func findingD5ASponsorDoesNotSign() async throws {
    let stage = try await Stage(isSponsored: true)
    let credential = try await stage.credential(.pull, isSponsored: true)
    _ = try #require(try await stage.look("/pull", credential).success)
    let channel = try await stage.payer.sponsoredOpen(deposit: 100_000, payee: stage.payee)
    let open = try await stage.session(channel.openPayload(1_000))
    _ = try #require(try await stage.look("/session", open).success)
    #expect(stage.sponsor.count == 0)
    try await stage.pays("/pull", credential)
    try await stage.pays("/session", open)
    #expect(stage.sponsor.count == 2)
  }

  @Test("Each credential goes to the offer it answers, whatever their order, when looked at and when paid")
  func findingC6OrderNeverMatters() async throws {
    let stage = try await Stage()
    for (path, paid) in [("/both", 1_000), ("/htob", 2_000)] as [(String, UInt128)] {
      let charge = try await stage.credential(.pull, at: path)
      let channel = try await stage.payer.open(deposit: 100_000, payee: stage.payee)
      let session = try await stage.session(channel.openPayload(paid), at: path)
      for (credential, method, amount) in [
        (charge, "tempo/charge", 10_000), (session, "tempo/session/v2", 1_000),
      ]
        as [(String, String, UInt128)]
      {
        let valid = try #require(try await stage.look(path, credential).success)
        #expect(valid.method.description == method)
        #expect(valid.amount.units == amount)
        guard case .proceed(let payment) = await stage.authorize(path, credential) else {
          Issue.record("not paid: \(path) \(method)")
          continue
        }
        #expect(payment.method.description == method)
        #expect(payment.amount.units == amount)
        await payment.delivered()
        try await stage.server.ledger.flush()
      }
      // The payload of one under the challenge of the other is taken by neither.
      let crossed = try await stage.crossed(channel.voucher(paid + 1_000), at: path)
      try await stage.refuses(path, crossed)
    }
  }

  @Test("What is refused is refused without an effect, with the same problem as when it is to be paid with")
  func findingD5RefusalsHaveNoEffectEither() async throws {
    let stage = try await Stage()
    #expect(try await stage.look("/pull", nil).failure?.code == .paymentRequired)
    #expect(try await stage.look("/pull", "Payment !!!").failure?.code == .malformedCredential)
    let proof = try await stage.credential(.proof)
    #expect(try await stage.look("/pull", proof).failure?.code == .invalidChallenge)
    // A payment that the chain would not include.
    let poor = try await stage.credential(
      .pull, paying: try Address(hex: "0x" + String(repeating: "77", count: 20)))
    try await stage.refuses("/pull", poor)
    let stranger = try await stage.session(
      try await stage.payer.open(deposit: 100_000, payee: stage.devnet.accounts[5].address).openPayload(1_000)
    )
    try await stage.refuses("/session", stranger)
    let channel = try await stage.payer.open(deposit: 100_000, payee: stage.payee)
    try await stage.refuses("/session", try await stage.session(channel.voucher(1_000)))
    try await stage.pays("/session", try await stage.session(channel.openPayload(1_000)))
    try await stage.refuses("/session", try await stage.session(channel.voucher(200_000)))
    let forged = try channel.signature(2_000, by: stage.devnet.accounts[6].privateKey)
    try await stage.refuses(
      "/session", try await stage.session(channel.voucher(2_000) { $0.signature = forged }))
    #expect(stage.earned == 0)
  }

  @Test("What the chain was read to say of a channel is written only by a request that was to be paid")
  func findingD5ARefusalOfALookIsNotWritten() async throws {
    let stage = try await Stage()
    let channel = try await stage.payer.open(deposit: 100_000, payee: stage.payee)
    try await stage.pays("/session", try await stage.session(channel.openPayload(1_000)))
    try await stage.payer.sendDirectly(try ChannelReserveABI.requestCloseCalldata(channel.descriptor))
    stage.devnet.clock.advance(seconds: 60)
    let credential = try await stage.session(channel.voucher(2_000))
    #expect(try await stage.look("/session", credential).failure?.code == .channelClosed)
    let before = stage.store.commitCount
    #expect(await stage.authorize("/session", credential).response?.status == 410)
    try await stage.server.ledger.flush()
    #expect(stage.store.commitCount == before + 1)
  }

  @Test("Who only looks has nothing in its hands that writes, claims, signs or sends")
  func findingD5ReadersOnlyRead() throws {
    let reading: Set<String> = [
      "init", "peek", "peekStored", "load", "loadStored", "table", "isClaimed", "blockNumber", "latestBlock",
      "block", "receipt", "lookForReceipt", "knows", "inclusion", "simulate", "accessKey", "channelState",
      "channelStates",
      "readBack",
    ]
    for file in [
      "RecordView.swift", "LedgerReader.swift", "ChainReader.swift",
    ] {
      let lines = try Sources.lines(of: ["MPPServer", "TempoRPC", "MPPTempoServer"]).filter {
        $0.file == file
      }
      #expect(!lines.isEmpty, "\(file)")
      for entry in lines where entry.line.contains("func ") {
        let name = entry.line.components(after: "func ")
        #expect(reading.contains(name), "\(file): \(name)")
      }
      // Nobody gets behind it.
      for entry in lines where entry.line.contains(" let ") && entry.line.hasPrefix("  ") {
        #expect(
          entry.line.contains("private let") || entry.line.contains("@usableFromInline let"), "\(entry)")
      }
    }
  }
}

extension String {
  /// The identifier behind a word.
  fileprivate func components(after word: String) -> String {
    guard let range = firstRange(of: word) else { return "" }
    return String(self[range.upperBound...].prefix { $0.isLetter || $0.isNumber })
  }
}

/// A server that takes everything, in front of a store and a chain that count.
private struct Stage: Sendable {
  enum Way: String, CaseIterable {
    case pull
    case push
    case proof
    /// A transaction that the payer has sent already.
    case sent

    var path: String { self == .sent ? "/pull" : "/" + rawValue }
  }

  let devnet: Devnet
  let store = FaultStore(MemoryStore())
  let server: PaymentServer
  let payer: Payer
  let sponsor: CountingKey
  private let routes: [String: Route]

  init(isSponsored: Bool = false) async throws {
    let devnet = try Devnet()
    self.devnet = devnet
    let sponsor = CountingKey(devnet.sponsor.privateKey)
    self.sponsor = sponsor
    let sleeper = ClockSleeper(devnet)
    var charges = TempoChargeOptions(
      transport: DevnetTransport(devnet), chainID: devnet.chainID, recipient: devnet.accounts[1].address)
    charges.sleeper = sleeper
    var sessions = TempoSessionOptions(
      signer: devnet.accounts[1].signer, transport: DevnetTransport(devnet), chainID: devnet.chainID)
    sessions.sleeper = sleeper
    if isSponsored {
      charges.feePayer = FeePayerOptions(signer: sponsor)
      sessions.feePayer = FeePayerOptions(signer: sponsor)
    }
    server = try await PaymentServer(
      realm: "look.example", secrets: .values("a secret of at least thirty-two bytes"),
      ledger: try Ledger(store, allowVolatileLedger: true),
      methods: [.tempoCharge(charges), .tempo(sessions)], clock: devnet.clock)
    payer = Payer(devnet, devnet.accounts[0], seed: 7)
    let push: [JSONValue.Member] = [
      .init(key: "supportedModes", value: .array([.string("push")])),
      .init(key: "feePayer", value: .bool(false)),
    ]
    let both: [Offer] = [.charge("0.01"), .session("0.001", per: "request")]
    routes = [
      "/pull": try server.route(.get, "/pull", offers: [.charge("0.01")]),
      "/push": try server.route(.get, "/push", offers: [.charge("0.01", options: push)]),
      "/proof": try server.route(.get, "/proof", offers: [.charge("0")]),
      "/both": try server.route(.get, "/both", offers: both),
      "/htob": try server.route(.get, "/htob", offers: both.reversed()),
      "/session": try server.route(.get, "/session", offers: [.session("0.001", per: "request")]),
    ]
  }

  var payee: Address { devnet.accounts[1].address }
  var earned: UInt128 {
    devnet.balance(of: payee, token: TempoAddress.pathUSD).units - devnet.configuration.initialBalance.units
  }

  // MARK: Credentials

  /// - Parameter intent: of the offer; the first one when nil.
  func challenge(_ path: String, _ intent: String? = nil) async throws -> Challenge {
    let response = try #require(await authorize(path, nil).response)
    let challenges = try ChallengeList(fields: response.headers).challenges
    return try #require(challenges.first { challenge in intent.map(challenge.intent.equalsBytes) ?? true })
  }

  private func text(_ challenge: Challenge, _ payload: JSONValue) -> String {
    Credential(challenge: challenge, payload: payload, source: UnverifiedSource(payer.source)).serialized()
  }

  func session(_ payload: SessionPayload, at path: String = "/session") async throws -> String {
    text(try await challenge(path, "session"), payload.jsonValue)
  }

  /// A session's payload as an answer to the charge.
  func crossed(_ payload: SessionPayload, at path: String) async throws -> String {
    text(try await challenge(path, "charge"), payload.jsonValue)
  }

  /// - Parameter token: to pay with in place of the one that is asked for.
  func credential(
    _ way: Way, at path: String? = nil, isSponsored: Bool = false,
    paying token: Address = TempoAddress.pathUSD
  ) async throws -> String {
    let challenge = try await challenge(path ?? way.path, "charge")
    if way == .proof {
      let proof = ZeroAmountProof(
        account: payer.account.address, chainID: devnet.chainID, challengeID: challenge.id,
        realm: challenge.realm)
      return text(
        challenge, ChargePayload.proof(payer.account.privateKey.sign(proof.digest).bytes65).jsonValue)
    }
    let memo = AttributionMemo(serverID: challenge.realm, challengeID: challenge.id).memo
    let call = Call(
      to: token,
      data: try TIP20ABI.transferWithMemoCalldata(to: payee, amount: 10_000, memo: memo))
    let signed = isSponsored ? try await payer.handedOver([call]) : try await self.signed(call, token)
    if way != .pull {
      let receipt = try await payer.planner.client.sendRawTransactionSync(signed.serialized)
      try #require(receipt.succeeded)
    }
    return text(
      challenge,
      (way == .push ? ChargePayload.hash(signed.hash) : .transaction(signed.serialized)).jsonValue)
  }

  /// A token that is none would stop the estimate of the gas: it is put in afterwards.
  private func signed(_ call: Call, _ token: Address) async throws -> SignedTempoTransaction {
    guard token != TempoAddress.pathUSD else { return try await payer.signed([call]) }
    var transaction = try await payer.signed([Call(to: TempoAddress.pathUSD, data: call.data)]).transaction
    transaction.calls = [call]
    return try payer.sign(transaction)
  }

  // MARK: Looking and paying

  private func request(
    _ path: String, _ credential: String?, _ method: HTTPRequest.Method
  ) -> PaymentRequest {
    var headers = HTTPFields()
    if let credential { headers[.authorization] = credential }
    return PaymentRequest(method: method, target: path, headers: headers)
  }

  func authorize(
    _ path: String, _ credential: String?, _ method: HTTPRequest.Method = .get
  ) async -> PaymentOutcome {
    await server.authorize(request(path, credential, method), for: routes[path] ?? routes["/pull"]!)
  }

  private struct Effects: Equatable {
    var commits: Int
    var claims: Int
    var removals: Int
    var sent: Int
    var receipts: Int
    var signatures: Int
  }

  private func effects() async throws -> Effects {
    try await server.ledger.flush()
    return Effects(
      commits: store.commitCount, claims: store.claimCount, removals: store.removalCount,
      sent: devnet.requestCount("eth_sendRawTransaction"), receipts: devnet.receipts().count,
      signatures: sponsor.count)
  }

  /// Looks three times, two of them at once: the answers are the same, and nothing has happened.
  func look(
    _ path: String, _ credential: String?, _ method: HTTPRequest.Method = .get,
    sourceLocation: SourceLocation = #_sourceLocation
  ) async throws -> Result<ValidatedCredential, PaymentProblem> {
    let before = try await effects()
    let first = await validate(path, credential, method)
    async let second = validate(path, credential, method)
    async let third = validate(path, credential, method)
    for other in await [second, third] {
      #expect(other.success == first.success, sourceLocation: sourceLocation)
      #expect(other.failure?.code == first.failure?.code, sourceLocation: sourceLocation)
    }
    #expect(try await effects() == before, sourceLocation: sourceLocation)
    return first
  }

  private func validate(
    _ path: String, _ credential: String?, _ method: HTTPRequest.Method
  ) async -> Result<ValidatedCredential, PaymentProblem> {
    do throws(PaymentProblem) {
      return .success(
        try await server.validate(request(path, credential, method), for: routes[path] ?? routes["/pull"]!))
    } catch {
      return .failure(error)
    }
  }

  func pays(
    _ path: String, _ credential: String, _ method: HTTPRequest.Method = .get,
    sourceLocation: SourceLocation = #_sourceLocation
  ) async throws {
    switch await authorize(path, credential, method) {
    case .proceed(let payment): await payment.delivered()
    case .management: break
    case .challenge(let response), .problem(let response):
      Issue.record("\(String(decoding: response.body, as: UTF8.self))", sourceLocation: sourceLocation)
    }
    try await server.ledger.flush()
  }

  func looksAndPays(
    _ credential: String, _ method: HTTPRequest.Method = .get,
    sourceLocation: SourceLocation = #_sourceLocation
  ) async throws {
    let found = try await look("/session", credential, method, sourceLocation: sourceLocation)
    let valid = try #require(
      found.success, "\(found.failure?.detail ?? "")", sourceLocation: sourceLocation)
    #expect(valid.purpose == (method == .get ? .content : .management), sourceLocation: sourceLocation)
    try await pays("/session", credential, method, sourceLocation: sourceLocation)
  }

  /// Refused in both ways with one problem, and nothing has happened.
  func refuses(
    _ path: String, _ credential: String, sourceLocation: SourceLocation = #_sourceLocation
  ) async throws {
    let before = try await effects()
    let problem = try #require(
      try await look(path, credential).failure, sourceLocation: sourceLocation)
    let outcome = await authorize(path, credential)
    let body = try JSONValue(parsing: try #require(outcome.response, sourceLocation: sourceLocation).body)
    #expect(PaymentProblem(document: body)?.code == problem.code, sourceLocation: sourceLocation)
    #expect(PaymentProblem(document: body)?.detail == problem.detail, sourceLocation: sourceLocation)
    #expect(try await effects() == before, sourceLocation: sourceLocation)
  }
}

extension Result {
  fileprivate var success: Success? { try? get() }
  fileprivate var failure: Failure? { if case .failure(let error) = self { error } else { nil } }
}

/// Lets the chain's time pass instead of waiting.
private struct ClockSleeper: Sleeper {
  let devnet: Devnet
  init(_ devnet: Devnet) { self.devnet = devnet }

  func sleep(milliseconds: Int64) async throws {
    try Task.checkCancellation()
    devnet.clock.advance(milliseconds: milliseconds)
    await Task.yield()
  }
}
