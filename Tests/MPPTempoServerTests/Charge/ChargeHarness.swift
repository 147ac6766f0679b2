import EVM
import HTTPTypes
import MPPCore
import MPPServer
import MPPTempo
import MPPTesting
import PeerSupport
import Synchronization
import Tempo
import TempoDevnet
import TempoRPC
import Testing

@testable import MPPTempoServer

/// A server with one charged route, an embedded chain and a ledger in memory.
struct ChargeHarness: Sendable {
  static let realm = "api.example.com"
  static let price: UInt128 = 10_000

  let devnet: Devnet
  let store: FaultStore
  let server: PaymentServer
  let method: TempoChargeMethod
  let route: Route
  let payer: Payer
  let sleeper: DevnetSleeper

  /// - Parameters:
  ///   - members: options of the offer.
  ///   - change: of the method's configuration.
  init(
    devnet existing: Devnet? = nil, store existingStore: FaultStore? = nil, seed: UInt64 = 1,
    price: Price = "0.01", members: [JSONValue.Member] = [],
    route routeOptions: RouteOptions = RouteOptions(), compatibility: Compatibility = Compatibility(),
    change: (inout TempoChargeOptions) -> Void = { _ in }
  ) async throws {
    devnet = try existing ?? Harness.chain()
    sleeper = DevnetSleeper(devnet)
    store = existingStore ?? FaultStore(MemoryStore())
    var options = TempoChargeOptions(
      transport: DevnetTransport(devnet), chainID: devnet.chainID, recipient: devnet.accounts[1].address)
    options.sleeper = sleeper
    change(&options)
    let box = ChargeMethodBox()
    let terms = options
    server = try await PaymentServer(
      realm: Self.realm, secrets: .values(Harness.secret),
      ledger: try Ledger(store, allowVolatileLedger: true),
      methods: [
        PaymentMethod { environment in
          let method = try TempoChargeMethod(terms, environment)
          box.method.withLock { $0 = method }
          return [method]
        }
      ], compatibility: compatibility, clock: devnet.clock, random: SeededRandom(seed: seed))
    method = try #require(box.method.withLock { $0 })
    route = try server.route(.get, "/r", offers: [.charge(price, options: members)], options: routeOptions)
    payer = Payer(devnet, devnet.accounts[0], seed: seed)
  }

  var payee: Address { devnet.accounts[1].address }

  /// What the payee has, base units.
  func paid() -> UInt128 { balance(payee) }

  func balance(_ account: Address, token: Address = TempoAddress.pathUSD) -> UInt128 {
    devnet.balance(of: account, token: token).units
  }

  // MARK: Requests

  func send(_ credential: String? = nil, target: String = "/r") async -> PaymentOutcome {
    var headers = HTTPFields()
    if let credential { headers[.authorization] = credential }
    return await server.authorize(
      PaymentRequest(method: .get, target: target, headers: headers), for: route)
  }

  func challenge() async throws -> Challenge {
    let header = try #require(await send().response?.headers[.wwwAuthenticate])
    return try #require(try Challenge.parse(header: header).challenges.first)
  }

  func credential(_ challenge: Challenge, _ payload: ChargePayload, source: String?? = nil) -> String {
    let text = source ?? payer.source
    return Credential(
      challenge: challenge, payload: payload.jsonValue, source: text.map(UnverifiedSource.init)
    ).serialized()
  }

  // MARK: Paying

  /// The calls that pay a challenge as the reference's client does.
  func calls(_ challenge: Challenge, memo: Hash32? = nil) throws -> [Call] {
    let request = try ChargeRequest(parsing: challenge.request.value())
    let bound = AttributionMemo(serverID: challenge.realm, challengeID: challenge.id).memo
    let token = request.currencyAddress ?? TempoAddress.pathUSD
    return try request.transfers().map { transfer in
      let data: [UInt8]
      switch transfer.memo {
      case .exactly(let exact):
        data = try TIP20ABI.transferWithMemoCalldata(
          to: transfer.recipient, amount: transfer.amount.units, memo: exact)
      case .boundToChallenge:
        data = try TIP20ABI.transferWithMemoCalldata(
          to: transfer.recipient, amount: transfer.amount.units, memo: memo ?? bound)
      case .unrestricted:
        data = try TIP20ABI.transferCalldata(to: transfer.recipient, amount: transfer.amount.units)
      }
      return Call(to: token, data: data)
    }
  }

  /// A signed payment that nobody has sent.
  func signed(_ challenge: Challenge) async throws -> SignedTempoTransaction {
    try await payer.signed(try calls(challenge))
  }

  /// Signed for a sponsor, in the form the reference hands over.
  func handedOver(_ challenge: Challenge) async throws -> SignedTempoTransaction {
    var transaction = try await payer.planner.plan(
      calls: try calls(challenge), from: payer.account.address, feeToken: nil)
    transaction.feePayer = .awaitingFeePayer
    return try payer.sign(transaction).handOff(sender: payer.account.address)
  }

  /// A payment the payer has broadcast.
  func pushed(_ challenge: Challenge) async throws -> Hash32 {
    let signed = try await signed(challenge)
    let receipt = try await payer.planner.client.sendRawTransactionSync(signed.serialized)
    try #require(receipt.succeeded)
    return signed.hash
  }

  @discardableResult
  func deliver(_ outcome: PaymentOutcome, sourceLocation: SourceLocation = #_sourceLocation) async throws
    -> Receipt
  {
    let payment = try proceed(outcome, sourceLocation: sourceLocation)
    await payment.delivered()
    return try Receipt(parsing: payment.receipt)
  }

  func proceed(
    _ outcome: PaymentOutcome, sourceLocation: SourceLocation = #_sourceLocation
  ) throws -> Payment {
    guard case .proceed(let payment) = outcome else {
      Issue.record("not paid: \(Harness.text(outcome))", sourceLocation: sourceLocation)
      throw Harness.Refused(problem: Harness.problem(outcome))
    }
    return payment
  }
}

private final class ChargeMethodBox: Sendable {
  let method = Mutex<TempoChargeMethod?>(nil)
}
