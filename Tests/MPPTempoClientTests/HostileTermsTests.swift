import EVM
import HTTPTypes
import MPPClient
import MPPCore
import MPPTempo
import MPPTempoClient
import PeerSupport
import Synchronization
import Tempo
import TempoDevnet
import TempoRPC
import Testing

@Suite("Terms a client does not accept")
struct HostileTermsTests {
  typealias Edit = @Sendable (inout SessionRequest) -> Void

  private func fixture(_ edit: @escaping Edit) throws -> SessionFixture {
    let fixture = try SessionFixture()
    fixture.seller.state.withLock { $0.requestEdit = edit }
    return fixture
  }

  @Test("Escrow, chain and fee token are not the server's to choose (T11, T13, T14)")
  func foreign() async throws {
    let other = try SpelledAddress("0x1111111111111111111111111111111111111111")
    let edits: [Edit] = [
      { $0.methodDetails.escrowContract = other }, { $0.methodDetails.chainID = 4217 },
      { $0.methodDetails.feeToken = other },
    ]
    for edit in edits {
      let fixture = try fixture(edit)
      #expect(await failure { try await fixture.get() }?.code == .untrustedTerms)
      #expect(fixture.signer.count == 0)
    }
  }

  @Test("No fee is taken from a token that the policy does not list (T14)", arguments: [false, true])
  func feeTokenOfThePolicy(isListed: Bool) async throws {
    var tokens = [TempoAddress.alphaUSD.hex]
    if isListed { tokens.append(TempoAddress.pathUSD.hex) }
    let fixture = try SessionFixture(spending: .upTo("0.10", perDay: "5").paying(tokens: tokens))
    let payer = fixture.devnet.accounts[0].address
    let before = fixture.devnet.balance(of: payer, token: TempoAddress.pathUSD)
    fixture.seller.state.withLock { state in
      state.requestEdit = { $0.methodDetails.feeToken = SpelledAddress(TempoAddress.pathUSD) }
    }
    let error = await failure { try await fixture.get() }
    #expect(error?.code == (isListed ? nil : .refusedByPolicy))
    #expect((fixture.devnet.balance(of: payer, token: TempoAddress.pathUSD) < before) == isListed)
    if !isListed { #expect(fixture.signer.count == 0) }
  }

  @Test("Getting a deposit back may take its fee from a token that the policy does not list")
  func recoveryFeeToken() async throws {
    let fixture = try SessionFixture(
      spending: .upTo("0.10", perDay: "5").paying(tokens: [TempoAddress.alphaUSD.hex]))
    _ = try await fixture.get()
    let payer = fixture.devnet.accounts[0].address
    fixture.devnet.setBalance(.zero, of: payer, token: TempoAddress.alphaUSD)
    fixture.seller.state.withLock { $0.closeAnswers = [.gone] }
    _ = try await fixture.client.close()
    #expect(try await fixture.client.recover().first?.phase == "closeRequested")
  }

  @Test("Unusable challenges are skipped or refused: legacy protocol, no payee, price zero (T1, T32)")
  func malformed() async throws {
    let legacy = try fixture { $0.methodDetails.sessionProtocol = "v1" }
    #expect(try await legacy.get().status.code == 402)
    let unmarked = try fixture { $0.methodDetails.sessionProtocol = nil }
    #expect(try await unmarked.get().status.code == 402)
    for edit: Edit in [{ $0.recipient = nil }, { $0.currency = "USD" }, { $0.amount = .zero }] {
      let fixture = try fixture(edit)
      #expect(await failure { try await fixture.get() }?.code == .invalidChallenge)
      #expect(fixture.signer.count == 0)
    }
  }

  @Test("A huge suggested deposit stays within the limit (T2, C18)")
  func suggestion() async throws {
    let fixture = try fixture { $0.suggestedDeposit = .maxUInt96 }
    _ = try await fixture.get()
    #expect(try await fixture.channel().deposit == Amount(units: 5_000_000))
  }

  @Test("minVoucherDelta above the price: a typed error, nothing signed for it (T15)")
  func delta() async throws {
    let fixture = try fixture { $0.methodDetails.minVoucherDelta = Amount(units: 10_001) }
    let error = await failure { try await fixture.get() }
    #expect(error?.code == .requirementExceedsBound)
    #expect(fixture.vouchers.isEmpty)
  }

  @Test("An operator that changes gets a new channel; the old one is kept (C4)")
  func operatorChange() async throws {
    let fixture = try SessionFixture()
    _ = try await fixture.get()
    let other = try SpelledAddress("0x2222222222222222222222222222222222222222")
    fixture.seller.state.withLock { $0.requestEdit = { $0.methodDetails.operator = other } }
    _ = try await fixture.get()
    #expect(try await fixture.client.channels().map(\.phase) == ["open", "open"])
    #expect(fixture.vouchers == [10_000, 10_000])
  }

  /// A snapshot for the seller's channel, with the amounts of a liar.
  private func lie(_ fixture: SessionFixture, required: UInt128, signature: [UInt8]? = nil) throws
    -> JSONValue
  {
    let (id, channel) = try #require(fixture.seller.state.withLock { $0.channels.first })
    let claim = Amount(units: required)
    return SessionSnapshot(
      acceptedCumulative: claim, chainID: fixture.devnet.configuration.chainID, channelID: id,
      deposit: Amount(units: 1 << 80), descriptor: channel.descriptor, escrow: TempoAddress.channelReserve,
      highestVoucher: SessionSnapshot.HighestVoucher(
        channelID: id, cumulativeAmount: claim, signature: signature ?? channel.signature),
      requiredCumulative: claim, settled: .zero, spent: claim
    ).jsonValue
  }

  @Test("A snapshot that requires one unit too much stops the client before it signs (A1, A6, T3, T4)")
  func snapshot() async throws {
    let fixture = try SessionFixture()
    _ = try await fixture.get()
    let claim = try lie(fixture, required: 30_001)
    fixture.seller.state.withLock { $0.requestEdit = { $0.methodDetails.sessionSnapshot = claim } }
    fixture.script(.refuse, .serve)
    let signed = fixture.signer.count
    let error = await failure { try await fixture.get() }
    #expect(error?.code == .requirementExceedsBound)
    #expect(fixture.signer.count == signed + 1)
    #expect(try await fixture.channel().authorized == Amount(units: 20_000))
  }

  @Test("A snapshot in every challenge, with whatever numbers, raises nothing (A1)")
  func snapshotsEverywhere() async throws {
    let fixture = try SessionFixture()
    _ = try await fixture.get()
    for required: UInt128 in [0, 1, 20_000, 100_000, 1 << 90] {
      let claim = try lie(fixture, required: required)
      fixture.seller.state.withLock { $0.requestEdit = { $0.methodDetails.sessionSnapshot = claim } }
      _ = await failure { try await fixture.get() }
    }
    #expect(try await fixture.channel().authorized <= Amount(units: 60_000))
    #expect(try await fixture.channel().deposit == Amount(units: 100_000))
  }

  @Test("A verified voucher of our own above our count is adopted; a forged one is not (T6)")
  func highestVoucher() async throws {
    let fixture = try SessionFixture()
    _ = try await fixture.get()
    let fee = try await fixture.client.authorizedInPeriod().subtracting(Amount(units: 10_000))
    // Another process with the same key paid three more requests.
    let other = try SessionFixture(
      journal: TestJournal(copying: fixture.journal), devnet: fixture.devnet, seller: fixture.seller)
    for _ in 0..<3 { _ = try await other.get() }
    let truth = try lie(fixture, required: 40_000)
    fixture.seller.state.withLock { $0.requestEdit = { $0.methodDetails.sessionSnapshot = truth } }
    #expect(try await fixture.get().status == .ok)
    #expect(try await fixture.channel().authorized == Amount(units: 50_000))
    #expect(fixture.vouchers.max() == 50_000)
    // What the other process signed counts against this one's period total, now and after a restart.
    let counted = try Amount(units: 50_000).adding(fee)
    #expect(try await fixture.client.authorizedInPeriod() == counted)
    #expect(try await fixture.restarted().client.authorizedInPeriod() == counted)
  }

  @Test("A refreshed challenge may not redirect the payment or raise its price (T25)")
  func refreshed() async throws {
    let other = "0x3333333333333333333333333333333333333333"
    for edit: Edit in [
      { $0.recipient = other }, { $0.currency = TempoAddress.betaUSD.hex },
      { $0.amount = Amount(units: 10_001) },
    ] {
      let fixture = try SessionFixture()
      _ = try await fixture.get()
      let seller = fixture.seller
      let first = Counter()
      seller.state.withLock { state in
        state.script = [.refuse]
        // The first challenge is honest, the one that comes with the refusal is not.
        state.requestEdit = { request in if first.next() > 1 { edit(&request) } }
      }
      #expect(await failure { try await fixture.get() }?.code == .paymentRefused)
      #expect(try await fixture.channel().authorized == Amount(units: 20_000))
      #expect(try await fixture.client.channels().count == 1)
    }
  }
}
