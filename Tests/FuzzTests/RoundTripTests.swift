import FuzzTargets
import MPPCore
import MPPTempo
import Tempo
import Testing

@testable import EVM
@testable import TempoRPC

/// parse ∘ serialise is the identity for every wire type, over seeded values (`MPP_SEED`).
@Suite struct RoundTripTests {
  private static let rounds = 1_000

  /// Runs `body` with a maker; a failure names the seed and the round.
  private func each(_ rounds: Int = Self.rounds, _ body: (inout Maker) throws -> Void) {
    let seed = Seed.value
    var maker = Maker(seed: seed)
    for round in 0..<rounds {
      do {
        try body(&maker)
      } catch {
        Issue.record("seed \(seed), round \(round): \(error)")
        return
      }
    }
  }

  private func same<T: Equatable>(_ left: T, _ right: T) throws {
    guard left == right else { throw FuzzViolation("\(left) became \(right)") }
  }

  @Test func jsonValuesComeBack() {
    each { maker in
      let value = maker.json()
      try same(try JSONValue(parsing: value.serialized()), value)
      let canonical = try value.canonical()
      try same(try JSONValue(parsing: canonical).canonical(), canonical)
    }
  }

  @Test func challengesComeBack() throws {
    let mac = ChallengeMAC(secrets: try SecretRing([Secret("a secret of the round trip tests 0123")]))
    each { maker in
      var parameters = try maker.parameters()
      parameters.realm = parameters.realm.filter { $0 != "|" }
      let challenge = try mac.issue(parameters)
      let header = try challenge.serialized()
      try same(header.utf8.allSatisfy { (0x20..<0x7F).contains($0) }, true)
      let list = try Challenge.parse(header: "Bearer x, \(header), \(header)")
      try same(list.challenges.count, 2)
      try same(list.diagnostics, [])
      for again in list.challenges {
        try same(again, challenge)
        try same(mac.verify(again), true)
      }
    }
  }

  @Test func credentialsComeBack() throws {
    let mac = ChallengeMAC(secrets: try SecretRing([Secret("a secret of the round trip tests 0123")]))
    each { maker in
      let credential = Credential(
        challenge: try mac.issue(try maker.parameters()), payload: maker.json(),
        source: maker.optional { UnverifiedSource($0.text(1...5)) })
      let header = credential.serialized()
      let found = try Credential.find(inAuthorization: "Basic abc, \(header)")
      try same(found?.jsonValue, credential.jsonValue)
      try same(found?.challenge, credential.challenge)
      try same(found?.source, credential.source)
      _ = try mac.authenticate(try Credential(parsing: header))
    }
  }

  @Test func receiptsAndProblemsComeBack() {
    each { maker in
      let receipt = try maker.receipt()
      try same(try Receipt(parsing: receipt.serialized()), receipt)
      let session = try maker.sessionReceipt()
      try same(try SessionReceipt(headerValue: session.headerValue()), session)
      let problem = maker.problem()
      try same(PaymentProblem(document: problem.body())?.body(), problem.body())
    }
  }

  @Test func sessionObjectsComeBack() {
    each { maker in
      let payload = try maker.sessionPayload()
      try same(try SessionPayload(parsing: payload.jsonValue), payload)
      let request = try maker.sessionRequest()
      try same(try SessionRequest(parsing: request.jsonValue), request)
      let snapshot = try maker.snapshot()
      try same(try SessionSnapshot(headerValue: snapshot.headerValue()), snapshot)
    }
  }

  @Test func chargeAndSubscriptionObjectsComeBack() {
    each { maker in
      let payload = try maker.chargePayload()
      try same(try ChargePayload(parsing: payload.jsonValue), payload)
      let charge = try maker.chargeRequest()
      try same(try ChargeRequest(parsing: charge.jsonValue), charge)
      let subscription = try maker.subscriptionRequest()
      try same(try SubscriptionRequest(parsing: subscription.jsonValue), subscription)
      let memo = AttributionMemo(
        serverID: maker.text(), clientID: maker.optional { $0.text(1...5) }, challengeID: maker.text())
      try same(AttributionMemo(memo.memo), memo)
      let account = AccountSource(
        chainID: UInt64(maker.number(0...(1 << 53 - 1))), address: try maker.address())
      try same(AccountSource(strict: account.unverified), account)
      try same(AccountSource(strict: UnverifiedSource(account.lowerCaseText)), account)
    }
  }

  @Test func preferencesComeBack() {
    each { maker in
      let accept = try maker.acceptPayment()
      try same(try AcceptPayment(parsing: accept.headerValue), accept)
    }
  }

  @Test func eventsAndFramesComeBack() {
    each { maker in
      let data = maker.text().replacing("\r\n", with: "\n").replacing("\r", with: "\n")
      let event = ServerSentEvent(name: maker.text(0...4, avoidingNewlines: true), data: data)
      var decoder = EventStreamDecoder()
      var read: [ServerSentEvent] = []
      for byte in EventStreamEncoder.keepAlive + EventStreamEncoder.encode(event) {
        read += try decoder.append([byte])
      }
      try same(read, [event])
      for event in [
        SessionEvent.message(data), .needVoucher(try maker.needVoucher()),
        .receipt(try maker.sessionReceipt()),
      ] {
        try same(try SessionEvent(event.serverSentEvent), event)
      }
      let frame = try maker.socketFrame()
      try same(SocketFrame(parsing: frame.text()), frame)
    }
  }

  @Test func amountsAndInstantsComeBack() {
    each { maker in
      let amount = maker.amount()
      try same(try Amount(baseUnits: amount.description), amount)
      let decimals = maker.number(0...38)
      try same(try Amount(decimal: amount.decimalString(decimals: decimals), decimals: decimals), amount)
      let instant = maker.timestamp()
      try same(try Timestamp(rfc3339: instant.rfc3339), instant)
      let bytes = maker.bytes(0...70)
      try same(try Base64URL.decode(Base64URL.encode(bytes)), bytes)
      try same(try Base64.decode(Base64.encode(bytes)), bytes)
      try same(try Hex.decode(Hex.encode(bytes)), bytes)
      let number = maker.uint256()
      try same(try UInt256(decimal: number.description), number)
      try same(try UInt256(quantity: number.hexQuantity), number)
    }
  }

  @Test func rlpItemsAndABIValuesComeBack() {
    each { maker in
      let item = maker.rlp()
      try same(try RLP.decode(RLP.encode(item)), item)
      let types = maker.list(0...4) { $0.abiType() }
      var values: [ABIValue] = []
      for type in types { values.append(try maker.abiValue(type)) }
      let encoded = try ABI.encode(types: types, values)
      try same(try ABI.decode(types, encoded), values)
      try same(try ABI.decode(types, encoded + maker.bytes(0...40), form: .inBounds), values)
    }
  }

  @Test func envelopesAndKeyAuthorizationsComeBack() {
    each { maker in
      let envelope = try maker.envelope()
      try same(try SignatureEnvelope(parsing: envelope.serialized), envelope)
      try same(try SignatureEnvelope(rpcForm: envelope.rpcForm), envelope)
      let signed = try maker.keyAuthorization()
      try same(try SignedKeyAuthorization(parsing: signed.serialized), signed)
      try same(try SubscriptionPayload(parsing: SubscriptionPayload(signed).jsonValue).authorization, signed)
    }
  }

  @Test func transactionsComeBack() {
    each { maker in
      let signed = try SignedTempoTransaction(try maker.transaction(), signature: try maker.envelope())
      let again = try SignedTempoTransaction(parsing: signed.serialized)
      try same(again, signed)
      try same(again.serialized, signed.serialized)
      try same(again.hash, signed.hash)
    }
  }

  @Test func rpcRequestsComeBack() {
    each { maker in
      let id = Int64(maker.number(0...Int.max))
      let parameters = maker.list(0...4) { $0.json() }
      let request = try JSONValue(parsing: JSONRPC.request(id: id, method: maker.text(), params: parameters))
      try same(request["id"]?.intValue, id)
      try same(request["params"], .array(parameters))
      let answer: JSONValue = ["jsonrpc": "2.0", "id": .integer(id), "result": .array(parameters)]
      let limits = RPCAnswerLimits.json(bytes: 1 << 20)
      try same(
        try JSONRPC.result(of: Array(answer.serialized().utf8), id: id, limits: limits), .array(parameters))
    }
  }
}
