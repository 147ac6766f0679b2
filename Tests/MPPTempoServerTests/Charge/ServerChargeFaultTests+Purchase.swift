import EVM
import MPPCore
import MPPServer
import MPPTempo
import MPPTesting
import PeerSupport
import Tempo
import TempoDevnet
import TempoRPC
import Testing

@testable import MPPTempoServer

extension ServerChargeFaultTests {
  /// A payment that is signed, and for a push broadcast, but not presented yet.
  struct Purchase: Sendable {
    let flow: ChargeFlow
    let harness: ChargeHarness
    let books: ChargeBooks
    let sponsor: ScriptedSigner
    private let signer: TempoSigner
    private let payload: ChargePayload
    private let credential: String

    private static func harness(
      _ flow: ChargeFlow, _ devnet: Devnet, _ sponsor: ScriptedSigner, store: FaultStore? = nil, seed: UInt64,
      node: MortalNode? = nil
    ) async throws -> ChargeHarness {
      try await ChargeHarness(
        devnet: devnet, store: store, seed: seed, price: flow.way == .proof ? "0" : "0.01",
        members: flow.way == .proof ? [] : flow.members(others(devnet))
      ) { options in
        if let node { options.transport = node }
        options.currency = flow.token.hex
        options.explicitMemoIsUnique = flow.way == .push
        if flow.has(.hosted) {
          options.feePayer = FeePayerOptions(host: host(devnet))
        } else if flow.has(.sponsored) {
          options.feePayer = FeePayerOptions(signer: sponsor)
        }
        options.pushDeadline = 1_000
      }
    }

    /// Chooses another token each time it is asked.
    private static func host(_ devnet: Devnet) -> FeePayerHost {
      let wire = HostWire(devnet)
      wire.onAsk { devnet.sponsorPolicy.alternateTokens() }
      return wire.host(feeTokens: HostLie.allowed, sponsor: devnet.sponsor.address)
    }

    private static func others(_ devnet: Devnet) -> [Address] {
      [devnet.accounts[7].address, devnet.accounts[8].address]
    }

    /// - Parameter chain: with a node that the server asks instead.
    init(_ flow: ChargeFlow, seed: UInt64, chain: (Devnet, MortalNode)? = nil) async throws {
      self.flow = flow
      let devnet = try chain?.0 ?? Harness.chain()
      let sponsor = ScriptedSigner(devnet.sponsor.privateKey)
      self.sponsor = sponsor
      harness = try await Self.harness(flow, devnet, sponsor, seed: seed, node: chain?.1)
      let root = harness.payer.account
      let key = try Secp256k1PrivateKey([UInt8](repeating: 3, count: 32))
      if flow.has(.exchange) { devnet.setBalance(.zero, of: root.address, token: flow.token) }
      var signer = TempoSigner.secp256k1(root.privateKey)
      var authorization: SignedKeyAuthorization?
      if flow.has(.accessKey) {
        authorization = try await KeyAuthorization(
          chainID: devnet.chainID, keyType: .secp256k1, keyID: key.address,
          expiry: UInt64(devnet.clock.now.seconds) + 3_600, limits: ChargeFlow.limits
        ).signed(by: signer)
        if flow.way == .proof { try await Self.register(authorization, root, devnet) }
        signer = TempoSigner.secp256k1(key).asAccessKey(of: root.address)
      }
      books = ChargeBooks(
        devnet, flow, seller: harness.payee, payer: root.address, key: key.address,
        others: Self.others(devnet))
      self.signer = signer
      let challenge = try await harness.challenge()
      payload = try await Self.payload(flow, harness, challenge, signer, authorization)
      credential = harness.credential(challenge, payload)
    }

    private static func register(
      _ authorization: SignedKeyAuthorization?, _ root: DevnetAccount, _ devnet: Devnet
    ) async throws {
      var options = DevnetSendOptions()
      options.keyAuthorization = authorization
      let call = Call(
        to: TempoAddress.pathUSD, data: try TIP20ABI.transferCalldata(to: root.address, amount: 1))
      let receipt = try await devnet.signAndSend(call, from: root, options: options)
      try #require(receipt?.succeeded == true)
    }

    private static func payload(
      _ flow: ChargeFlow, _ harness: ChargeHarness, _ challenge: Challenge, _ signer: TempoSigner,
      _ authorization: SignedKeyAuthorization?
    ) async throws -> ChargePayload {
      guard flow.way != .proof else {
        let (_, signature) = try await ZeroAmountProof.sign(
          chainID: harness.devnet.chainID, challengeID: challenge.id, realm: challenge.realm, by: signer)
        return .proof(signature)
      }
      let planner = harness.payer.planner
      var transaction = try await planner.plan(
        calls: try flow.exchange() + harness.calls(challenge), by: signer,
        feeToken: flow.has(.sponsored) ? nil : TempoAddress.pathUSD, keyAuthorization: authorization)
      if flow.has(.sponsored) { transaction.feePayer = .awaitingFeePayer }
      let signed = try await transaction.signed(by: signer)
      if flow.has(.sponsored) {
        return .transaction(try signed.handOff(sender: signer.account).serialized)
      }
      if flow.way == .push {
        let receipt = try await planner.client.sendRawTransactionSync(signed.serialized)
        try #require(receipt.succeeded)
        return .hash(signed.hash)
      }
      return .transaction(signed.serialized)
    }

    /// The same server, started again on what its ledger holds.
    init(restarting other: Purchase) async throws {
      flow = other.flow
      books = other.books
      payload = other.payload
      credential = other.credential
      sponsor = other.sponsor
      signer = other.signer
      harness = try await Self.harness(
        flow, other.harness.devnet, sponsor, store: FaultStore(other.harness.store.base), seed: 99)
      await harness.method.reconcile()
    }

    /// The same account, which proves itself for another challenge.
    private init(renewing other: Purchase) async throws {
      flow = other.flow
      harness = other.harness
      books = other.books
      sponsor = other.sponsor
      signer = other.signer
      let challenge = try await harness.challenge()
      payload = try await Self.payload(flow, harness, challenge, signer, nil)
      credential = harness.credential(challenge, payload)
    }

    /// What an account does whose proof brought nothing; nil for payments, and for a proof that was delivered.
    func renewedProof(after deliveries: Int) async throws -> Purchase? {
      guard flow.way == .proof, deliveries == 0 else { return nil }
      return try await Purchase(renewing: self)
    }

    func send() async -> PaymentOutcome { await harness.send(credential) }

    /// Presents the credential until it is answered with content; the deliveries there were.
    func deliveries(attempts: Int = 8) async throws -> Int {
      for _ in 0..<attempts {
        if case .proceed(let payment) = await send() {
          await payment.delivered()
          try? await harness.server.ledger.flush()
          return 1
        }
        harness.devnet.clock.advance(seconds: 1)
      }
      return 0
    }

    /// Paid once, used up for its own challenge and for others, and nothing under way.
    func expectAgreement(_ note: String) async throws {
      await harness.method.reconcile()
      #expect(books.payments.count == (flow.way == .proof ? 0 : 1), "\(note)")
      let again = Harness.problem(await send())
      #expect(again?.detail.contains("has already been used") == true, "\(note): \(again?.detail ?? "")")
      let moved = harness.credential(try await harness.challenge(), payload)
      #expect(Harness.problem(await harness.send(moved))?.code == .verificationFailed, "\(note)")
      try await expectNothingOpen(note)
      #expect(books.differences() == [], "\(note)")
    }

    func expectNothingOpen(_ note: String) async throws {
      let intents = try LedgerIntentStore(harness.server.ledger)
      #expect(try await intents.pending(limit: 9).isEmpty, "\(note)")
      let table = try harness.server.ledger.table(SponsorBudget.self)
      let key = SponsorBudget.key(
        chainID: harness.devnet.chainID, sponsor: harness.devnet.sponsor.address)
      // One whose end could not be written is free when its transaction has expired.
      let reservations = try await table.load(key)?.reservations ?? []
      #expect(reservations.allSatisfy { $0.expires <= harness.devnet.clock.now }, "\(note)")
    }
  }
}
