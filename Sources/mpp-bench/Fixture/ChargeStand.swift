import BenchSupport
import EVM
import HTTPTypes
import MPPCore
import MPPServer
import MPPTempo
import MPPTempoServer
import Tempo
import TempoDevnet
import TempoRPC

/// A server that sells by the charge over an embedded chain, and one payer with all credentials ready.
struct ChargeStand: Sendable {
  static let realm = "bench.example.com"
  static let units: UInt128 = 100

  /// One of the things that are sold.
  struct Sale: Sendable {
    let path: String
    let route: Route
    /// Nothing is paid: a signature proves the account.
    let isProof: Bool
  }

  let server: PaymentServer
  let proofs: Sale
  let payments: Sale
  private let devnet: Devnet
  private let planner: TransactionPlanner

  init(_ store: PaidService.Store, file: String) async throws {
    devnet = try Devnet(configuration: .commandLine())
    let transport = InProcessTransport(devnet: devnet)
    let options = TempoChargeOptions(
      transport: transport, chainID: devnet.chainID, recipient: devnet.accounts[0].address)
    server = try await PaymentServer(
      realm: Self.realm, secrets: .values(PaidService.secret),
      ledger: try PaidService.ledger(store, file: file), methods: [.tempoCharge(options)],
      logger: PaidService.silent)
    proofs = try Self.sale(server, "/proof", price: "0")
    payments = try Self.sale(server, "/charge", price: PaidService.price)
    planner = TransactionPlanner(
      client: ChainClient(transport: transport, clock: devnet.clock), chainID: devnet.chainID)
  }

  private static func sale(_ server: PaymentServer, _ path: String, price: String) throws -> Sale {
    Sale(
      path: path,
      route: try server.route(
        .get, path, offers: [.charge(.fixed(price))], options: PaidService.routeOptions),
      isProof: path == "/proof")
  }

  private var payer: DevnetAccount { devnet.accounts[1] }

  /// So many requests with all that they need to be served.
  func requests(_ sale: Sale, _ count: Int) async throws -> [PaymentRequest] {
    sale.isProof ? try await proofRequests(count) : try await paymentRequests(count)
  }

  /// Requests with a proof of the payer's account, each for a challenge of its own: a proof is used once.
  private func proofRequests(_ count: Int) async throws -> [PaymentRequest] {
    var requests: [PaymentRequest] = []
    for _ in 0..<count {
      let challenge = try await challenge(proofs)
      let proof = ZeroAmountProof(
        account: payer.address, chainID: devnet.chainID, challengeID: challenge.id, realm: Self.realm)
      let signature = payer.privateKey.sign(proof.digest).bytes65
      requests.append(request(proofs, challenge, .proof(signature)))
    }
    return requests
  }

  /// Requests with a signed transaction each, for the server to broadcast. They expire after some seconds: prepare as many as are
  /// made at once.
  private func paymentRequests(_ count: Int) async throws -> [PaymentRequest] {
    var transaction = try await planner.plan(
      calls: [try call(Hash32.zero)], from: payer.address, feeToken: TempoAddress.pathUSD)
    var requests: [PaymentRequest] = []
    for _ in 0..<count {
      let challenge = try await challenge(payments)
      transaction.calls = [
        try call(AttributionMemo(serverID: Self.realm, challengeID: challenge.id).memo)
      ]
      let signed = try SignedTempoTransaction(
        transaction, signature: .secp256k1(payer.privateKey.sign(transaction.signingHash())))
      requests.append(request(payments, challenge, .transaction(signed.serialized)))
    }
    return requests
  }

  /// A charge from its arrival to its delivery, without HTTP.
  func pay(_ request: PaymentRequest, _ sale: Sale) async throws {
    switch await server.authorize(request, for: sale.route) {
    case .proceed(let payment): await payment.delivered()
    case .challenge(let response), .management(let response), .problem(let response):
      throw BenchFailure(
        "a charge was refused: \(response.status) \(String(decoding: response.body, as: UTF8.self))")
    }
  }

  private func call(_ memo: Hash32) throws -> Call {
    Call(
      to: TempoAddress.pathUSD,
      data: try TIP20ABI.transferWithMemoCalldata(
        to: devnet.accounts[0].address, amount: Self.units, memo: memo))
  }

  private func challenge(_ sale: Sale) async throws -> Challenge {
    let request = PaymentRequest(method: .get, path: sale.path)
    guard case .challenge(let response) = await server.authorize(request, for: sale.route),
      let challenge = try ChallengeList(fields: response.headers).challenges.first
    else { throw BenchFailure("the server asked for no payment") }
    return challenge
  }

  private func request(_ sale: Sale, _ challenge: Challenge, _ payload: ChargePayload) -> PaymentRequest {
    let source = AccountSource(chainID: devnet.chainID, address: payer.address).unverified
    let credential = Credential(challenge: challenge, payload: payload.jsonValue, source: source)
    return PaymentRequest(
      method: .get, path: sale.path, headers: [.authorization: credential.serialized()])
  }
}
