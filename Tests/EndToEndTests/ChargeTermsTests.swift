import EVM
import HTTPTypes
import MPPClient
import MPPCore
import MPPServer
import MPPTempo
import MPPTempoClient
import MPPTempoServer
import MPPTesting
import MarketplaceSupport
import Tempo
import TempoDevnet
import TempoRPC
import Testing

/// What a charge may ask for, between our client and our server (`06` §1.5 to §1.8).
@Suite("Terms of a charge", .timeLimit(.minutes(1)))
struct ChargeTermsTests {
  private static let memoText = "0x" + String(repeating: "ab", count: 32)
  private static let memo: [JSONValue.Member] = [.init(key: "memo", value: .string(memoText))]

  private static func splits(_ shares: (Address, String)...) -> [JSONValue.Member] {
    [
      .init(
        key: "splits",
        value: .array(
          shares.map { address, amount in
            .object([
              .init(key: "amount", value: .string(amount)),
              .init(key: "recipient", value: .string(address.hex)),
            ])
          }))
    ]
  }

  /// The transaction of the last `transaction` credential that arrived.
  private func pulled(_ stall: ChargeStall) throws -> (SignedTempoTransaction, Challenge) {
    let credential = try Credential(parsing: try #require(stall.credentials.last))
    guard case .transaction(let bytes) = try ChargePayload(parsing: credential.payload) else {
      throw TestFailure("not a transaction")
    }
    return (try SignedTempoTransaction(parsing: bytes), credential.challenge)
  }

  @Test("Fees are paid in the charge's token, or in the one the user names")
  func feeToken() async throws {
    let stall = try await ChargeStall(try Devnet())
    _ = try await stall.client().execute(stall.get("/paid"))
    #expect(try pulled(stall).0.transaction.feeToken == TempoAddress.pathUSD)
    let before = stall.balance(1)
    _ = try await stall.client { $0.feeToken = TempoAddress.betaUSD }.execute(stall.get("/paid"))
    #expect(try pulled(stall).0.transaction.feeToken == TempoAddress.betaUSD)
    #expect(stall.balance(1) == before - ChargeStall.price)
  }

  @Test("An account that has no more of the charge's token than its price pays the fee in another one")
  func fallbackFeeToken() async throws {
    let stall = try await ChargeStall(try Devnet()) { $0.currency = TempoAddress.alphaUSD.hex }
    let payer = stall.devnet.accounts[1]
    stall.devnet.setBalance(
      Amount(units: ChargeStall.price), of: payer.address, token: TempoAddress.alphaUSD)
    #expect(try await stall.client().execute(stall.get("/paid")).status == .ok)
    #expect(try pulled(stall).0.transaction.feeToken == TempoAddress.pathUSD)
    #expect(stall.balance(1, token: TempoAddress.alphaUSD) == 0)
    // The account's own choice on the chain comes before pathUSD.
    let client = ChainClient(transport: DevnetTransport(stall.devnet), clock: stall.devnet.clock)
    let signer = TempoSigner.secp256k1(payer.privateKey)
    let choice = try FeeManagerABI.setUserToken.encode([.address(TempoAddress.betaUSD)])
    let transaction = try await TransactionPlanner(client: client, chainID: stall.devnet.chainID).plan(
      calls: [Call(to: TempoAddress.feeManager, data: choice)], by: signer, feeToken: TempoAddress.pathUSD)
    #expect(
      try await client.sendRawTransactionSync(try await transaction.signed(by: signer).serialized).succeeded)
    stall.devnet.setBalance(
      Amount(units: ChargeStall.price), of: payer.address, token: TempoAddress.alphaUSD)
    #expect(try await stall.client().execute(stall.get("/paid")).status == .ok)
    #expect(try pulled(stall).0.transaction.feeToken == TempoAddress.betaUSD)
  }

  @Test("A fee is paid in a token of the policy or not at all, whatever the account or the options prefer")
  func feeTokenOfThePolicy() async throws {
    let stall = try await ChargeStall(try Devnet()) { $0.currency = TempoAddress.alphaUSD.hex }
    let payer = stall.devnet.accounts[1]
    stall.devnet.setBalance(
      Amount(units: ChargeStall.price), of: payer.address, token: TempoAddress.alphaUSD)
    let key = CountingKey(payer.privateKey)
    let before = stall.balance(1)
    let alpha = try SpendPolicy.upTo("0.01", perDay: "1").paying(tokens: [TempoAddress.alphaUSD.hex])
    for chosen in [nil, TempoAddress.betaUSD] {
      let client = try stall.client(as: .signer(key), spending: alpha) { $0.feeToken = chosen }
      let error = await #expect(throws: PaymentClientError.self) {
        try await client.execute(stall.get("/paid"))
      }
      #expect(error?.code == .refusedByPolicy)
    }
    #expect(key.count == 0)
    #expect(stall.balance(1) == before)
    // With enough of the charge's own, and with another one that is listed.
    let both = alpha.paying(tokens: [TempoAddress.alphaUSD.hex, TempoAddress.pathUSD.hex])
    #expect(try await stall.client(spending: both).execute(stall.get("/paid")).status == .ok)
    #expect(try pulled(stall).0.transaction.feeToken == TempoAddress.pathUSD)
    stall.devnet.setBalance(Amount(units: 1_000_000), of: payer.address, token: TempoAddress.alphaUSD)
    #expect(try await stall.client(spending: alpha).execute(stall.get("/paid")).status == .ok)
    #expect(try pulled(stall).0.transaction.feeToken == TempoAddress.alphaUSD)
  }

  @Test("A payment whose fee may be above the client's limit is not signed")
  func feeLimit() async throws {
    var configuration = DevnetConfiguration()
    configuration.gasModel = .schedule
    let stall = try await ChargeStall(try Devnet(configuration: configuration))
    let key = CountingKey(stall.devnet.accounts[1].privateKey)
    let error = await #expect(throws: PaymentClientError.self) {
      try await stall.client(as: .signer(key)) { $0.maximumFee = Amount(units: 1) }.execute(
        stall.get("/paid"))
    }
    #expect(error?.code == .refusedByPolicy)
    #expect(key.count == 0)
    #expect(stall.payments.isEmpty)
  }

  @Test("A challenge of another chain than the client's is not paid")
  func otherChain() async throws {
    let stall = try await ChargeStall(try Devnet())
    let key = CountingKey(stall.devnet.accounts[1].privateKey)
    let client = try PaymentClient(
      methods: [
        .tempo(.signer(key), network: .transport(DevnetTransport(stall.devnet), chainID: 4217))
      ], spending: .upTo("0.01", perDay: "1"), journal: .volatile, transport: stall, clock: stall.devnet.clock
    )
    let error = await #expect(throws: PaymentClientError.self) {
      try await client.execute(stall.get("/paid"))
    }
    #expect(error.map { [.untrustedTerms, .wrongChain].contains($0.code) } == true)
    #expect(key.count == 0)
    #expect(stall.payments.isEmpty)
  }

  @Test("A payment ends with its challenge at the latest, and uses a nonce that blocks no other")
  func validity() async throws {
    let devnet = try Devnet()
    for (lifetime, longest): (Int64, UInt64) in [(12, 12), (300, 25)] {
      let stall = try await ChargeStall(devnet, lifetime: lifetime)
      for path in ["/paid", "/push"] {
        #expect(try await stall.client().execute(stall.get(path)).status == .ok)
      }
      _ = try await stall.client().execute(stall.get("/paid"))
      let (signed, challenge) = try pulled(stall)
      let now = UInt64(devnet.clock.now.seconds)
      let expires = try Timestamp(rfc3339: try #require(challenge.expires))
      let end = try #require(signed.transaction.validBefore)
      #expect(end <= UInt64(expires.seconds))
      #expect(end <= now + longest)
      #expect(signed.transaction.nonceKey == ExpiringNonce.key)
      #expect(signed.transaction.nonce == 0)
      #expect(try #require(signed.transaction.validAfter) < now)
    }
  }

  @Test("A challenge that ends too soon to be included is not paid")
  func tooShort() async throws {
    let stall = try await ChargeStall(try Devnet(), lifetime: 3)
    await #expect(throws: PaymentClientError.self) { try await stall.client().execute(stall.get("/paid")) }
    #expect(stall.payments.isEmpty)
    #expect(stall.deliveries == 0)
  }

  @Test("A memo of the seller is carried as it is; equal payments of one moment are two payments")
  func explicitMemo() async throws {
    let stall = try await ChargeStall(try Devnet(), offers: ["/memo": Self.memo])
    let client = try stall.client()
    try await withThrowingTaskGroup(of: Void.self) { group in
      for _ in 0..<4 {
        group.addTask {
          let status = try await client.execute(stall.get("/memo")).status
          #expect(status == .ok)
        }
      }
      try await group.waitForAll()
    }
    #expect(stall.payments.count == 4)
    let memo = try Hash32(hex: Self.memoText)
    #expect(stall.payments.allSatisfy { $0.logs.contains { $0.topics.last == memo } })
    // Its bytes, its hash, and a fresh challenge: each payment buys one delivery.
    let credential = try Credential(parsing: try #require(stall.credentials.last))
    #expect(try await stall.get("/memo", credential: credential.serialized()).status == 402)
    let fresh = try #require(
      try ChallengeList(fields: try await stall.get("/memo").headerFields).challenges.first)
    let again = Credential(challenge: fresh, payload: credential.payload, source: credential.source)
    #expect(try await stall.get("/memo", credential: again.serialized()).status == 402)
    let hash = ChargePayload.hash(try #require(stall.payments.last).hash)
    let pushed = Credential(challenge: fresh, payload: hash.jsonValue, source: credential.source)
    #expect(try await stall.get("/memo", credential: pushed.serialized()).status == 402)
    #expect(stall.deliveries == 4)
  }

  @Test("With a memo that binds no challenge a pushed payment is not offered, and not taken")
  func explicitMemoIsPulled() async throws {
    let stall = try await ChargeStall(try Devnet(), offers: ["/memo": Self.memo])
    let error = await #expect(throws: PaymentClientError.self) {
      try await stall.client { $0.mode = .push }.execute(stall.get("/memo"))
    }
    #expect(error?.code == .invalidChallenge)
    #expect(stall.payments.isEmpty)
  }

  @Test("A memo that is unique may be pushed; it buys one delivery, and an older payment none")
  func uniqueMemo() async throws {
    let stall = try await ChargeStall(try Devnet(), offers: ["/memo": Self.memo]) {
      $0.explicitMemoIsUnique = true
    }
    #expect(try await stall.client { $0.mode = .push }.execute(stall.get("/memo")).status == .ok)
    let credential = try Credential(parsing: try #require(stall.credentials.last))
    for seconds: Int64 in [0, 400] {
      stall.devnet.clock.advance(seconds: seconds)
      let fresh = try #require(
        try ChallengeList(fields: try await stall.get("/memo").headerFields).challenges.first)
      let again = Credential(challenge: fresh, payload: credential.payload, source: credential.source)
      #expect(try await stall.get("/memo", credential: again.serialized()).status == 402)
    }
    #expect(stall.deliveries == 1)
  }

  @Test("Splits are paid in one transaction, pulled, pushed and sponsored", arguments: [true, false])
  func splits(isSponsored: Bool) async throws {
    let devnet = try Devnet()
    let others = [devnet.accounts[7].address, devnet.accounts[8].address]
    let stall = try await ChargeStall(
      devnet, offers: ["/split": Self.splits((others[0], "0.001"), (others[1], "0.002"))]
    ) { if isSponsored { $0.feePayer = FeePayerOptions(signer: devnet.sponsor.signer) } }
    let start = devnet.configuration.initialBalance.units
    var payments: UInt128 = 0
    for mode in [MPPTempoClient.TempoChargeOptions.Mode.pull, .push] where mode == .pull || !isSponsored {
      #expect(try await stall.client { $0.mode = mode }.execute(stall.get("/split")).status == .ok)
      payments += 1
    }
    #expect(stall.earned == payments * 7_000)
    #expect(stall.balance(7) == start + payments * 1_000)
    #expect(stall.balance(8) == start + payments * 2_000)
  }

  @Test("A share for somebody the policy does not name is not paid")
  func splitRecipients() async throws {
    let devnet = try Devnet()
    let stall = try await ChargeStall(
      devnet, offers: ["/split": Self.splits((devnet.accounts[7].address, "0.001"))])
    let policy = try SpendPolicy.upTo("0.01", perDay: "1")
    let seller = devnet.accounts[0].address.hex
    let error = await #expect(throws: PaymentClientError.self) {
      try await stall.client(spending: policy.paying(recipients: [seller])).execute(stall.get("/split"))
    }
    #expect(error?.code == .refusedByPolicy)
    let both = policy.paying(recipients: [seller, devnet.accounts[7].address.hex])
    #expect(try await stall.client(spending: both).execute(stall.get("/split")).status == .ok)
    #expect(stall.payments.count == 1)
  }
}
