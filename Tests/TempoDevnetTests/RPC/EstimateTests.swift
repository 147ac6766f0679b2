import EVM
import MPPCore
import Tempo
import TempoDevnet
import TempoRPC
import Testing

/// What an estimate asks of whoever would pay, and what the SDK's estimates do not say.
@Suite struct Estimates {
  /// The payer opens a channel in AlphaUSD and holds no pathUSD.
  let h: Harness

  init() throws {
    h = try Harness()
    h.devnet.setBalance(.zero, of: h.payer.address)
  }

  private func open() throws -> Call {
    try h.reserve(
      .open(
        ChannelReserveCall.Open(
          payee: h.payee.address, operator: .zero, token: TempoAddress.alphaUSD, deposit: 10_000_000,
          salt: .zero, authorizedSigner: .zero)))
  }

  private func request(_ members: (String, JSONValue)...) throws -> JSONValue {
    let call = try open()
    let calls: JSONValue = [
      ["to": .string(TempoAddress.channelReserve.hex), "data": .string(Hex.encode(call.data))]
    ]
    return .object(
      ([("from", .string(h.payer.address.hex)), ("calls", calls)] + members).map {
        .init(key: $0.0, value: $0.1)
      })
  }

  private func estimate(_ members: (String, JSONValue)...) async throws -> SeenError? {
    var request = try self.request().objectValue ?? []
    request += members.map { .init(key: $0.0, value: $0.1) }
    return try await h.failure("eth_estimateGas", .object(request))
  }

  private static let price = ("maxFeePerGas", JSONValue.string("0x59682f000"))

  @Test func aPriceIsBoundedByThePayersBalance() async throws {
    #expect(try await estimate() == nil)
    let refusal = try await estimate(Self.price)
    #expect(refusal?.code == -32000)
    #expect(refusal?.message == "gas required exceeds allowance (0)")
    #expect(try await estimate(("gasPrice", "0x59682f000"))?.message == refusal?.message)
    // 50,000 gas at 24 × 10⁹ are 1,200 units.
    h.devnet.setBalance(Amount(units: 1_199), of: h.payer.address)
    #expect(try await estimate(Self.price)?.message == "gas required exceeds allowance (49958)")
    h.devnet.setBalance(Amount(units: 1_200), of: h.payer.address)
    #expect(try await estimate(Self.price) == nil)
  }

  @Test func theTokenIsTheOneThatWouldPay() async throws {
    #expect(try await estimate(Self.price, ("feeToken", .string(TempoAddress.alphaUSD.hex))) == nil)
    #expect(
      try await estimate(Self.price, ("feeToken", .string(TempoAddress.channelReserve.hex)))?.code == -32003)
  }

  @Test func onlyASignatureMakesSomebodyElseThePayer() async throws {
    #expect(
      try await estimate(Self.price, ("feePayer", .string(h.sponsor.address.hex)))?.message
        == "gas required exceeds allowance (0)")
    let unsigned = h.transaction([try open()]) {
      $0.feePayer = .awaitingFeePayer
      $0.gas = 0
      $0.validBefore = nil
      $0.validAfter = nil
      $0.nonceKey = 0
    }
    let digest = unsigned.feePayerHash(sender: h.payer.address, feeToken: TempoAddress.pathUSD)
    let signature = h.sponsor.privateKey.sign(digest)
    let signed: JSONValue = [
      "r": .string(UInt256(signature.r).hexQuantity), "s": .string(UInt256(signature.s).hexQuantity),
      "yParity": .string(Hex.quantity(UInt64(signature.yParity))),
    ]
    let feeToken = ("feeToken", JSONValue.string(TempoAddress.pathUSD.hex))
    #expect(try await estimate(Self.price, feeToken, ("feePayerSignature", signed)) == nil)
    h.devnet.setBalance(.zero, of: h.sponsor.address)
    #expect(try await estimate(Self.price, feeToken, ("feePayerSignature", signed))?.code == -32000)
  }

  @Test func callsThatNeedMoreGasThanThePayerCanPaySayIt() async throws {
    let h = try Harness { $0.gasModel = .schedule }
    h.devnet.setBalance(Amount(units: 10_000), of: h.payer.address)
    let request = try self.request(Self.price)
    let refusal = try await h.failure("eth_estimateGas", request)
    #expect(refusal?.code == -32003)
    #expect(refusal?.message == "out of gas: gas required exceeds: 416666")
    #expect(try await h.failure("eth_estimateGas", self.request()) == nil)
  }

  private struct Transport: RPCTransport {
    let devnet: Devnet
    func send(_ body: [UInt8], timeoutMilliseconds: Int64) async throws(RPCTransportError) -> [UInt8] {
      await devnet.handle(body)
    }
  }

  @Test func aSponsoredOpenIsPlannedForAPayerWithoutTheFeeToken() async throws {
    let client = ChainClient(transport: Transport(devnet: h.devnet), clock: h.devnet.clock)
    let planner = TransactionPlanner(client: client, chainID: h.devnet.chainID)
    var plan = try await planner.plan(calls: [try open()], from: h.payer.address, feeToken: nil)
    #expect(plan.gas == 60_000)
    #expect(plan.maxFeePerGas == 24_000_000_000)
    let signer = TempoSigner.secp256k1(h.payer.privateKey)
    let same = try await planner.plan(calls: [try open()], by: signer, feeToken: nil)
    #expect(same.gas == plan.gas)
    let asked = h.devnet.requests().filter { $0.method == "eth_estimateGas" }
    #expect(asked.count == 2)
    for request in asked {
      for name in ["maxFeePerGas", "maxPriorityFeePerGas", "gasPrice"] {
        #expect(request.params.first?[name] == nil)
      }
    }
    plan.feePayer = .awaitingFeePayer
    let handOff = try plan.signed(with: h.payer.privateKey).handOff(sender: h.payer.address)
    let receipt = try await h.send(h.cosigned(handOff, sender: h.payer, by: h.sponsor))
    #expect(receipt.succeeded)
    #expect(h.units(h.payer, TempoAddress.alphaUSD) == Harness.initial - 10_000_000)
  }
}
