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

/// The exchange in front of a payment (`06` §1.9, §1.11): it yields the token of the challenge, and where we pay the fee exactly the
/// price. The payer has enough of every token, so the chain would include all of these.
@Suite("Charges: the exchange in front of a payment")
struct ChargeExchangeRulesTests {
  private static let noCall =
    "Payment verification failed: Invalid transaction: no matching payment call found."
  private static let price = ChargeHarness.price

  private struct Scene {
    let harness: ChargeHarness
    let sponsor: ScriptedSigner
    let isSponsored: Bool

    init(isSponsored: Bool) async throws {
      self.isSponsored = isSponsored
      let devnet = try Harness.chain()
      let sponsor = ScriptedSigner(devnet.sponsor.privateKey)
      self.sponsor = sponsor
      harness = try await ChargeHarness(devnet: devnet) { options in
        options.currency = TempoAddress.alphaUSD.hex
        if isSponsored { options.feePayer = FeePayerOptions(signer: sponsor) }
      }
    }

    /// Presents a payment behind this exchange.
    func send(_ tokenIn: Address, _ tokenOut: Address, _ amount: UInt128) async throws -> PaymentOutcome {
      let challenge = try await harness.challenge()
      let calls = try harness.calls(challenge)
      var transaction = try await harness.payer.planner.plan(
        calls: calls, from: harness.payer.account.address,
        feeToken: isSponsored ? nil : TempoAddress.pathUSD)
      let swap = SwapExactAmountOut(
        tokenIn: tokenIn, tokenOut: tokenOut, amountOut: amount, maxAmountIn: amount)
      let approve = try TIP20ABI.approveCalldata(spender: TempoAddress.dex, amount: amount)
      transaction.calls =
        [
          Call(to: tokenIn, data: approve), Call(to: TempoAddress.dex, data: try swap.calldata()),
        ] + calls
      if isSponsored { transaction.feePayer = .awaitingFeePayer }
      let signed = try harness.payer.sign(transaction)
      return await harness.send(harness.credential(challenge, .transaction(signed.serialized)))
    }

    func expectNothing() {
      #expect(sponsor.count == 0)
      #expect(harness.devnet.requestCount("eth_sendRawTransaction") == 0)
      #expect(harness.store.commitCount == 0)
    }
  }

  @Test("Into the challenge's token it is taken", arguments: [false, true])
  func taken(isSponsored: Bool) async throws {
    let scene = try await Scene(isSponsored: isSponsored)
    try await scene.harness.deliver(
      try await scene.send(TempoAddress.pathUSD, TempoAddress.alphaUSD, Self.price))
    let start = scene.harness.devnet.configuration.initialBalance.units
    #expect(scene.harness.balance(scene.harness.payee, token: TempoAddress.alphaUSD) == start + Self.price)
    #expect(
      scene.harness.balance(scene.harness.payer.account.address, token: TempoAddress.alphaUSD) == start)
  }

  @Test(
    "Into another token than the challenge's it is refused before anything is signed or sent",
    arguments: [false, true])
  func foreignOutput(isSponsored: Bool) async throws {
    let scene = try await Scene(isSponsored: isSponsored)
    for (tokenIn, tokenOut) in [
      (TempoAddress.pathUSD, TempoAddress.betaUSD), (TempoAddress.alphaUSD, TempoAddress.pathUSD),
      (TempoAddress.alphaUSD, TempoAddress.alphaUSD),
    ] {
      expectRefusal(
        try await scene.send(tokenIn, tokenOut, Self.price), .verificationFailed, Self.noCall)
    }
    scene.expectNothing()
  }

  @Test("More or less than the price is the payer's own matter, and never at our expense")
  func otherAmount() async throws {
    for amount in [Self.price - 1, Self.price + 1] {
      let sponsored = try await Scene(isSponsored: true)
      expectRefusal(
        try await sponsored.send(TempoAddress.pathUSD, TempoAddress.alphaUSD, amount), .verificationFailed,
        Self.noCall)
      sponsored.expectNothing()
      let own = try await Scene(isSponsored: false)
      try await own.harness.deliver(
        try await own.send(TempoAddress.pathUSD, TempoAddress.alphaUSD, amount))
    }
  }
}
