import EVM
import MPPCore
import MPPServer
import MPPTempo
import PeerSupport
import Tempo
import TempoDevnet
import TempoRPC
import Testing

@testable import MPPTempoServer

/// What a top-up must be, beyond adding what it says: something whose end is known soon (`docs/compatibility.md`).
@Suite("Top-ups: transactions that are taken (04 §18.2, §18.5)")
struct TopUpRulesTests {
  private func refused(
    _ reason: String, account: Int = 0, _ change: (inout TempoTransaction) -> Void
  ) async throws {
    let harness = try await Harness()
    let channel = try await harness.opened(deposit: 5_000)
    let payer = Payer(harness.devnet, harness.devnet.accounts[account], seed: 5)
    let calldata = try ChannelReserveABI.topUpCalldata(channel.descriptor, additionalDeposit: 1_000)
    // Planned for something that every account can do: the chain itself would refuse to estimate some of these.
    let harmless = try TIP20ABI.transferCalldata(to: payer.account.address, amount: 1)
    var transaction = try await payer.planner.plan(
      calls: [Call(to: TempoAddress.pathUSD, data: harmless)], from: payer.account.address,
      feeToken: TempoAddress.pathUSD)
    transaction.calls = [Call(to: channel.escrow, data: calldata)]
    change(&transaction)
    let sent = harness.devnet.requestCount("eth_sendRawTransaction")
    let outcome = try await harness.post(
      .topUp(
        .init(
          channelID: channel.id, descriptor: channel.descriptor,
          transaction: try payer.sign(transaction).serialized, additionalDeposit: Amount(units: 1_000))))
    expectRefusal(
      outcome, .verificationFailed, "Payment verification failed: TIP-1034 topUp transaction \(reason).")
    #expect(harness.devnet.requestCount("eth_sendRawTransaction") == sent)
    try await harness.expectAgreement(channel)
  }

  @Test("Without an end, with a nonce that is waited for, below the base fee or not valid yet: refused")
  func inclusion() async throws {
    try await refused("has no validBefore") {
      $0.nonceKey = .zero
      $0.validBefore = nil
    }
    try await refused("has no expiring nonce") { $0.nonceKey = UInt256(7) }
    try await refused("is valid for too long") { $0.validBefore = ($0.validBefore ?? 0) + 900 }
    try await refused("offers less than the base fee") {
      $0.maxFeePerGas = 1
      $0.maxPriorityFeePerGas = 0
    }
    try await refused("is not valid yet") { $0.validAfter = ($0.validBefore ?? 0) - 1 }
  }

  @Test("A top-up that somebody else than the payer sends is refused")
  func foreignSender() async throws {
    try await refused("is not sent by the channel payer", account: 4) { _ in }
  }

  @Test("A top-up of a finalized channel is refused")
  func finalized() async throws {
    let harness = try await Harness()
    let channel = try await harness.opened(deposit: 5_000)
    let topUp = try await harness.payer.topUp(channel, 1_000)
    _ = try Harness.receipt(try await harness.post(channel.close(1_000)))
    expectRefusal(
      try await harness.post(topUp), .channelClosed, "Channel closed: channel is finalized.")
  }
}
