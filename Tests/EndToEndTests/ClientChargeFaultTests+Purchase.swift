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
import TempoRPC
import Testing

extension ClientChargeFaultTests {
  /// One client that wants one answer, and does not give up.
  struct Purchase {
    let flow: ChargeFlow
    let stall: ChargeStall
    let journal = TestJournal()
    /// Signs the payments.
    let key: CountingKey
    let node: ClockworkNode
    let books: ChargeBooks
    private let account: TempoAccount

    init(_ flow: ChargeFlow) async throws {
      self.flow = flow
      var configuration = DevnetConfiguration()
      configuration.chainID = 42_431
      let devnet = try Devnet(configuration: configuration)
      let node = ClockworkNode(devnet)
      self.node = node
      let others = [devnet.accounts[7].address, devnet.accounts[8].address]
      stall = try await ChargeStall(
        devnet, offers: ["/flow": flow.members(others)], transport: node
      ) { options in
        options.currency = flow.token.hex
        options.explicitMemoIsUnique = flow.way == .push
        if flow.has(.sponsored) { options.feePayer = FeePayerOptions(signer: devnet.sponsor.signer) }
        options.pushDeadline = 1_000
      }
      let payer = devnet.accounts[1]
      if flow.has(.exchange) { devnet.setBalance(.zero, of: payer.address, token: flow.token) }
      let owner = try AccessKeyOwner(devnet)
      if flow.has(.accessKey) {
        let authorization = try await owner.authorization { $0.limits = ChargeFlow.limits }
        if flow.way == .proof { try await owner.register(authorization) }
        (key, account) = (owner.key, owner.payer(flow.way == .proof ? nil : authorization))
      } else {
        key = CountingKey(payer.privateKey)
        account = .signer(key)
      }
      books = ChargeBooks(
        devnet, flow, seller: devnet.accounts[0].address, payer: payer.address, key: owner.key.address,
        others: others)
    }

    var path: String { flow.way == .proof ? "/proof" : "/flow" }

    func client(_ journal: TestJournal? = nil) throws -> PaymentClient {
      try stall.client(as: account, journal: journal ?? self.journal) { options in
        if flow.has(.exchange) { options.autoSwap = AutoSwap() }
      }
    }

    /// Asks until it is answered.
    /// - Returns: payments that the client itself reports as made and refused.
    func answered(_ client: PaymentClient) async throws -> Int {
      let (isAnswered, lost) = try await asked(client)
      guard isAnswered else { throw TestFailure("never answered") }
      return lost
    }

    /// Asks until it is answered, or has asked often.
    func asked(_ client: PaymentClient) async throws -> (isAnswered: Bool, lost: Int) {
      var lost = 0
      for _ in 0..<14 {
        do {
          let response = try await client.execute(stall.get(path))
          if response.status == .ok { return (true, lost) }
        } catch let error as PaymentClientError {
          // One that may still be redeemed is presented again.
          let isLost = error.code == .paymentRefused && !error.isRetryable
          if isLost, error.exposure.authorized > .zero { lost += 1 }
        }
        stall.devnet.clock.advance(seconds: 5)
      }
      return (false, lost)
    }

    /// - Parameters:
    ///   - lost: payments the client has reported as lost.
    ///   - redeemable: deliveries that the server may not know of.
    func expectAgreement(lost: Int, _ note: String, redeemable: Int = 0) async throws {
      try await expectSettled(lost: lost, note)
      // What the journal still calls unfinished is presented again by the next process, and never paid twice.
      let next = try client(TestJournal(copying: journal))
      let more = try await answered(next)
      // A delivery whose end did not reach the journal is reported as a payment that the server refuses.
      let bought = flow.way == .proof ? 0 : stall.deliveries + lost
      #expect((bought...bought + more).contains(books.payments.count), "\(note), restarted")
      #expect(books.differences() == [], "\(note), restarted")
      try await expectUsedUp("\(note), used", redeemable)
    }

    /// Chain, ledger and journal agree, as they are.
    func expectSettled(lost: Int, _ note: String) async throws {
      stall.devnet.faults.clear()
      try await stall.sweep()
      let isFree = flow.way == .proof
      #expect(books.payments.count == (isFree ? 0 : stall.deliveries + lost), "\(note)")
      #expect(books.differences() == [], "\(note)")
      let intents = try LedgerIntentStore(stall.server.ledger)
      #expect(try await intents.pending(limit: 9).isEmpty, "\(note)")
      try await expectJournal(note)
    }

    /// What the journal calls delivered is on the chain, and what it calls dead is not; everything that was paid is counted.
    private func expectJournal(_ note: String) async throws {
      let paid = books.payments.map(\.hash.hex)
      for record in try await journal.records(kind: "charge") where !flow.has(.sponsored) {
        let entry = try JSONValue(parsing: record.body)
        let hash = try #require(entry["hash"]?.stringValue)
        switch entry["state"]?.stringValue {
        case "delivered": #expect(paid.contains(hash), "\(note)")
        case "dead": #expect(!paid.contains(hash), "\(note)")
        default: break
        }
      }
      let counted = try await client(TestJournal(copying: journal)).authorizedInPeriod()
      #expect(counted.units >= UInt128(paid.count) * ChargeFlow.price, "\(note)")
    }

    /// No credential that ever arrived buys anything more: as it is, or for a fresh challenge.
    func expectUsedUp(_ note: String, _ redeemable: Int = 0) async throws {
      let (paid, delivered) = (books.payments.count, stall.deliveries)
      var taken = 0
      for text in Set(stall.credentials) {
        let credential = try Credential(parsing: text)
        let headers = try await stall.get(path, credential: nil).headerFields
        let fresh = try #require(try ChallengeList(fields: headers).challenges.first)
        let moved = Credential(challenge: fresh, payload: credential.payload, source: credential.source)
        #expect(try await stall.get(path, credential: moved.serialized()).status == 402, "\(note)")
        if try await stall.get(path, credential: text).status == .ok { taken += 1 }
      }
      #expect(taken <= redeemable, "\(note)")
      #expect(stall.deliveries == delivered + taken, "\(note)")
      #expect(books.payments.count == paid, "\(note)")
    }
  }
}
