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
import PeerSupport
import Tempo
import TempoDevnet
import Testing

/// Payments by an access key, on a chain that keeps to what the account has allowed it (`02` §9).
@Suite("Paying with an access key", .timeLimit(.minutes(2)))
struct AccessKeyTests {
  private struct Scene {
    let stall: ChargeStall
    let owner: AccessKeyOwner

    init(_ change: (inout MPPTempoServer.TempoChargeOptions) -> Void = { _ in }) async throws {
      var configuration = DevnetConfiguration()
      configuration.gasModel = .schedule
      let devnet = try Devnet(configuration: configuration)
      stall = try await ChargeStall(devnet, change)
      owner = try AccessKeyOwner(devnet)
    }

    /// Fails to pay with this error, without a signature and without a broadcast.
    func expectRefusal(
      _ expected: AccessKeyError, _ payer: TempoAccount, path: String = "/paid",
      sourceLocation: SourceLocation = #_sourceLocation
    ) async throws {
      let signed = owner.key.count
      let sent = stall.devnet.requestCount("eth_sendRawTransaction")
      let journal = VolatileJournal()
      let client = try stall.client(as: payer, journal: journal)
      let error = await #expect(throws: PaymentClientError.self, sourceLocation: sourceLocation) {
        try await client.execute(stall.get(path))
      }
      #expect(error?.code == .accessKey, "\(error?.description ?? "")", sourceLocation: sourceLocation)
      #expect(error?.underlying as? AccessKeyError == expected, sourceLocation: sourceLocation)
      #expect(error?.exposure == PaymentClientError.Exposure.none, sourceLocation: sourceLocation)
      #expect(owner.key.count == signed, sourceLocation: sourceLocation)
      #expect(stall.devnet.requestCount("eth_sendRawTransaction") == sent, sourceLocation: sourceLocation)
      #expect(try await journal.records(kind: "charge").isEmpty, sourceLocation: sourceLocation)
    }
  }

  @Test(
    "The first payment registers the key, the later ones do not; the money is the account's",
    arguments: ["/paid", "/push"])
  func registersOnce(path: String) async throws {
    let scene = try await Scene()
    let (stall, owner) = (scene.stall, scene.owner)
    let client = try stall.client(as: owner.payer(try await owner.authorization()))
    for _ in 0..<3 {
      let response = try await client.execute(stall.get(path))
      #expect(response.status == .ok)
    }
    #expect(owner.registrations == 1)
    #expect(stall.earned == 3 * ChargeStall.price)
    #expect(stall.payments.allSatisfy { $0.sender == owner.root.address })
    #expect(try await owner.status().isActive(at: owner.expiry - 1))
  }

  @Test("A sponsored payment by an access key costs the account its price, and the key's limit no fee")
  func sponsored() async throws {
    var configuration = DevnetConfiguration()
    configuration.chainID = 42_431
    let devnet = try Devnet(configuration: configuration)
    let stall = try await ChargeStall(devnet) { $0.feePayer = FeePayerOptions(signer: devnet.sponsor.signer) }
    let owner = try AccessKeyOwner(devnet)
    let before = stall.balance(1)
    let client = try stall.client(as: owner.payer(try await owner.limited(to: 20_000)))
    for _ in 0..<2 { #expect(try await client.execute(stall.get("/paid")).status == .ok) }
    #expect(stall.balance(1) == before - 2 * ChargeStall.price)
    #expect(owner.registrations == 1)
    let error = await #expect(throws: PaymentClientError.self) {
      try await client.execute(stall.get("/paid"))
    }
    #expect(
      error?.underlying as? AccessKeyError
        == .overLimit(token: TempoAddress.pathUSD, needed: 10_000, remaining: 0))
    #expect(stall.earned == 2 * ChargeStall.price)
  }

  @Test(
    "A first payment that was not signed, or not written down, registers nothing: the next one does not wait for it",
    arguments: [true, false])
  func abandonedRegistration(isSigned: Bool) async throws {
    func pauses(failing: Bool) async throws -> Int {
      let scene = try await Scene()
      let journal = TestJournal()
      let payer = scene.owner.payer(try await scene.owner.authorization())
      let client = try scene.stall.client(as: payer, journal: journal)
      if failing {
        if isSigned { journal.fail([0]) } else { scene.owner.key.fail(0) }
        let error = await #expect(throws: PaymentClientError.self) {
          try await client.execute(scene.stall.get("/paid"))
        }
        #expect(error?.code == (isSigned ? .journal : .signing))
        #expect(error?.exposure == PaymentClientError.Exposure.none)
      }
      let before = scene.stall.sleeper.pauses
      #expect(try await client.execute(scene.stall.get("/paid")).status == .ok)
      #expect(scene.owner.registrations == 1)
      #expect(scene.stall.earned == ChargeStall.price)
      return scene.stall.sleeper.pauses - before
    }
    let undisturbed = try await pauses(failing: false)
    #expect(try await pauses(failing: true) == undisturbed)
  }

  @Test("Payments that start at once register the key once, and all are made")
  func concurrently() async throws {
    let scene = try await Scene()
    let client = try scene.stall.client(as: scene.owner.payer(try await scene.owner.authorization()))
    let statuses = await withTaskGroup(of: Int.self) { group in
      for _ in 0..<6 {
        group.addTask {
          (try? await client.execute(scene.stall.get("/paid")).status.code) ?? 0
        }
      }
      return await group.reduce(into: []) { $0.append($1) }
    }
    #expect(statuses == [Int](repeating: 200, count: 6))
    #expect(scene.owner.registrations == 1)
    #expect(scene.stall.earned == 6 * ChargeStall.price)
  }

  @Test("A key the account has not authorized pays nothing")
  func notAuthorized() async throws {
    let scene = try await Scene()
    try await scene.expectRefusal(.notAuthorized, scene.owner.payer())
    try await scene.expectRefusal(.notAuthorized, scene.owner.payer(), path: "/proof")
  }

  @Test("A revoked key pays nothing, also with an authorization at hand")
  func revoked() async throws {
    let scene = try await Scene()
    let authorization = try await scene.owner.authorization()
    try await scene.owner.register(authorization)
    try await scene.owner.revoke()
    try await scene.expectRefusal(.revoked, scene.owner.payer(authorization))
    try await scene.expectRefusal(.revoked, scene.owner.payer(), path: "/proof")
  }

  @Test("An expired key pays nothing, whether the chain knows it or not")
  func expired() async throws {
    let scene = try await Scene()
    let authorization = try await scene.owner.authorization()
    try await scene.owner.register(authorization)
    let other = try AccessKeyOwner(scene.stall.devnet, seed: 4)
    let unused = try await other.authorization()
    scene.stall.devnet.clock.advance(seconds: 3_600)
    try await scene.expectRefusal(.expired(at: scene.owner.expiry), scene.owner.payer())
    try await scene.expectRefusal(.expired(at: other.expiry), other.payer(unused))
    try await scene.expectRefusal(.expired(at: scene.owner.expiry), scene.owner.payer(), path: "/proof")
  }

  @Test("A call outside the key's scopes is not signed, whether the chain knows them or not")
  func outOfScope() async throws {
    let scene = try await Scene()
    let stranger = scene.stall.devnet.accounts[5].address
    let memo = try Selector([0x95, 0x77, 0x7d, 0x59])
    let authorization = try await scene.owner.authorization {
      $0.allowedCalls = [
        CallScope(
          target: TempoAddress.pathUSD, rules: [SelectorRule(selector: memo, recipients: [stranger])])
      ]
    }
    let expected = AccessKeyError.outOfScope(target: TempoAddress.pathUSD, selector: memo.bytes)
    try await scene.expectRefusal(expected, scene.owner.payer(authorization))
    try await scene.owner.register(authorization)
    try await scene.expectRefusal(expected, scene.owner.payer())
  }

  @Test("A key limited to the seller's transfers pays the seller")
  func inScope() async throws {
    let scene = try await Scene()
    let seller = scene.stall.devnet.accounts[0].address
    let memo = try Selector([0x95, 0x77, 0x7d, 0x59])
    let authorization = try await scene.owner.authorization {
      $0.allowedCalls = [
        CallScope(target: TempoAddress.pathUSD, rules: [SelectorRule(selector: memo, recipients: [seller])])
      ]
    }
    let client = try scene.stall.client(as: scene.owner.payer(authorization))
    for _ in 0..<2 { #expect(try await client.execute(scene.stall.get("/paid")).status == .ok) }
  }

  @Test("Price and fee above what is left of the key's limit are not signed")
  func overLimit() async throws {
    let scene = try await Scene()
    let client = scene.owner.payer(try await scene.owner.limited(to: 9_999))
    try await scene.expectRefusal(
      .overLimit(token: TempoAddress.pathUSD, needed: 10_000, remaining: 9_999), client)
    // The price fits, the fee beside it does not.
    let exact = try stallClientError(
      await #expect(throws: PaymentClientError.self) {
        try await scene.stall.client(as: scene.owner.payer(try await scene.owner.limited(to: 10_000)))
          .execute(scene.stall.get("/paid"))
      })
    guard case .overLimit(TempoAddress.pathUSD, let needed, 10_000)? = exact else {
      Issue.record("\(String(describing: exact))")
      return
    }
    #expect(needed > 10_000)
    #expect(scene.stall.earned == 0)
    #expect(scene.owner.registrations == 0)
  }

  private func stallClientError(_ error: PaymentClientError?) throws -> AccessKeyError? {
    error?.underlying as? AccessKeyError
  }

  @Test("An authorization for another key, by another account or for another chain is not used")
  func unusableAuthorization() async throws {
    let scene = try await Scene()
    let stranger = scene.stall.devnet.accounts[5]
    for authorization in [
      try await scene.owner.authorization(signedBy: stranger),
      try await scene.owner.authorization { $0.keyID = stranger.address },
      try await scene.owner.authorization { $0.chainID = 4217 },
      try await scene.owner.authorization { $0.account = stranger.address },
      try await scene.owner.authorization { $0.keyType = .p256 },
    ] {
      try await scene.expectRefusal(.unusableAuthorization, scene.owner.payer(authorization))
    }
  }

  @Test("A key that the chain knows as one of another kind pays and proves nothing")
  func wrongKind() async throws {
    let scene = try await Scene()
    // The account has registered the address of the key as that of a P-256 key.
    try await scene.owner.register(try await scene.owner.authorization { $0.keyType = .p256 })
    try await scene.expectRefusal(.wrongKind, scene.owner.payer())
    try await scene.expectRefusal(.wrongKind, scene.owner.payer(try await scene.owner.authorization()))
    try await scene.expectRefusal(.wrongKind, scene.owner.payer(), path: "/proof")
    #expect(scene.stall.earned == 0)
  }

  @Test("A registered key proves the identity of its account")
  func proof() async throws {
    let scene = try await Scene()
    try await scene.owner.register(try await scene.owner.authorization())
    let client = try scene.stall.client(as: scene.owner.payer())
    #expect(try await client.execute(scene.stall.get("/proof")).status == .ok)
    #expect(scene.stall.earned == 0)
  }

  @Test("A payment whose request is lost may still register the key: the next waits for its end")
  func lostRegistration() async throws {
    let scene = try await Scene()
    let journal = VolatileJournal()
    let payer = scene.owner.payer(try await scene.owner.authorization())
    scene.stall.loseNextPaidRequest()
    let first = try scene.stall.client(as: payer, journal: journal)
    await #expect(throws: PaymentClientError.self) { try await first.execute(scene.stall.get("/paid")) }
    // Another process on the same journal pays for something else.
    let second = try scene.stall.client(as: payer, journal: journal)
    var paid = false
    for _ in 0..<4 where !paid {
      paid = (try? await second.execute(scene.stall.get("/push")).status) == .ok
    }
    #expect(paid)
    #expect(scene.owner.registrations == 1)
    #expect(scene.stall.earned == ChargeStall.price)
    // The lost one is dead once the margin has passed: it is paid anew, once.
    scene.stall.devnet.clock.advance(seconds: 31)
    scene.stall.devnet.mine()
    #expect(try await second.execute(scene.stall.get("/paid")).status == .ok)
    #expect(scene.stall.earned == 2 * ChargeStall.price)
  }
}

/// Sessions opened by an access key: it signs the vouchers itself, bare (`05` §5).
@Suite("Sessions of an access key", .timeLimit(.minutes(2)))
struct AccessKeySessionTests {
  @Test("open registers the key, its vouchers are taken, the deposit grows and comes back")
  func life() async throws {
    try await Marketplace.run { market in
      let shop = try await market.shop()
      let owner = try AccessKeyOwner(market.devnet)
      let payer = owner.payer(try await owner.authorization())
      let client = try market.client(payer: payer) { options in
        options.openingDeposit = Amount(units: 20_000)
        options.topUpAmount = Amount(units: 20_000)
      }
      for _ in 0..<4 { #expect(try await client.execute(.get(shop.url + "/ping")).status == .ok) }
      let channel = try #require(try await client.channels().first)
      #expect(channel.payer == owner.root.address.hex)
      let record = try #require(try await shop.records().first)
      #expect(record.descriptor.authorizedSigner == owner.key.address)
      #expect(record.spent.units == 40_000)
      #expect(owner.registrations == 1)
      let closed = try await client.close()
      #expect(closed.first?.error == nil, "\(closed)")
      #expect(closed.first?.captured?.units == 40_000)
      #expect(try await market.audit(shop) == [])
    }
  }

  @Test("A top-up above the key's limit fails before anything is signed; what is deposited can still be used")
  func overLimit() async throws {
    try await Marketplace.run { market in
      let shop = try await market.shop()
      let owner = try AccessKeyOwner(market.devnet)
      let payer = owner.payer(try await owner.limited(to: 30_000))
      let client = try market.client(payer: payer) { options in
        options.openingDeposit = Amount(units: 20_000)
        options.topUpAmount = Amount(units: 20_000)
      }
      for _ in 0..<2 { #expect(try await client.execute(.get(shop.url + "/ping")).status == .ok) }
      let sent = market.devnet.requestCount("eth_sendRawTransaction")
      let error = await #expect(throws: PaymentClientError.self) {
        try await client.execute(.get(shop.url + "/ping"))
      }
      #expect(error?.code == .accessKey)
      #expect(market.devnet.requestCount("eth_sendRawTransaction") == sent)
      let closed = try await client.close()
      #expect(closed.first?.captured?.units == 20_000)
      #expect(try await market.audit(shop) == [])
    }
  }

  @Test("A channel of another key of the account is not paid with; its deposit comes back")
  func otherSigner() async throws {
    try await Marketplace.run { market in
      let shop = try await market.shop()
      let owner = try AccessKeyOwner(market.devnet)
      let root = try market.client(journal: "payer.journal")
      #expect(try await root.execute(.get(shop.url + "/ping")).status == .ok)
      try await root.shutdown()
      let client = try market.client(
        payer: owner.payer(try await owner.authorization()), journal: "payer.journal")
      #expect(try await client.execute(.get(shop.url + "/ping")).status == .ok)
      let channels = try await client.channels()
      #expect(channels.count == 2)
      let found = try await client.recover(.everything)
      #expect(found.filter { $0.phase == "open" }.isEmpty, "\(found)")
    }
  }
}
