package import EVM
package import HTTPTypes
package import MPPClient
package import MPPCore
package import MPPTempo
import MPPTesting
package import Synchronization
package import Tempo
package import TempoDevnet
package import TempoRPC

/// Time passes only when somebody waits: the chain's clock moves, nobody sleeps.
package struct ChainSleeper: Sleeper {
  package let devnet: Devnet
  package init(devnet: Devnet) { self.devnet = devnet }
  package func sleep(milliseconds: Int64) async throws {
    try Task.checkCancellation()
    devnet.clock.advance(milliseconds: milliseconds)
    await Task.yield()
  }
}

/// A small seller over the embedded chain, written from the protocol documents, that misbehaves on demand. It is the
/// client's HTTP transport: a request is a function call.
package final class TestSeller: HTTPTransport {
  /// What happens to the next paid content request.
  package enum Behaviour: Sendable, Equatable {
    case serve
    /// Charged, and the answer is lost.
    case loseAnswer
    /// Never arrives.
    case loseRequest
    /// The same, once all of these in the script are on their way.
    case loseTogether
    /// The handler fails: nothing is charged.
    case handlerFails
    /// 402 with a fresh challenge, nothing looked at.
    case refuse
    /// 402 with the challenge that was just paid.
    case sameChallenge
    /// The record is gone: 410.
    case forget
    /// The voucher is kept, and 410 says that there is no such channel.
    case disown
    /// Closed on the chain with all that was accepted, perhaps this voucher too: 410.
    case finalize(keepsVoucher: Bool)
    /// 503; a channel that was opened is not on record.
    case unavailable
    /// 400, nothing looked at.
    case badRequest
    case redirect(String)
    case badReceipt(BadReceipt)
    /// 402 with a fresh challenge: the old one is not taken any more.
    case refuseChallenge
    /// Charged, and answered with 500 and a receipt.
    case failWithReceipt
    /// Taken as management: the voucher is kept, nothing is charged, 204 and a receipt.
    case manages
    /// Charged, and answered with 204 and a receipt.
    case noContent
    /// No `Payment-Receipt`.
    case noReceipt
    /// This `Payment-Receipt`, whatever it says.
    case receipt(String)
    /// 402 with a fresh challenge, and a body that never ends.
    case endless
  }

  package enum BadReceipt: Sendable, CaseIterable {
    case otherChallenge, otherChannel, acceptedTooHigh, spentAboveAccepted, garbage
  }

  package struct Channel {
    package var descriptor: ChannelDescriptor
    package var accepted: Amount
    package var spent: Amount
    package var deposit: Amount
    package var signature: [UInt8]
    package var units: Int64 = 0

    package init(
      descriptor: ChannelDescriptor, accepted: Amount, spent: Amount, deposit: Amount, signature: [UInt8]
    ) {
      self.descriptor = descriptor
      self.accepted = accepted
      self.spent = spent
      self.deposit = deposit
      self.signature = signature
    }
  }

  package struct State {
    package var price = Amount(units: 10_000)
    package var suggestedDeposit: Amount? = Amount(units: 100_000)
    package var channels: [Hash32: Channel] = [:]
    package var script: [Behaviour] = []
    /// Every voucher that arrived, in order, refused ones included.
    package var vouchers: [(channel: Hash32, amount: Amount, action: SessionAction)] = []
    package var paidChallenges: [String] = []
    package var requests: [HTTPRequest] = []
    package var served = 0
    /// `Payment-Receipt` of the unpaid route.
    package var freeReceipt: String?
    package var nonce = 0
    package var broadcasts: [Hash32] = []
    package var closeAnswers: [CloseBehaviour] = []
    package var topUpAnswers: [TopUpBehaviour] = []
    package var requestEdit: (@Sendable (inout SessionRequest) -> Void)?
    package var authority = "shop.example"
    package var arrival: UInt64 = 0
    package var scrambles = false
    package var losing: [AsyncStream<Void>.Continuation] = []
    /// Called when somebody waits for the rest of a body that never ends.
    package var onEndlessBody: (@Sendable () -> Void)?
    /// Whether an opening is broadcast before the behaviour of its request is looked at.
    package var opensFirst = true
  }

  package enum CloseBehaviour: Sendable, Equatable {
    case serve, refuseExpired, wrongAmount, otherChallenge, noHash, openingReceipt, fail, gone
    /// 500, and a body that never ends.
    case endless
    /// 402, nothing looked at.
    case refuse
    /// Closes with the highest voucher there is, whatever was delivered.
    case captureAll
    /// Closes, and the answer is lost.
    case loseAnswer
    case redirect(String)
  }
  package enum TopUpBehaviour: Sendable, Equatable {
    case serve, broadcastAndFail, loseAnswer, refuse
    case redirect(String)
  }

  package let devnet: Devnet
  package let chain: ChainClient
  package let payee: DevnetAccount
  package let state = Mutex(State())
  private let mac: ChallengeMAC

  package init(devnet: Devnet) throws {
    self.devnet = devnet
    payee = devnet.accounts[1]
    chain = ChainClient(
      transport: DevnetTransport(devnet), clock: devnet.clock, sleeper: ChainSleeper(devnet: devnet))
    mac = ChallengeMAC(secrets: try SecretRing([Secret("test-secret-key-test-secret-key-32")]))
  }

  package func shutdown() async {}

  package func send(
    _ request: HTTPRequest, body: [UInt8]?, timeout: Duration
  ) async throws(HTTPTransportError) -> HTTPTransportResponse {
    let delay = state.withLock { state -> UInt64 in
      state.requests.append(request)
      state.arrival &+= 0x9E37_79B9_7F4A_7C15
      return state.scrambles ? (state.arrival >> 33) % 200 : 0
    }
    for _ in 0..<delay { await Task.yield() }
    do {
      return try await answer(request, hasBody: body?.isEmpty == false)
    } catch let error as HTTPTransportError {
      throw error
    } catch {
      throw HTTPTransportError(.ambiguous, "the seller crashed: \(error)")
    }
  }

  // MARK: Answers

  private func answer(_ request: HTTPRequest, hasBody: Bool) async throws -> HTTPTransportResponse {
    if request.path == "/free" {
      var answer = plain(200, "free")
      answer.head.headerFields[ProtocolHeaders.paymentReceipt] = state.withLock { $0.freeReceipt }
      return answer
    }
    guard let header = request.headerFields[.authorization] else {
      return try demand(402, "payment-required")
    }
    let credential = try Credential(parsing: header)
    guard mac.verify(credential.challenge) else { return try demand(402, "invalid-challenge") }
    state.withLock { $0.paidChallenges.append(credential.challenge.id) }
    do throws(PaymentProblem) { try credential.challenge.checkExpiry(at: devnet.clock.now) } catch {
      return try demand(402, "payment-expired")
    }
    switch try SessionPayload(parsing: credential.payload) {
    case .topUp(let payload): return try await topUp(payload, credential.challenge)
    case .close(let payload): return try await close(payload, credential.challenge)
    case .open(let payload):
      note(payload.channelID, payload.cumulativeAmount, .open)
      if state.withLock({ $0.opensFirst }) {
        if let refusal = try await open(payload) { return refusal }
        return try await charge(
          payload.channelID, payload.cumulativeAmount, payload.signature, credential.challenge)
      }
      return try await charge(
        payload.channelID, payload.cumulativeAmount, payload.signature, credential.challenge, opening: payload
      )
    case .voucher(let payload):
      note(payload.channelID, payload.cumulativeAmount, .voucher)
      return try await charge(
        payload.channelID, payload.cumulativeAmount, payload.signature, credential.challenge)
    }
  }

  private func note(_ id: Hash32, _ amount: Amount, _ action: SessionAction) {
    state.withLock { $0.vouchers.append((id, amount, action)) }
  }

  private func open(_ payload: SessionPayload.Open) async throws -> HTTPTransportResponse? {
    state.withLock { $0.broadcasts.append(Keccak256.hash(payload.transaction)) }
    let receipt = try await chain.sendRawTransactionSync(payload.transaction)
    let onChain = try await chain.channelState(payload.channelID, at: .number(receipt.blockNumber))
    guard receipt.succeeded, onChain.exists else { return try demand(402, "verification-failed") }
    state.withLock { state in
      guard state.channels[payload.channelID] == nil else { return }
      state.channels[payload.channelID] = Channel(
        descriptor: payload.descriptor, accepted: payload.cumulativeAmount, spent: .zero,
        deposit: Amount(units: onChain.deposit), signature: payload.signature)
    }
    return nil
  }

  private func charge(
    _ id: Hash32, _ amount: Amount, _ signature: [UInt8], _ challenge: Challenge,
    opening: SessionPayload.Open? = nil
  ) async throws -> HTTPTransportResponse {
    let behaviour = state.withLock { $0.script.isEmpty ? .serve : $0.script.removeFirst() }
    switch behaviour {
    case .loseRequest: throw HTTPTransportError(.ambiguous, "lost on the way")
    case .loseTogether:
      await untilAllAreLost()
      throw HTTPTransportError(.ambiguous, "lost on the way")
    case .refuse: return try demand(402, "verification-failed")
    case .refuseChallenge: return try demand(402, "payment-expired")
    case .endless: return endless(try demand(402, "verification-failed"))
    case .sameChallenge: return refusal(402, "verification-failed", challenge)
    case .forget:
      state.withLock { $0.channels[id] = nil }
      return try demand(410, "session/channel-not-found")
    case .disown:
      keep(amount, signature, of: id)
      return try demand(410, "session/channel-not-found")
    case .finalize(let keepsVoucher):
      if keepsVoucher { keep(amount, signature, of: id) }
      try await closeOnChain(id)
      return try demand(410, "session/channel-finalized")
    case .unavailable:
      state.withLock { $0.channels[id] = nil }
      return plain(503, "busy")
    case .badRequest: return try demand(400, "bad-request")
    case .redirect(let target): return redirect(target)
    default: break
    }
    if let opening, let refusal = try await open(opening) { return refusal }
    guard let channel = state.withLock({ $0.channels[id] }) else {
      return try demand(410, "session/channel-not-found")
    }
    if amount < channel.accepted { return try demand(402, "verification-failed") }
    if amount > channel.deposit { return try demand(402, "session/amount-exceeds-deposit") }
    let digest = try Voucher(channelID: id, cumulativeAmount: amount.units)
      .digest(domain: VoucherDomain(chainID: devnet.configuration.chainID))
    guard try PrimitiveSignature(parsing: signature).signer(of: digest) == channel.descriptor.effectiveSigner
    else {
      return try demand(402, "session/invalid-signature")
    }
    let charged: Channel? = try state.withLock { state in
      guard var channel = state.channels[id] else { return nil }
      if amount > channel.accepted {
        channel.accepted = amount
        channel.signature = signature
      }
      let spent = try channel.spent.adding(state.price)
      let isPaid = spent <= channel.accepted
      if isPaid, behaviour != .handlerFails, behaviour != .manages {
        channel.spent = spent
        channel.units += 1
        state.served += 1
      }
      state.channels[id] = channel
      return isPaid ? channel : nil
    }
    guard let charged else { return try demand(402, "session/insufficient-balance") }
    if behaviour == .handlerFails { return plain(500, "the handler failed") }
    if behaviour == .loseAnswer { throw HTTPTransportError(.ambiguous, "answer lost") }
    if behaviour == .manages || behaviour == .noContent { return managed(receipt(id, charged, challenge)) }
    var answer = behaviour == .failWithReceipt ? plain(500, "failed") : plain(200, "content")
    if behaviour != .noReceipt {
      var receipt = receipt(id, charged, challenge)
      if case .badReceipt(let kind) = behaviour { spoil(&receipt, kind) }
      answer.head.headerFields[ProtocolHeaders.paymentReceipt] =
        behaviour == .badReceipt(.garbage) ? "!!" : receipt.headerValue()
      if case .receipt(let text) = behaviour {
        answer.head.headerFields[ProtocolHeaders.paymentReceipt] = text
      }
    }
    return answer
  }

  private func untilAllAreLost() async {
    let (stream, continuation) = AsyncStream<Void>.makeStream()
    let lost = state.withLock { state -> [AsyncStream<Void>.Continuation] in
      state.losing.append(continuation)
      guard !state.script.contains(.loseTogether) else { return [] }
      defer { state.losing = [] }
      return state.losing
    }
    for continuation in lost { continuation.finish() }
    for await _ in stream {}
  }

  private func spoil(_ receipt: inout SessionReceipt, _ kind: BadReceipt) {
    switch kind {
    case .otherChallenge: receipt.challengeID = "other"
    case .otherChannel: receipt.channelID = Keccak256.hash([1])
    case .acceptedTooHigh: receipt.acceptedCumulative = Amount(units: receipt.acceptedCumulative.units + 1)
    case .spentAboveAccepted: receipt.spent = Amount(units: receipt.acceptedCumulative.units + 1)
    case .garbage: break
    }
  }

  private func topUp(_ payload: SessionPayload.TopUp, _ challenge: Challenge) async throws
    -> HTTPTransportResponse
  {
    let behaviour = state.withLock { $0.topUpAnswers.isEmpty ? .serve : $0.topUpAnswers.removeFirst() }
    if behaviour == .refuse { return try demand(402, "verification-failed") }
    if case .redirect(let target) = behaviour { return redirect(target) }
    state.withLock { $0.broadcasts.append(Keccak256.hash(payload.transaction)) }
    let receipt = try await chain.sendRawTransactionSync(payload.transaction)
    let onChain = try await chain.channelState(payload.channelID, at: .number(receipt.blockNumber))
    let channel = state.withLock { state in
      state.channels[payload.channelID]?.deposit = Amount(units: onChain.deposit)
      return state.channels[payload.channelID]
    }
    switch behaviour {
    case .broadcastAndFail: return try demand(402, "verification-failed")
    case .loseAnswer: throw HTTPTransportError(.ambiguous, "answer lost")
    case .serve, .refuse, .redirect: break
    }
    guard let channel else { return try demand(410, "session/channel-not-found") }
    return managed(self.receipt(payload.channelID, channel, challenge, receipt.transactionHash))
  }

  private func close(_ payload: SessionPayload.Close, _ challenge: Challenge) async throws
    -> HTTPTransportResponse
  {
    note(payload.channelID, payload.cumulativeAmount, .close)
    let behaviour = state.withLock { $0.closeAnswers.isEmpty ? .serve : $0.closeAnswers.removeFirst() }
    guard let channel = state.withLock({ $0.channels[payload.channelID] }), behaviour != .gone else {
      return try demand(410, "session/channel-not-found")
    }
    if behaviour == .refuseExpired { return try demand(402, "payment-expired") }
    if behaviour == .refuse { return try demand(402, "verification-failed") }
    if case .redirect(let target) = behaviour { return redirect(target) }
    if behaviour == .fail { return plain(500, "") }
    if behaviour == .endless { return endless(plain(500, "")) }
    if payload.cumulativeAmount < channel.spent { return try demand(402, "verification-failed") }
    var receipt = receipt(payload.channelID, channel, challenge)
    receipt.acceptedCumulative = payload.cumulativeAmount
    switch behaviour {
    case .wrongAmount:
      receipt.acceptedCumulative = channel.accepted == payload.cumulativeAmount ? .zero : channel.accepted
    case .otherChallenge: receipt.challengeID = "other"
    case .openingReceipt, .noHash: return managed(receipt)
    default: break
    }
    let isGreedy = behaviour == .captureAll
    let call = try ChannelReserveABI.closeCalldata(
      channel.descriptor, cumulativeAmount: (isGreedy ? channel.accepted : payload.cumulativeAmount).units,
      captureAmount: (isGreedy ? channel.accepted : channel.spent).units,
      signature: isGreedy ? channel.signature : payload.signature)
    let planner = TransactionPlanner(client: chain, chainID: devnet.configuration.chainID)
    let transaction = try await planner.plan(
      calls: [Call(to: TempoAddress.channelReserve, data: call)], from: payee.address,
      feeToken: channel.descriptor.token)
    let signed = try transaction.signed(with: payee.privateKey)
    let mined = try await chain.sendRawTransactionSync(signed.serialized)
    receipt.transactionHash = mined.transactionHash
    state.withLock { $0.channels[payload.channelID] = nil }
    if behaviour == .loseAnswer { throw HTTPTransportError(.ambiguous, "answer lost") }
    return managed(receipt)
  }

  // MARK: Building answers

  private func receipt(
    _ id: Hash32, _ channel: Channel, _ challenge: Challenge, _ hash: Hash32? = nil
  ) -> SessionReceipt {
    SessionReceipt(
      timestamp: devnet.clock.now, challengeID: challenge.id, channelID: id,
      acceptedCumulative: channel.accepted,
      spent: channel.spent, units: channel.units, transactionHash: hash)
  }

  private func managed(_ receipt: SessionReceipt) -> HTTPTransportResponse {
    var answer = plain(204, "")
    answer.head.headerFields[ProtocolHeaders.paymentReceipt] = receipt.headerValue()
    return answer
  }

  private func plain(_ status: Int, _ text: String) -> HTTPTransportResponse {
    HTTPTransportResponse(
      head: HTTPResponse(status: .init(code: status)), body: ResponseBody(Array(text.utf8)))
  }

  private func redirect(_ target: String) -> HTTPTransportResponse {
    var answer = plain(307, "")
    answer.head.headerFields[.location] = target
    return answer
  }

  private func endless(_ answer: HTTPTransportResponse) -> HTTPTransportResponse {
    let (chunks, continuation) = AsyncStream<[UInt8]>.makeStream()
    continuation.yield(Array("{".utf8))
    let waits = state.withLock { $0.onEndlessBody }
    return HTTPTransportResponse(
      head: answer.head,
      body: ResponseBody(
        EndlessBody(chunks: chunks) {
          waits?()
          // Keeps the stream open.
          withExtendedLifetime(continuation) {}
        }))
  }

  private func demand(_ status: Int, _ kind: String) throws -> HTTPTransportResponse {
    refusal(status, kind, try challenge())
  }

  private func refusal(_ status: Int, _ kind: String, _ challenge: Challenge) -> HTTPTransportResponse {
    let body =
      "{\"type\":\"https://paymentauth.org/problems/\(kind)\",\"status\":\(status),\"detail\":\"no\"}"
    var answer = plain(status, body)
    do { answer.head.headerFields[.wwwAuthenticate] = try challenge.serialized() } catch {
      return plain(500, "\(error)")
    }
    return answer
  }

  package func challenge() throws -> Challenge {
    let (price, suggested, edit, nonce) = state.withLock { state in
      state.nonce += 1
      return (state.price, state.suggestedDeposit, state.requestEdit, state.nonce)
    }
    var request = SessionRequest(
      amount: price, currency: TempoAddress.alphaUSD.hex, recipient: payee.address.hex, unitType: "request",
      suggestedDeposit: suggested,
      methodDetails: SessionRequest.MethodDetails(
        chainID: devnet.configuration.chainID, escrowContract: SpelledAddress(TempoAddress.channelReserve),
        sessionProtocol: "v2"))
    edit?(&request)
    return try mac.issue(
      ChallengeParameters(
        realm: "shop", method: "tempo", intent: "session", request: RawRequest(request.jsonValue),
        expires: devnet.clock.now.adding(seconds: 300).adding(milliseconds: Int64(nonce)).rfc3339))
  }
}
