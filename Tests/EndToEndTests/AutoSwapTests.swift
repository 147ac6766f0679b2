import EVM
import HTTPTypes
import MPPClient
import MPPCore
import MPPServer
import MPPTempoClient
import MPPTempoServer
import MPPTesting
import MarketplaceSupport
import Tempo
import TempoDevnet
import Testing

/// Charges that are paid out of another token than they ask for (`06` §1.7).
@Suite("Exchanging before a charge is paid", .timeLimit(.minutes(1)))
struct AutoSwapTests {
  private static let alpha = TempoAddress.alphaUSD
  private static let start = DevnetConfiguration().initialBalance.units

  /// A seller who wants alphaUSD, and a payer who has `held` of it.
  private func stall(
    held: UInt128 = 0, offers: [String: [JSONValue.Member]] = [:],
    _ change: @escaping (inout MPPTempoServer.TempoChargeOptions) -> Void = { _ in }
  ) async throws -> ChargeStall {
    let devnet = try Devnet()
    let stall = try await ChargeStall(devnet, offers: offers) { options in
      options.currency = Self.alpha.hex
      change(&options)
    }
    devnet.setBalance(Amount(units: held), of: devnet.accounts[1].address, token: Self.alpha)
    return stall
  }

  private func rate(_ stall: ChargeStall, _ numerator: Int, _ denominator: Int) async throws {
    let body = """
      {"jsonrpc":"2.0","id":1,"method":"devnet_setDexRate","params":["\(TempoAddress.pathUSD.hex)",\
      "\(Self.alpha.hex)",\(numerator),\(denominator)]}
      """
    let answer = try JSONValue(parsing: await stall.devnet.handle(Array(body.utf8)))
    if answer["error"] != nil { throw TestFailure("the rate was not set: \(answer.serialized())") }
  }

  @Test(
    "A payer without the token exchanges exactly the price, in the payment's own transaction",
    arguments: ["/paid", "/push"])
  func swaps(path: String) async throws {
    let stall = try await stall()
    try await rate(stall, 101, 100)
    let policy = try SpendPolicy.upTo("0.011", perDay: "1")
    let response = try await stall.client(spending: policy) { $0.autoSwap = AutoSwap() }.execute(
      stall.get(path))
    #expect(response.status == .ok)
    #expect(stall.balance(0, token: Self.alpha) == Self.start + ChargeStall.price)
    #expect(stall.balance(1, token: Self.alpha) == 0)
    let fee = try #require(stall.payments.first).fee.units
    #expect(stall.balance(1) == Self.start - 10_100 - fee)
    #expect(stall.payments.count == 1)
  }

  @Test(
    "The exchange yields the challenge's token, exactly the price, for the quote and the slippage at most")
  func output() async throws {
    let stall = try await stall()
    try await rate(stall, 3, 2)
    let policy = try SpendPolicy.upTo("0.015", perDay: "1")
    let swap = AutoSwap(tokens: [TempoAddress.betaUSD], slippageBasisPoints: 200)
    _ = try await stall.client(spending: policy) { $0.autoSwap = swap }.execute(stall.get("/paid"))
    let credential = try Credential(parsing: try #require(stall.credentials.last))
    guard case .transaction(let bytes) = try ChargePayload(parsing: credential.payload) else {
      throw TestFailure("not a transaction")
    }
    let payment = try PaymentCalls(try SignedTempoTransaction(parsing: bytes).transaction.calls)
    #expect(
      payment.swap
        == SwapExactAmountOut(
          tokenIn: TempoAddress.betaUSD, tokenOut: Self.alpha, amountOut: ChargeStall.price,
          maxAmountIn: 10_200))
    #expect(payment.transfers.map(\.token) == [Self.alpha])
    #expect(stall.balance(1, token: TempoAddress.betaUSD) == Self.start - ChargeStall.price)
  }

  @Test("A payer with enough of the token exchanges nothing")
  func enough() async throws {
    let stall = try await stall(held: 50_000)
    #expect(try await stall.client { $0.autoSwap = AutoSwap() }.execute(stall.get("/paid")).status == .ok)
    #expect(stall.balance(1) == Self.start)
  }

  @Test("Splits and sponsored payments are exchanged for as a whole")
  func splitsAndSponsor() async throws {
    let devnet = try Devnet()
    let split: JSONValue = .array([
      .object([
        .init(key: "amount", value: .string("0.004")),
        .init(key: "recipient", value: .string(devnet.accounts[7].address.hex)),
      ])
    ])
    let stall = try await stall(offers: ["/split": [.init(key: "splits", value: split)]]) {
      $0.feePayer = FeePayerOptions(signer: devnet.sponsor.signer)
    }
    #expect(try await stall.client { $0.autoSwap = AutoSwap() }.execute(stall.get("/split")).status == .ok)
    #expect(stall.balance(0, token: Self.alpha) == Self.start + 6_000)
    #expect(stall.balance(7, token: Self.alpha) == Self.start + 4_000)
    #expect(stall.balance(1) == Self.start - 10_000)
  }

  @Test(
    "Without the user's wish, an allowed token, a pair, the money or a fair rate nothing is exchanged or signed"
  )
  func refused() async throws {
    func expectRefusal(
      _ stall: ChargeStall, spending: SpendPolicy? = nil, autoSwap: AutoSwap? = AutoSwap(),
      sourceLocation: SourceLocation = #_sourceLocation
    ) async throws {
      let key = CountingKey(stall.devnet.accounts[1].privateKey)
      await #expect(throws: PaymentClientError.self, sourceLocation: sourceLocation) {
        try await stall.client(as: .signer(key), spending: spending) { $0.autoSwap = autoSwap }
          .execute(stall.get("/paid"))
      }
      #expect(key.count == 0, sourceLocation: sourceLocation)
      #expect(stall.payments.isEmpty, sourceLocation: sourceLocation)
    }
    try await expectRefusal(try await stall(), autoSwap: nil)
    let policy = try SpendPolicy.upTo("0.01", perDay: "1")
    try await expectRefusal(try await stall(), spending: policy.paying(tokens: [Self.alpha.hex]))
    let poor = try await stall()
    poor.devnet.setBalance(Amount(units: 10_099), of: poor.devnet.accounts[1].address)
    try await expectRefusal(poor)
    let dear = try await stall()
    try await rate(dear, 3, 1)
    try await expectRefusal(dear)
  }

  @Test("The rate may move by the slippage between quote and payment, and no further")
  func slippage() async throws {
    for (percent, isPaid) in [(101, true), (102, false)] {
      let stall = try await stall()
      // The payment is signed at the first rate and arrives at the second.
      let signed = try stall.client {
        $0.autoSwap = AutoSwap()
        $0.presentations = 1
      }
      stall.loseNextPaidRequest()
      await #expect(throws: PaymentClientError.self) { try await signed.execute(stall.get("/paid")) }
      try await rate(stall, percent, 100)
      let status = try? await signed.execute(stall.get("/paid")).status
      #expect((status == .ok) == isPaid)
      #expect(stall.payments.count == (isPaid ? 1 : 0))
    }
  }

  @Test("An access key exchanges within its limits, and nothing is signed above them")
  func accessKey() async throws {
    let stall = try await stall()
    let owner = try AccessKeyOwner(stall.devnet)
    let authorization = try await owner.authorization {
      $0.limits = [
        SpendingLimit(token: TempoAddress.pathUSD, amount: 100_000),
        SpendingLimit(token: Self.alpha, amount: 15_000),
      ]
    }
    let client = try stall.client(as: owner.payer(authorization)) { $0.autoSwap = AutoSwap() }
    #expect(try await client.execute(stall.get("/paid")).status == .ok)
    let error = await #expect(throws: PaymentClientError.self) {
      try await client.execute(stall.get("/paid"))
    }
    #expect(error?.code == .accessKey)
    #expect(stall.payments.count == 1)
  }
}
