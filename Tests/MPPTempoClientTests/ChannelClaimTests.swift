import EVM
import MPPClient
import MPPCore
import MPPTempo
import MPPTempoClient
import MPPTesting
import PeerSupport
import Synchronization
import Tempo
import TempoDevnet
import TempoRPC
import Testing

/// Channels that a server names and this client must not pay on (`05` §7.2, T6–T8, T10).
@Suite("Claims of channels", .timeLimit(.minutes(2)))
struct ChannelClaimTests {
  /// A seller and a buyer without a journal; channels are opened by hand.
  private struct Stage {
    let world: LostJournal
    var devnet: Devnet { world.before.devnet }
    var payee: DevnetAccount { world.before.seller.payee }
    var key: Secp256k1PrivateKey { devnet.accounts[0].privateKey }

    init() async throws {
      world = try await LostJournal(paid: 0)
      let seller = world.before.seller
      // Nobody is named: what is shown is not compared with the challenge, only with what is paid.
      world.desk.answers { _, isProved in
        isProved ? .show : .demand([BootstrapDesk.request(seller, namesRecipient: false)])
      }
    }

    func open(
      by account: Int = 0, payee: Address? = nil, operator: Address = .zero,
      token: Address = TempoAddress.alphaUSD, signer: Address = .zero, deposit: Int = 100_000,
      isSent: Bool = true
    ) async throws -> OpenChannel {
      let payer = Payer(devnet, devnet.accounts[account], seed: world.desk.nextSeed())
      let channel = try await payer.open(
        deposit: UInt128(deposit), payee: payee ?? self.payee.address, operator: `operator`, token: token,
        authorizedSigner: signer)
      guard isSent else { return channel }
      let receipt = try await payer.planner.client.sendRawTransactionSync(channel.transaction.serialized)
      try #require(receipt.succeeded)
      return channel
    }

    func claim(
      _ channel: OpenChannel, accepted: UInt128 = 20_000, spent: UInt128 = 10_000,
      by key: Secp256k1PrivateKey? = nil
    ) throws -> SessionSnapshot {
      SessionSnapshot(
        acceptedCumulative: Amount(units: accepted), chainID: channel.chainID, channelID: channel.id,
        deposit: Amount(units: 100_000), descriptor: channel.descriptor, escrow: channel.escrow,
        highestVoucher: SessionSnapshot.HighestVoucher(
          channelID: channel.id, cumulativeAmount: Amount(units: accepted),
          signature: try channel.signature(accepted, by: key ?? self.key)),
        requiredCumulative: Amount(units: spent), settled: .zero, spent: Amount(units: spent))
    }

    /// The seller has it on record.
    func record(
      _ channel: OpenChannel, accepted: UInt128 = 20_000, spent: UInt128 = 10_000, deposit: UInt128 = 100_000
    ) throws {
      let signature = try channel.signature(accepted, by: key)
      world.before.seller.state.withLock {
        $0.channels[channel.id] = TestSeller.Channel(
          descriptor: channel.descriptor, accepted: Amount(units: accepted), spent: Amount(units: spent),
          deposit: Amount(units: deposit), signature: signature)
      }
    }

    /// One request with this claim, by its answer to a proof and in the challenge. Returns the channel that was paid on.
    func pay(_ claim: SessionSnapshot, spending: SpendPolicy? = nil) async throws -> String? {
      world.desk.shows(claim)
      let client = try world.client(spending: spending)
      client.seller.state.withLock { $0.requestEdit = { $0.methodDetails.sessionSnapshot = claim.jsonValue } }
      let paid = try await client.get().payment?.channel
      client.seller.state.withLock { $0.requestEdit = nil }
      #expect(world.desk.credentials > 0)
      return paid
    }

    func expectIgnored(
      _ name: String, _ claim: SessionSnapshot, spending: SpendPolicy? = nil
    ) async throws {
      let count = world.before.vouchers.count
      let paid = try await pay(claim, spending: spending)
      #expect(paid != nil && paid != claim.channelID.hex, "\(name)")
      #expect(world.vouchers(on: claim.channelID.hex, after: count).isEmpty, "\(name)")
    }
  }

  @Test(
    "A channel made by hand that agrees with everything is used; the cases below differ from it in one thing")
  func control() async throws {
    let stage = try await Stage()
    let channel = try await stage.open()
    try stage.record(channel)
    #expect(try await stage.pay(stage.claim(channel)) == channel.id.hex)
    #expect(stage.world.vouchers(on: channel.id.hex) == [20_000])
    let named = try await stage.open(signer: stage.key.address)
    try stage.record(named)
    #expect(try await stage.pay(stage.claim(named)) == named.id.hex)
  }

  @Test("Another payer, signer, payee, token, operator, escrow or chain (C19, C4, A4)")
  func terms() async throws {
    let stage = try await Stage()
    let stranger = stage.devnet.accounts[4]
    let good = try await stage.open()
    let others: [(String, OpenChannel)] = [
      ("payer", try await stage.open(by: 2, signer: stage.key.address)),
      ("payee", try await stage.open(payee: stranger.address)),
      ("token", try await stage.open(token: TempoAddress.betaUSD)),
      ("operator", try await stage.open(operator: stranger.address)),
      (
        "escrow",
        OpenChannel(
          descriptor: good.descriptor, escrow: stranger.address, chainID: good.chainID,
          transaction: good.transaction, key: good.key)
      ),
      (
        "chain",
        OpenChannel(
          descriptor: good.descriptor, escrow: good.escrow, chainID: good.chainID + 1,
          transaction: good.transaction, key: good.key)
      ),
    ]
    for (name, channel) in others { try await stage.expectIgnored(name, stage.claim(channel)) }
    let foreign = try await stage.open(signer: stranger.address)
    try await stage.expectIgnored("signer", stage.claim(foreign, by: stranger.privateKey))
  }

  @Test("The id of another channel of ours over the right descriptor (T7)")
  func identity() async throws {
    let stage = try await Stage()
    let good = try await stage.open()
    let other = try await stage.open(payee: stage.devnet.accounts[4].address)
    var claim = try stage.claim(other)
    claim.descriptor = good.descriptor
    try await stage.expectIgnored("id", claim)
  }

  @Test("Each part of the voucher forged, and none at all (T6)")
  func voucher() async throws {
    let stage = try await Stage()
    let channel = try await stage.open()
    let other = try await stage.open()
    let good = try stage.claim(channel)
    typealias Edit = (inout SessionSnapshot) throws -> Void
    let edits: [(String, Edit)] = [
      ("none", { $0.highestVoucher = nil }),
      ("other channel", { $0.highestVoucher?.channelID = other.id }),
      ("amount above", { $0.highestVoucher?.cumulativeAmount = Amount(units: 30_000) }),
      ("accepted above", { $0.acceptedCumulative = Amount(units: 30_000) }),
      ("accepted below", { $0.acceptedCumulative = Amount(units: 10_000) }),
      (
        "both above",
        {
          $0.acceptedCumulative = Amount(units: 90_000)
          $0.highestVoucher?.cumulativeAmount = Amount(units: 90_000)
        }
      ),
      ("signature of another amount", { $0.highestVoucher?.signature = try channel.signature(10_000) }),
      ("signature on another channel", { $0.highestVoucher?.signature = try other.signature(20_000) }),
      (
        "signature of another key",
        { $0.highestVoucher?.signature = try channel.signature(20_000, by: stage.payee.privateKey) }
      ),
      ("no signature", { $0.highestVoucher?.signature = [] }),
      ("one byte off", { $0.highestVoucher?.signature[9] ^= 1 }),
      ("spent above accepted", { $0.spent = Amount(units: 20_001) }),
      ("settled above deposit", { $0.settled = Amount(units: 100_001) }),
      ("close requested", { $0.closeRequestedAt = "1800000000" }),
    ]
    for (name, edit) in edits {
      var claim = good
      try edit(&claim)
      try await stage.expectIgnored(name, claim)
    }
  }

  @Test(
    "What the chain shows: no deposit, one that does not cover the voucher, more captured, a close request")
  func chain() async throws {
    let stage = try await Stage()
    let unsent = try await stage.open(isSent: false)
    for accepted: UInt128 in [0, 20_000] {
      try await stage.expectIgnored("never sent", stage.claim(unsent, accepted: accepted, spent: 0))
    }
    let channel = try await stage.open()
    try await stage.expectIgnored("uncovered", stage.claim(channel, accepted: 100_001))
    let settle = try ChannelReserveABI.settleCalldata(
      channel.descriptor, cumulativeAmount: 30_000, signature: try channel.signature(30_000))
    try await Payer(stage.devnet, stage.payee, seed: 60).sendDirectly(settle)
    try await stage.expectIgnored("captured", stage.claim(channel))
    let closing = try await stage.open()
    try await Payer(stage.devnet, stage.devnet.accounts[0], seed: 61)
      .sendDirectly(try ChannelReserveABI.requestCloseCalldata(closing.descriptor))
    try await stage.expectIgnored("closing", stage.claim(closing))
  }

  @Test("What was captured already is neither counted as spent here nor taken for unused")
  func captured() async throws {
    let stage = try await Stage()
    let channel = try await stage.open()
    try stage.record(channel, spent: 15_000)
    let settle = try ChannelReserveABI.settleCalldata(
      channel.descriptor, cumulativeAmount: 15_000, signature: try channel.signature(15_000))
    try await Payer(stage.devnet, stage.payee, seed: 60).sendDirectly(settle)
    let claim = try stage.claim(channel, spent: 0)
    stage.world.desk.shows(claim)
    let client = try stage.world.client()
    _ = try await client.get()
    #expect(stage.world.vouchers(on: channel.id.hex).max() == 25_000)
    #expect(try await client.client.authorizedInPeriod().units == 10_000)
    #expect(try await client.channel().settled.units == 15_000)
  }

  @Test(
    "Limits that leave no room for one more payment on it: another channel is opened, and no request fails")
  func limits() async throws {
    let stage = try await Stage()
    let channel = try await stage.open()
    try stage.record(channel)
    let claim = try stage.claim(channel)
    try await stage.expectIgnored(
      "channel", claim, spending: .upTo("0.10", perDay: "5", depositPerChannel: "0.029999"))
    try await stage.expectIgnored(
      "period", claim, spending: .upTo("0.10", perDay: "0.029999", depositPerChannel: "5"))
    #expect(
      try await stage.pay(claim, spending: .upTo("0.10", perDay: "0.03", depositPerChannel: "0.03"))
        == channel.id.hex)
  }

  @Test("No room for the top-up that it needs: another channel is opened", arguments: [80_000, 70_000])
  func room(locked: UInt64) async throws {
    let stage = try await Stage()
    let channel = try await stage.open(deposit: 20_000)
    try stage.record(channel, spent: 20_000, deposit: 20_000)
    stage.world.desk.shows(try stage.claim(channel, spent: 20_000))
    let client = try stage.world.client(
      spending: .upTo("0.10", perDay: "0.105", depositPerChannel: "0.10"))
    // Another payee at the same origin.
    let other = stage.devnet.accounts[4].address.hex
    client.seller.state.withLock { state in
      state.suggestedDeposit = Amount(units: UInt128(locked))
      state.requestEdit = { $0.recipient = other }
    }
    _ = try await client.get()
    client.seller.state.withLock { $0.requestEdit = nil }
    let paid = try #require(try await client.get().payment)
    #expect((paid.channel == channel.id.hex) == (locked == 70_000))
    #expect(paid.actions == (locked == 70_000 ? ["topUp", "voucher"] : ["open"]))
  }

  @Test("A channel of another payee than the one the proof was asked for (CD9)")
  func provedForAnother() async throws {
    let stage = try await Stage()
    let merchant = stage.devnet.accounts[4].address
    let channel = try await stage.open(payee: merchant)
    try stage.record(channel)
    stage.world.desk.shows(try stage.claim(channel))
    let seller = stage.world.before.seller
    seller.state.withLock { $0.requestEdit = { $0.recipient = merchant.hex } }
    #expect(try await stage.world.client().get().payment?.channel == channel.id.hex)
    stage.world.desk.answers { _, isProved in isProved ? .show : .demand([BootstrapDesk.request(seller)]) }
    let client = try stage.world.client()
    #expect(try await client.get().payment?.channel != channel.id.hex)
  }
}
