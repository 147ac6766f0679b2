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

/// Whatever kind of key an account has, it pays in every way there is, and every balance is right to the unit
/// (`02` §3.2, `06` §1.7).
@Suite("Every kind of key pays in every way", .timeLimit(.minutes(2)))
struct KeyKindTests {
  @Test("Pulled, pushed, proved and sponsored", arguments: KeyKind.allCases, ChargeFlow.plain)
  func charges(_ kind: KeyKind, _ flow: ChargeFlow) async throws { try await buyTwice(flow, kind) }

  @Test("The same by an access key on P-256", arguments: ChargeFlow.delegated)
  func accessKey(_ flow: ChargeFlow) async throws { try await buyTwice(flow, .p256) }

  private func buyTwice(_ flow: ChargeFlow, _ kind: KeyKind) async throws {
    var configuration = DevnetConfiguration()
    configuration.chainID = 42_431
    configuration.gasModel = .schedule
    let devnet = try Devnet(configuration: configuration)
    let key = try kind.signer(seed: 0x51)
    let (account, payer) = try await account(flow, key, devnet)
    let stall = try await ChargeStall(devnet, offers: ["/flow": flow.members([])]) {
      if flow.has(.sponsored) { $0.feePayer = FeePayerOptions(signer: devnet.sponsor.signer) }
    }
    let books = ChargeBooks(
      devnet, flow, seller: devnet.accounts[0].address, payer: payer, key: key.keyAddress, others: [])
    let client = try stall.client(as: account)
    let isProof = flow.way == .proof
    for count in 1...2 {
      let response = try await client.execute(stall.get(isProof ? "/proof" : "/flow"))
      #expect(response.status == .ok)
      #expect(response.payment?.actions == [flow.way.rawValue])
      #expect(stall.deliveries == count)
      #expect(books.payments.count == (isProof ? 0 : count))
      #expect(books.differences() == [])
    }
    #expect(books.payments.allSatisfy { $0.fee.units > 0 })
    for text in stall.credentials {
      let source = try Credential(parsing: text).source?.text
      #expect(source == "did:pkh:eip155:\(devnet.chainID):\(payer.checksummed)")
    }
  }

  /// The key with an account of its own, or as one that account 1 has authorized: registered by its first payment, or before
  /// it where that does not register anything.
  private func account(
    _ flow: ChargeFlow, _ key: TempoSigner, _ devnet: Devnet
  ) async throws -> (TempoAccount, Address) {
    guard flow.has(.accessKey) else {
      devnet.setBalance(
        devnet.configuration.initialBalance, of: key.account, token: TempoAddress.pathUSD)
      return (.signer(key), key.account)
    }
    let owner = try AccessKeyOwner(devnet)
    let authorization = try await owner.authorization {
      $0.keyType = key.keyType
      $0.keyID = key.keyAddress
      $0.limits = ChargeFlow.limits
    }
    let isRegistered = flow.way == .proof || flow.has(.sponsored)
    if isRegistered { try await owner.register(authorization) }
    let account = TempoAccount.accessKey(
      key, of: owner.root.address, authorization: isRegistered ? nil : authorization)
    return (account, owner.root.address)
  }

  // MARK: Sessions

  private static func schedule(_ configuration: inout DevnetConfiguration) {
    configuration.gasModel = .schedule
  }

  @Test(
    "A session: opened, paid by vouchers, topped up and closed; what was spent is captured, the rest comes back",
    arguments: KeyKind.allCases)
  func session(_ kind: KeyKind) async throws {
    try await Marketplace.run(Self.schedule) { market in
      let key = try kind.signer(seed: 0x52)
      let data = try TIP20ABI.transferCalldata(to: key.account, amount: 50_000_000)
      let funding = try await market.devnet.signAndSend(
        Call(to: TempoAddress.pathUSD, data: data), from: market.devnet.accounts[5])
      try #require(funding?.succeeded == true)
      try await live(market, .signer(key), payer: key.account, signer: key.keyAddress)
    }
  }

  @Test("The same by an access key on P-256, which signs the vouchers itself")
  func accessKeySession() async throws {
    try await Marketplace.run(Self.schedule) { market in
      let key = try KeyKind.p256.signer(seed: 0x53)
      let owner = try AccessKeyOwner(market.devnet)
      let authorization = try await owner.authorization {
        $0.keyType = key.keyType
        $0.keyID = key.keyAddress
      }
      let account = TempoAccount.accessKey(key, of: owner.root.address, authorization: authorization)
      try await live(market, account, payer: owner.root.address, signer: key.keyAddress)
      #expect(owner.registrations == 1)
    }
  }

  private func live(
    _ market: Marketplace, _ account: TempoAccount, payer: Address, signer: Address
  ) async throws {
    let (devnet, seller) = (market.devnet, market.devnet.accounts[0].address)
    let shop = try await market.shop()
    let before = (payer: devnet.balance(of: payer).units, seller: devnet.balance(of: seller).units)
    let known = devnet.receipts().count
    let client = try market.client(payer: account) { options in
      options.openingDeposit = Amount(units: 20_000)
      options.topUpAmount = Amount(units: 30_000)
    }
    for _ in 0..<4 { #expect(try await client.execute(.get(shop.url + "/ping")).status == .ok) }
    let record = try #require(try await shop.records().first)
    #expect(record.descriptor.payer == payer)
    #expect(record.descriptor.effectiveSigner == signer)
    #expect(record.spent.units == 40_000)
    let closed = try await client.close()
    #expect(closed.count == 1 && closed.first?.error == nil, "\(closed)")
    #expect(closed.first?.captured?.units == 40_000)
    #expect(closed.first?.refunded?.units == 10_000)

    let receipts = devnet.receipts().dropFirst(known)
    func fees(_ address: Address) -> UInt128 {
      receipts.reduce(0) { $1.feePayer == address ? $0 + $1.fee.units : $0 }
    }
    #expect(fees(payer) > 0)
    #expect(devnet.balance(of: payer).units == before.payer - 40_000 - fees(payer))
    #expect(devnet.balance(of: seller).units == before.seller + 40_000 - fees(seller))
    #expect(devnet.balance(of: TempoAddress.channelReserve) == .zero)
    let history = try #require(try devnet.channelHistories().first)
    #expect([history.opens, history.topUps, history.closes] == [1, 1, 1])
    #expect(try await market.audit(shop) == [])
  }
}
