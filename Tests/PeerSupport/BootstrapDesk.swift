package import EVM
package import HTTPTypes
package import MPPClient
package import MPPCore
package import MPPTempo
package import Synchronization
package import Tempo
package import TempoDevnet

/// What stands before a `TestSeller` and answers `HEAD`: it asks for a proof, checks it, and shows the payer's channel. As honest as a
/// test wants; everything else goes to the seller.
package final class BootstrapDesk: HTTPTransport {
  package enum Answer: Sendable {
    /// 402 with one challenge for each `request`.
    case demand([JSONValue])
    /// 204 with the snapshot for who proves that the channel is theirs, 402 for everybody else.
    case show
    /// This status and the snapshot, whoever asks.
    case status(Int)
    case redirect(String)
    /// Nothing, until the caller gives up.
    case hang
    case fail
  }

  package struct State {
    package var answer: (@Sendable (_ head: HTTPRequest, _ isProved: Bool) -> Answer)?
    package var heads: [HTTPRequest] = []
    package var timeouts: [Duration] = []
    /// Of the credentials that arrived.
    package var payloads: [ChargePayload] = []
    package var proofs = 0
    package var realm = "shop.example"
    package var lifetime: Int64 = 300
    /// Shown in place of the honest one.
    package var snapshot: SessionSnapshot?
    package var edit: (@Sendable (inout SessionSnapshot) -> Void)?
    /// The field's value, whatever it is.
    package var text: String?
    fileprivate var nonce = 0
    fileprivate var seed: UInt64 = 100
  }

  package let seller: TestSeller
  package let state = Mutex(State())
  /// One element for each `HEAD` that hangs.
  package let hangs: AsyncStream<Void>
  private let hanging: AsyncStream<Void>.Continuation
  private let mac: ChallengeMAC

  package init(_ seller: TestSeller) throws {
    self.seller = seller
    mac = ChallengeMAC(secrets: try SecretRing([Secret("another-secret-key-of-at-least-32-bytes")]))
    (hangs, hanging) = AsyncStream<Void>.makeStream()
  }

  package var heads: [HTTPRequest] { state.withLock { $0.heads } }
  /// Of the heads, how many carried a credential.
  package var credentials: Int {
    heads.filter {
      $0.headerFields.contains(.authorization)
        || $0.headerFields.contains(ProtocolHeaders.paymentAuthorization)
    }.count
  }

  package func answers(_ answer: @escaping @Sendable (_ head: HTTPRequest, _ isProved: Bool) -> Answer) {
    state.withLock { $0.answer = answer }
  }

  package func shows(_ snapshot: SessionSnapshot?) { state.withLock { $0.snapshot = snapshot } }

  /// Of each client another one: their channels differ.
  package func nextSeed() -> UInt64 {
    state.withLock { state in
      state.seed += 1
      return state.seed
    }
  }

  package func shutdown() async {}

  package func send(
    _ request: HTTPRequest, body: [UInt8]?, timeout: Duration
  ) async throws(HTTPTransportError) -> HTTPTransportResponse {
    guard request.method == .head else { return try await seller.send(request, body: body, timeout: timeout) }
    let isProved = request.headerFields.contains(.authorization)
    let answer = state.withLock { state -> Answer in
      state.heads.append(request)
      state.timeouts.append(timeout)
      return state.answer?(request, isProved) ?? (isProved ? .show : .demand([Self.request(self.seller)]))
    }
    // Whoever is to come meanwhile, comes.
    for _ in 0..<100 { await Task.yield() }
    do {
      return HTTPTransportResponse(head: try await head(answer, request), body: ResponseBody([]))
    } catch let error as HTTPTransportError {
      throw error
    } catch {
      throw HTTPTransportError(.ambiguous, "the desk crashed: \(error)")
    }
  }

  private func head(_ answer: Answer, _ request: HTTPRequest) async throws -> HTTPResponse {
    switch answer {
    case .demand(let requests): return try demand(requests)
    case .show:
      guard let payer = try prover(request) else { return try demand([Self.request(seller)]) }
      state.withLock { $0.proofs += 1 }
      return shown(HTTPResponse(status: .noContent), to: payer)
    case .status(let code): return shown(HTTPResponse(status: .init(code: code)), to: nil)
    case .redirect(let target):
      var head = HTTPResponse(status: .temporaryRedirect)
      head.headerFields[.location] = target
      return shown(head, to: nil)
    case .hang:
      let (stream, continuation) = AsyncStream<Void>.makeStream()
      hanging.yield()
      for await _ in stream {}
      withExtendedLifetime(continuation) {}
      throw HTTPTransportError(.cancelled, "given up")
    case .fail: throw HTTPTransportError(.ambiguous, "no answer")
    }
  }

  // MARK: Challenges and proofs

  /// The `request` of a zero-amount charge, or of something that looks like one.
  package static func request(
    _ seller: TestSeller, amount: JSONValue? = "0", namesRecipient: Bool = true
  ) -> JSONValue {
    var members: [JSONValue.Member] = []
    if let amount { members.append(.init(key: "amount", value: amount)) }
    members.append(.init(key: "currency", value: .string(TempoAddress.alphaUSD.hex)))
    members.append(
      .init(key: "methodDetails", value: ["chainId": .integer(Int64(seller.devnet.configuration.chainID))]))
    if namesRecipient { members.append(.init(key: "recipient", value: .string(seller.payee.address.hex))) }
    return .object(members)
  }

  private func demand(_ requests: [JSONValue]) throws -> HTTPResponse {
    var head = HTTPResponse(status: .init(code: 402))
    for request in requests {
      let (realm, lifetime, nonce) = state.withLock { state in
        state.nonce += 1
        return (state.realm, state.lifetime, state.nonce)
      }
      let expires = seller.devnet.clock.now.adding(seconds: lifetime).adding(milliseconds: Int64(nonce))
      let challenge = try mac.issue(
        ChallengeParameters(
          realm: realm, method: "tempo", intent: "charge", request: RawRequest(request),
          expires: expires.rfc3339))
      head.headerFields.append(HTTPField(name: .wwwAuthenticate, value: try challenge.serialized()))
    }
    return shown(head, to: nil)
  }

  /// The account that a proof is of; nil for everything that is no right proof.
  private func prover(_ request: HTTPRequest) throws -> Address? {
    guard let header = request.headerFields[.authorization] else { return nil }
    let credential = try Credential(parsing: header)
    let payload = try ChargePayload(parsing: credential.payload)
    state.withLock { $0.payloads.append(payload) }
    guard mac.verify(credential.challenge), case .proof(let signature) = payload,
      let claimed = credential.source.flatMap({ AccountSource(strict: $0) })
    else { return nil }
    let proof = ZeroAmountProof(
      account: claimed.address, chainID: claimed.chainID, challengeID: credential.challenge.id,
      realm: credential.challenge.realm)
    return try proof.verify(signature: signature) == .account ? claimed.address : nil
  }

  // MARK: Snapshots

  /// Of the seller's channel with the highest voucher.
  package func honest(for payer: Address? = nil) -> SessionSnapshot? {
    let newest = seller.state.withLock { state in
      state.channels.filter { payer == nil || $0.value.descriptor.payer == payer }
        .max { $0.value.accepted < $1.value.accepted }
    }
    guard let (id, channel) = newest else { return nil }
    return SessionSnapshot(
      acceptedCumulative: channel.accepted, chainID: seller.devnet.configuration.chainID, channelID: id,
      deposit: channel.deposit, descriptor: channel.descriptor, escrow: TempoAddress.channelReserve,
      highestVoucher: SessionSnapshot.HighestVoucher(
        channelID: id, cumulativeAmount: channel.accepted, signature: channel.signature),
      requiredCumulative: channel.spent, settled: .zero, spent: channel.spent, units: channel.units)
  }

  private func shown(_ head: HTTPResponse, to payer: Address?) -> HTTPResponse {
    var head = head
    let (snapshot, edit, text) = state.withLock { ($0.snapshot, $0.edit, $0.text) }
    var shown = snapshot ?? honest(for: payer)
    if let edit, var edited = shown {
      edit(&edited)
      shown = edited
    }
    head.headerFields[ProtocolHeaders.paymentSessionSnapshot] = text ?? shown?.headerValue()
    return head
  }
}
