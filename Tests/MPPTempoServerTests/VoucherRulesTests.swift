import EVM
import MPPCore
import MPPServer
import MPPTempo
import PeerSupport
import Tempo
import TempoDevnet
import Testing

@testable import MPPTempoServer

/// Every row of `04` §18.3 and §18.2 as a failing case.
@Suite struct VoucherRulesTests {
  static func failed(_ reason: String) -> String { "Payment verification failed: \(reason)." }
  static let badSignature = "Invalid signature: invalid voucher signature."
  static let pendingClose = "Channel closed: channel has a pending close request."

  /// Refused, and nothing of the record has changed.
  func expect(
    _ code: PaymentProblem.Code, _ detail: String, source: String? = nil, channel given: OpenChannel? = nil,
    harness prepared: Harness? = nil, sourceLocation: SourceLocation = #_sourceLocation,
    _ payload: (Harness, OpenChannel) async throws -> SessionPayload
  ) async throws {
    let harness: Harness
    if let prepared { harness = prepared } else { harness = try await Harness() }
    let channel: OpenChannel
    if let given { channel = given } else { channel = try await harness.opened(deposit: 5_000) }
    let before = try await harness.record(channel)
    let outcome = try await harness.get(try await payload(harness, channel), source: source)
    expectRefusal(outcome, code, detail, sourceLocation: sourceLocation)
    let after = try await harness.record(channel)
    #expect(after.history == before.history, sourceLocation: sourceLocation)
    #expect(after.spent == before.spent, sourceLocation: sourceLocation)
    #expect(after.held == .zero, sourceLocation: sourceLocation)
  }

  @Test func theChannelMustBeTheOneItSaysToBe() async throws {
    try await expect(.verificationFailed, Self.failed("channel descriptor does not match channelId")) {
      _, channel in
      try channel.voucher(2_000) { $0.channelID = .zero }
    }
  }

  @Test func v2AnUnknownChannel() async throws {
    let harness = try await Harness()
    let channel = try await harness.payer.open(deposit: 5_000, payee: harness.payee)
    expectRefusal(
      try await harness.get(channel.voucher(2_000)), .channelNotFound, "Channel not found: channel not found."
    )
  }

  @Test func v3TheSourceMustBeOfTheChannelsChain() async throws {
    for source in ["did:pkh:eip155:1:0x0000000000000000000000000000000000000001", "somebody"] {
      try await expect(
        .verificationFailed, Self.failed("credential source does not match channel"), source: source
      ) { _, channel in try channel.voucher(2_000) }
    }
  }

  @Test func v4TheSourceMustBeAnAddress() async throws {
    try await expect(
      .verificationFailed, Self.failed("invalid credential source"), source: "did:pkh:eip155:42431:nobody"
    ) { _, channel in try channel.voucher(2_000) }
  }

  @Test func v5AStrangerIsRefusedBeforeSignatureWork() async throws {
    try await expect(
      .verificationFailed,
      Self.failed("credential source does not match channel payer or authorized signer"),
      source: "did:pkh:eip155:42431:0x00000000000000000000000000000000000000aa"
    ) { _, channel in try channel.voucher(2_000) { $0.signature = [1] } }
  }

  @Test func v9AboveTheDeposit() async throws {
    try await expect(
      .amountExceedsDeposit, "Amount exceeds deposit: voucher amount exceeds on-chain deposit."
    ) { _, channel in try channel.voucher(5_001) }
  }

  @Test func v10BelowTheHighest() async throws {
    let harness = try await Harness()
    let channel = try await harness.opened(deposit: 9_000)
    try await harness.deliver(try await harness.get(channel.voucher(5_000)))
    try await expect(
      .verificationFailed,
      Self.failed("voucher cumulativeAmount must be strictly greater than highest accepted voucher"),
      channel: channel, harness: harness
    ) { _, channel in try channel.voucher(4_000) }
  }

  @Test func v11SignaturesTheChainWouldRefuse() async throws {
    try await expect(.invalidSignature, Self.badSignature) { harness, channel in
      let signature = try channel.signature(2_000, by: harness.devnet.accounts[3].privateKey)
      return try channel.voucher(2_000) { $0.signature = signature }
    }
    try await expect(.invalidSignature, Self.badSignature) { _, channel in
      let signature = try channel.signature(2_001)
      return try channel.voucher(2_000) { $0.signature = signature }
    }
    // The malleable twin: recovers to the right signer, and the chain refuses it (W8, C3).
    try await expect(.invalidSignature, Self.badSignature) { _, channel in
      let bytes = try channel.signature(2_000)
      let twin = try Self.highS(bytes)
      return try channel.voucher(2_000) { $0.signature = twin }
    }
    for bytes: [UInt8] in [[], [1], [UInt8](repeating: 0, count: 65), [UInt8](repeating: 3, count: 86)] {
      try await expect(.invalidSignature, Self.badSignature) { _, channel in
        try channel.voucher(2_000) { $0.signature = bytes.isEmpty ? [0] : bytes }
      }
    }
  }

  static func highS(_ bytes: [UInt8]) throws -> [UInt8] {
    let order = try UInt256(bigEndian: Secp256k1.order.bytes)
    let s = try UInt256(bigEndian: Array(bytes[32..<64]))
    return Array(bytes[..<32]) + (try order.subtracting(s)).bytes32 + [bytes[64] == 27 ? 28 : 27]
  }

  @Test func v12SettledOnChain() async throws {
    let harness = try await Harness()
    let channel = try await harness.opened(deposit: 9_000)
    let payload = try channel.voucher(2_000)
    try await harness.deliver(try await harness.get(payload))
    _ = try await harness.method.settle(channelID: channel.id.hex)
    try await expect(
      .verificationFailed, Self.failed("voucher cumulativeAmount is below on-chain settled amount"),
      channel: channel, harness: harness
    ) { _, _ in payload }
  }

  @Test func v14ASmallStep() async throws {
    let harness = try await Harness(options: { $0.minVoucherDelta = "0.0015" })
    let challenge = try await harness.challenge()
    #expect(challenge.request.value()["methodDetails"]?["minVoucherDelta"]?.stringValue == "1500")
    let channel = try await harness.opened(deposit: 9_000)
    try await expect(
      .deltaTooSmall, "Delta too small: voucher delta 1000 below minimum 1500.", channel: channel,
      harness: harness
    ) { _, channel in try channel.voucher(2_000) }
    try await harness.deliver(try await harness.get(channel.voucher(2_500)))
  }

  /// W30: a close request seen once is known to all that follow; W31: it can be taken back.
  @Test func aForcedCloseStopsContentUntilItIsCancelled() async throws {
    let harness = try await Harness()
    let channel = try await harness.opened(deposit: 9_000)
    try await harness.payer.sendDirectly(try ChannelReserveABI.requestCloseCalldata(channel.descriptor))
    harness.devnet.clock.advance(seconds: 6)
    for _ in 0..<3 {
      expectRefusal(try await harness.get(channel.voucher(2_000)), .channelClosed, Self.pendingClose)
    }
    #expect(try await harness.record(channel).phase == .forced)
    try await harness.payer.sendDirectly(
      try ChannelReserveABI.topUpCalldata(channel.descriptor, additionalDeposit: 10))
    harness.devnet.clock.advance(seconds: 6)
    try await harness.deliver(try await harness.get(channel.voucher(2_000)))
    _ = try Harness.receipt(try await harness.post(channel.close(2_000)))
    try await harness.expectAgreement(channel)
  }

  @Test func aDepositRaisedOnChainIsSeen() async throws {
    let harness = try await Harness()
    let channel = try await harness.opened(deposit: 2_000)
    try await harness.payer.sendDirectly(
      try ChannelReserveABI.topUpCalldata(channel.descriptor, additionalDeposit: 5_000))
    try await harness.deliver(try await harness.get(channel.voucher(3_000)))
    #expect(try await harness.record(channel).deposit.units == 7_000)
  }

  @Test func v8AWithdrawnChannelIsGone() async throws {
    let harness = try await Harness()
    let channel = try await harness.opened(deposit: 9_000)
    try await harness.payer.sendDirectly(try ChannelReserveABI.requestCloseCalldata(channel.descriptor))
    harness.devnet.clock.advance(seconds: 901)
    try await harness.payer.sendDirectly(try ChannelReserveABI.withdrawCalldata(channel.descriptor))
    harness.devnet.clock.advance(seconds: 6)
    expectRefusal(
      try await harness.get(channel.voucher(2_000)), .channelNotFound,
      "Channel not found: channel not funded on-chain.")
    let record = try await harness.record(channel)
    #expect(record.finalized)
    #expect(record.loss.units == 1_000)
  }

  @Test func concurrentStaleVouchersShareOneRead() async throws {
    let harness = try await Harness()
    let channel = try await harness.opened(deposit: 90_000)
    harness.devnet.clock.advance(seconds: 6)
    let before = harness.devnet.requestCount("eth_call")
    let credential = try await harness.credential(channel.voucher(50_000))
    await withTaskGroup(of: Void.self) { group in
      for _ in 0..<20 {
        group.addTask {
          if case .proceed(let payment) = await harness.send(credential) { await payment.delivered() }
        }
      }
    }
    #expect(harness.devnet.requestCount("eth_call") == before + 1)
  }

  @Test func aDeadNodeDoesNotStopVouchersWithinTheDepositAtOnce() async throws {
    let harness = try await Harness()
    let channel = try await harness.opened(deposit: 90_000)
    harness.devnet.clock.advance(seconds: 6)
    harness.devnet.faults.inject(.method("*"), .refuse, count: nil)
    try await harness.deliver(try await harness.get(channel.voucher(2_000)))
    harness.devnet.clock.advance(seconds: 70)
    let outcome = try await harness.get(channel.voucher(3_000))
    #expect(Harness.problem(outcome)?.status == 503)
    harness.devnet.faults.clear()
    try await harness.deliver(try await harness.get(channel.voucher(3_000)))
  }

  /// Not a refusal of the payment: repeating it helps (503, no challenge).
  @Test func aChainThatCannotBeAskedIsNotThePayersFault() async throws {
    let harness = try await Harness()
    let channel = try await harness.opened(deposit: 5_000)
    let payload = try await harness.payer.topUp(channel, 1_000)
    _ = try Harness.receipt(try await harness.post(payload))
    harness.devnet.faults.inject(.method("*"), .refuse, count: nil)
    for action in [payload, try channel.close(1_000)] {
      let outcome = try await harness.post(action)
      #expect(Harness.problem(outcome)?.status == 503, "\(Harness.text(outcome))")
    }
    harness.devnet.faults.clear()
    _ = try Harness.receipt(try await harness.post(payload))
    try await harness.expectAgreement(channel)
  }

  // MARK: topUp

  @Test func topUpRules() async throws {
    let harness = try await Harness()
    let channel = try await harness.opened(deposit: 5_000)
    let good = try await harness.payer.topUp(channel, 1_000)
    guard case .topUp(let payload) = good else { return }
    func refused(_ reason: String, _ change: (inout SessionPayload.TopUp) throws -> Void) async throws {
      var copy = payload
      try change(&copy)
      expectRefusal(try await harness.post(.topUp(copy)), .verificationFailed, Self.failed(reason))
    }
    let sent = harness.devnet.requestCount("eth_sendRawTransaction")
    try await refused("additionalDeposit must be greater than zero") { $0.additionalDeposit = .zero }
    try await refused("TIP-1034 topUp deposit does not match credential") {
      $0.additionalDeposit = Amount(units: 1_001)
    }
    try await refused("TIP-1034 topUp transaction cannot be read") { $0.transaction = [1] }
    let other = try await harness.payer.open(deposit: 5_000, payee: harness.payee)
    guard case .topUp(let foreign) = try await harness.payer.topUp(channel, 1_000) else { return }
    try await refused("channel descriptor does not match channelId") { $0.descriptor = other.descriptor }
    try await refused("Expected TIP-1034 topUp calldata") { $0.transaction = other.transaction.serialized }
    expectRefusal(
      try await harness.post(
        .topUp(
          .init(
            channelID: other.id, descriptor: other.descriptor, transaction: foreign.transaction,
            additionalDeposit: foreign.additionalDeposit))), .channelNotFound,
      "Channel not found: channel not found.")
    #expect(harness.devnet.requestCount("eth_sendRawTransaction") == sent)
    #expect(try await harness.record(channel).deposit.units == 5_000)
    _ = try Harness.receipt(try await harness.post(good))
    #expect(try await harness.record(channel).deposit.units == 6_000)
  }

  @Test func aTopUpOfAClosingChannelIsRefused() async throws {
    let harness = try await Harness()
    let channel = try await harness.opened(deposit: 5_000)
    try await harness.payer.sendDirectly(try ChannelReserveABI.requestCloseCalldata(channel.descriptor))
    let payload = try await harness.payer.topUp(channel, 1_000)
    expectRefusal(try await harness.post(payload), .channelClosed, Self.pendingClose)
  }
}
