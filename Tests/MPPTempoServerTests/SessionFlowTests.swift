import EVM
import HTTPTypes
import MPPCore
import MPPServer
import MPPTempo
import PeerSupport
import Tempo
import TempoDevnet
import Testing

@testable import MPPTempoServer

@Suite struct SessionFlowTests {
  @Test func aChannelFromOpenToRefund() async throws {
    let harness = try await Harness()
    let supply = harness.devnet.totalSupply()
    let before = harness.devnet.balance(of: harness.payee)
    let channel = try await harness.payer.open(deposit: 5_000, payee: harness.payee)
    let open = try await harness.get(channel.openPayload(1_000))
    let receipt = try await harness.deliver(open)
    #expect(receipt.acceptedCumulative.units == 1_000)
    #expect(receipt.spent.units == 1_000)
    #expect(receipt.units == 1)
    #expect(receipt.transactionHash == channel.transaction.hash)
    for amount: UInt128 in [2_000, 3_000] {
      let paid = try await harness.deliver(try await harness.get(channel.voucher(amount)))
      #expect(paid.spent.units == amount)
      #expect(paid.transactionHash == nil)
    }
    let topUp = try await harness.post(try await harness.payer.topUp(channel, 4_000))
    #expect(topUp.response?.status == 204)
    #expect(try Harness.receipt(topUp).spent.units == 3_000)
    #expect(try await harness.record(channel).deposit.units == 9_000)
    try await harness.deliver(try await harness.get(channel.voucher(7_000)))
    let close = try await harness.post(channel.close(7_000))
    #expect(close.response?.status == 204)
    let closed = try Harness.receipt(close)
    #expect(closed.acceptedCumulative.units == 7_000)
    #expect(closed.spent.units == 4_000)
    #expect(closed.transactionHash != nil)
    try await harness.expectAgreement(channel)
    // The payee has what was delivered, less the fee of its own close.
    let fees = harness.devnet.receipts().filter { $0.feePayer == harness.payee }.map(\.fee.units).reduce(0, +)
    #expect(harness.devnet.balance(of: harness.payee).units == before.units + 4_000 - fees)
    #expect(harness.devnet.totalSupply() == supply)
    #expect(await harness.log.first(1).map(\.trigger) == [.close])
  }

  @Test func aWarmVoucherMakesNoChainCall() async throws {
    let harness = try await Harness()
    let channel = try await harness.opened()
    let count = harness.devnet.requests().count
    for amount: UInt128 in stride(from: 2_000, through: 20_000, by: 1_000) {
      try await harness.deliver(try await harness.get(channel.voucher(amount)))
    }
    #expect(harness.devnet.requests().count == count)
  }

  @Test func aReplayIsChargedFromHeadroomOnly() async throws {
    let harness = try await Harness()
    let channel = try await harness.opened()
    let payload = try channel.voucher(3_000)
    try await harness.deliver(try await harness.get(payload))
    try await harness.deliver(try await harness.get(payload))
    expectRefusal(
      try await harness.get(payload), .insufficientBalance,
      "Insufficient balance: requested 1000, available 0.")
    let again = try await harness.post(payload)
    #expect(try Harness.receipt(again).spent.units == 3_000)
    #expect(try await harness.record(channel).units == 3)
  }

  @Test func anOlderVoucherOfOursIsASuccessAtTheCurrentHighest() async throws {
    let harness = try await Harness()
    let channel = try await harness.opened()
    try await harness.deliver(try await harness.get(channel.voucher(2_000)))
    try await harness.deliver(try await harness.get(channel.voucher(5_000)))
    let receipt = try Harness.receipt(try await harness.post(channel.voucher(2_000)))
    #expect(receipt.acceptedCumulative.units == 5_000)
    expectRefusal(
      try await harness.post(channel.voucher(2_500)), .verificationFailed,
      "Payment verification failed: voucher cumulativeAmount must be strictly greater than highest accepted voucher."
    )
  }

  @Test func aFailedHandlerIsNotCharged() async throws {
    let harness = try await Harness()
    let channel = try await harness.opened()
    let outcome = try await harness.get(channel.voucher(2_000))
    guard case .proceed(let payment) = outcome else { return #expect(Bool(false)) }
    await payment.failed()
    #expect(try await harness.record(channel).spent.units == 1_000)
    try await harness.deliver(try await harness.get(channel.voucher(2_000)))
    #expect(try await harness.record(channel).spent.units == 2_000)
  }

  @Test func anOpenOnManagementIsNotCharged() async throws {
    let harness = try await Harness()
    let channel = try await harness.payer.open(deposit: 5_000, payee: harness.payee)
    let outcome = try await harness.post(channel.openPayload(1_000))
    #expect(outcome.response?.status == 204)
    #expect(try await harness.record(channel).spent == .zero)
    let head = await harness.send(try await harness.credential(channel.voucher(2_000)), method: .head)
    #expect(head.response?.status == 204)
    #expect(try await harness.record(channel).spent == .zero)
  }

  @Test func aReplayedOpenFindsTheFinishedOne() async throws {
    let harness = try await Harness()
    let channel = try await harness.opened()
    expectRefusal(
      try await harness.get(channel.openPayload(1_000)), .insufficientBalance,
      "Insufficient balance: requested 1000, available 0.")
    let management = try await harness.post(channel.openPayload(1_000))
    #expect(try Harness.receipt(management).transactionHash == channel.transaction.hash)
    // A higher voucher counts, a lower one is ignored; accounting stays.
    try await harness.deliver(try await harness.get(channel.openPayload(2_500)))
    let lower = try Harness.receipt(try await harness.post(channel.openPayload(1_200)))
    #expect(lower.acceptedCumulative.units == 2_500)
    let record = try await harness.record(channel)
    #expect(record.spent.units == 2_000)
    #expect(record.units == 2)
    #expect(harness.count(ChannelReserveABI.channelOpened.topic, channel) == 1)
  }

  @Test func aReplayedTopUpIsNotSentAgain() async throws {
    let harness = try await Harness()
    let channel = try await harness.opened(deposit: 5_000)
    let payload = try await harness.payer.topUp(channel, 1_000)
    let first = try Harness.receipt(try await harness.post(payload))
    let second = try Harness.receipt(try await harness.post(payload))
    #expect(first.transactionHash == second.transactionHash)
    #expect(harness.devnet.channel(channel.id)?.deposit.units == 6_000)
    #expect(try await harness.record(channel).deposit.units == 6_000)
  }

  @Test func aSecondCloseIsRefused() async throws {
    let harness = try await Harness()
    let channel = try await harness.opened()
    _ = try Harness.receipt(try await harness.post(channel.close(1_000)))
    expectRefusal(
      try await harness.post(channel.close(1_000)), .channelClosed,
      "Channel closed: channel is already finalized.")
    expectRefusal(
      try await harness.get(channel.voucher(2_000)), .channelClosed, "Channel closed: channel is finalized.")
    expectRefusal(
      try await harness.get(channel.openPayload(1_000)), .channelClosed,
      "Channel closed: channel is finalized.")
  }

  @Test func fiftyCopiesOfOneCredentialAreServedOnce() async throws {
    let harness = try await Harness()
    let channel = try await harness.opened()
    let credential = try await harness.credential(channel.voucher(2_000))
    let served = await withTaskGroup(of: Bool.self) { group in
      for _ in 0..<50 {
        group.addTask {
          guard case .proceed(let payment) = await harness.send(credential) else { return false }
          await payment.delivered()
          return true
        }
      }
      return await group.reduce(0) { $0 + ($1 ? 1 : 0) }
    }
    #expect(served == 1)
    let record = try await harness.record(channel)
    #expect(record.spent.units == 2_000)
    #expect(record.held == .zero)
  }

  @Test func ofSeventyRequestsAtOnceAsManyAreServedAsTheHeadroomAllows() async throws {
    let harness = try await Harness()
    let channel = try await harness.opened()
    let credential = try await harness.credential(channel.voucher(65_000))
    let served = await withTaskGroup(of: Bool.self) { group in
      for _ in 0..<70 {
        group.addTask {
          guard case .proceed(let payment) = await harness.send(credential) else { return false }
          await payment.delivered()
          return true
        }
      }
      return await group.reduce(0) { $0 + ($1 ? 1 : 0) }
    }
    #expect(served == 64)
    let record = try await harness.record(channel)
    #expect(record.spent.units == 65_000)
    #expect(record.units == 65)
  }

  @Test func racingVouchersNeverLowerAnythingAndNeverOverspend() async throws {
    let harness = try await Harness()
    let channel = try await harness.opened()
    let served = try await withThrowingTaskGroup(of: Bool.self) { group in
      for index in 1...64 {
        group.addTask {
          let credential = try await harness.credential(channel.voucher(UInt128(1_000 + index * 1_000)))
          guard case .proceed(let payment) = await harness.send(credential) else { return false }
          await payment.delivered()
          return true
        }
      }
      return try await group.reduce(0) { $0 + ($1 ? 1 : 0) }
    }
    let record = try await harness.record(channel)
    #expect(record.accepted.units == 65_000)
    #expect(record.spent.units == UInt128(1_000 + served * 1_000))
  }

  @Test func twoEqualOpensAtOnceBroadcastOnce() async throws {
    let harness = try await Harness()
    let channel = try await harness.payer.open(deposit: 5_000, payee: harness.payee)
    let credential = try await harness.credential(channel.openPayload(1_000))
    async let first = harness.send(credential, method: .post)
    async let second = harness.send(credential, method: .post)
    for outcome in await [first, second] { _ = try Harness.receipt(outcome) }
    #expect(harness.devnet.requestCount("eth_sendRawTransaction") == 1)
    try await harness.expectAgreement(channel)
  }

  @Test func theFreshChallengeTellsAStrangerNothing() async throws {
    let harness = try await Harness(options: { options in
      options.channelHint = { request in
        guard let id = request.headers[ProtocolHeaders.paymentSession], let hash = try? Hash32(hex: id) else {
          return nil
        }
        return ChannelHint(channelID: hash, authenticatedPayer: nil)
      }
    })
    let channel = try await harness.opened()
    let outcome = await harness.send(headers: [ProtocolHeaders.paymentSession: channel.id.hex])
    let header = try #require(outcome.response?.headers[.wwwAuthenticate])
    let challenge = try #require(try Challenge.parse(header: header).challenges.first)
    #expect(challenge.request.value()["methodDetails"]?["sessionSnapshot"] == nil)
  }

  @Test func anAuthenticatedPayerGetsTheExactSnapshot() async throws {
    let devnet = try Harness.chain()
    let payer = devnet.accounts[0].address
    let harness = try await Harness(
      devnet: devnet,
      options: { options in
        options.channelHint = { request in
          guard let id = request.headers[ProtocolHeaders.paymentSession], let hash = try? Hash32(hex: id)
          else { return nil }
          return ChannelHint(channelID: hash, authenticatedPayer: payer)
        }
      })
    let channel = try await harness.opened()
    let outcome = await harness.send(headers: [ProtocolHeaders.paymentSession: channel.id.hex])
    let header = try #require(outcome.response?.headers[.wwwAuthenticate])
    let challenge = try #require(try Challenge.parse(header: header).challenges.first)
    let value = try #require(challenge.request.value()["methodDetails"]?["sessionSnapshot"])
    let snapshot = try SessionSnapshot(parsing: value)
    #expect(snapshot.requiredCumulative.units == 2_000)
    #expect(snapshot.spent.units == 1_000)
    #expect(snapshot.highestVoucher?.cumulativeAmount.units == 1_000)
  }
}
